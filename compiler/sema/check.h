// The check phase: from the syntax trees of the standard library and one user file to tile IR. A
// Program holds the declarations; bodies are checked per instance, as they are asked for.
// Everything wrong goes to the Diagnostics, each mistake once, however many instances show it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/ir/function.h"
#include "compiler/parse/ast.h"
#include "compiler/source/diagnostics.h"

namespace tile::sema {

struct FunctionDecl;

/// Compile-time arguments as text, as after `--set` (driver/compile.h has the same type).
using Setting = std::pair<std::string, std::string>;
using Settings = std::vector<Setting>;

/// One set of `const` arguments of a kernel: its defaults, overridden by an `instantiate` line.
struct Instance {
  Settings settings;
  Span span;  // the `instantiate` line, or the kernel's name
};

/// A compile-time parameter as declared.
struct ConstantInfo {
  std::string name;
  std::string kind;  // "int"
  bool is_tune = false;
  std::string default_text;  // as written; empty: none
};

/// `size relation value`, or `size % modulus relation value`; fields as in driver/compile.h.
struct SizeCondition {
  int parameter = 0;
  int dimension = 0;
  std::int64_t modulus = 0;
  enum class Relation : std::uint8_t { Eq, Ne, Lt, Le, Gt, Ge } relation = Relation::Le;
  std::int64_t value = 0;
};

/// A schedule that applies to a target; all conditions must hold.
struct ScheduleArm {
  std::vector<SizeCondition> conditions;
  Settings tune;     // values of `tune` parameters
  Settings machine;  // `stages`, `warps`...
  Span span;         // none for the default arm
};

class Program {
 public:
  /// The last tree is the user's, those before are the standard library's; all outlive this. Trees
  /// with syntax errors must not come here.
  Program(Diagnostics& diagnostics, std::vector<const Ast*> files);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Names of the user's kernels, in file order.
  std::vector<std::string> kernels() const;
  std::vector<ConstantInfo> constants(std::string_view kernel) const;
  /// What `check` and `emit` cover. Empty and reported when a `const` has no value anywhere.
  std::vector<Instance> instances(std::string_view kernel);
  /// The kernel and the functions it calls, callees first; nothing when there were reports.
  /// Settings give `const` and `tune` parameters, others take their defaults.
  std::optional<ir::Module> instantiate(std::string_view kernel, const Settings& settings);
  /// Schedules for the target or what it descends from ("zen5", "x86-64-v4", "x86-64-v3", "cpu"),
  /// in file order, then the default arm. `settings`: the `const` arguments, for conditions on
  /// them.
  std::vector<ScheduleArm> schedules(std::string_view kernel, std::string_view target,
                                     const Settings& settings);
  /// Checks everything: all instances of all kernels, all schedules, functions that no kernel uses.
  void check();

 private:
  struct State;
  void check_unused(const FunctionDecl& function);
  void warn_of_unused_locals();
  std::unique_ptr<State> state_;
};

/// Is `name` a target that schedules may be written for?
bool is_known_target(std::string_view name);

}  // namespace tile::sema
