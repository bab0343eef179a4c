// One checked copy per set of compile-time arguments: of a function, per (function, compile-time
// arguments, argument types), shared by all calls of a module; of a kernel, per settings.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/sema/body.h"

namespace tile::sema {

using Setting = std::pair<std::string, std::string>;
using Settings = std::vector<Setting>;

/// A function's compile-time parameters, all known, and the types that follow from them.
struct BoundCall {
  std::vector<std::pair<std::string, Value>> constants;  // declared ones first, then sizes like `N`
  std::vector<ir::Type> parameter_types;
  std::vector<ir::Type> result_types;
};

/// Binds a call: explicit compile-time arguments, then what the arguments' types tell, then
/// defaults. Reports at the call. `caller` evaluates nothing; it lends its place for reports.
std::optional<BoundCall> bind_call(Body& caller, const FunctionDecl& decl, const Call& call,
                                   const std::vector<std::pair<Name, Argument>>& named);

/// The instance for a bound call, checked now if it is new.
FunctionInstance instantiate_function(Unit& unit, const FunctionDecl& decl,
                                      const BoundCall& bound, Span call_span);

/// Checks a function that nobody calls, at a sample shape and with `element` for its element types;
/// does nothing where its compile-time parameters give no sample.
void check_at_sample(Unit& unit, const FunctionDecl& decl, ir::ElementType element);

/// Checks the kernel and appends it to unit.module. Settings without an entry take their defaults,
/// `tune` parameters without a default take default_tune.
void instantiate_kernel(Unit& unit, const KernelDecl& decl, const Settings& settings);
constexpr std::int64_t default_tune = 64;

/// Declares the compile-time parameters of a kernel in `body`: from settings, defaults or
/// default_tune.
void bind_constants(Unit& unit, const KernelDecl& decl, const Settings& settings, Body& body);

/// "BM=64, P=fp32".
std::string instance_text(const std::vector<std::pair<std::string, Value>>& constants);

/// Is this a value for a parameter of that kind?
bool matches(GenericKind kind, const Value& value);
/// A setting's text as a value; reports at `span` when it is none.
Value parse_setting(Unit& unit, const Ast& from, const GenericParameter& parameter,
                    std::string_view text, Span span);

}  // namespace tile::sema
