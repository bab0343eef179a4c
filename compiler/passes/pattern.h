// Rewrite rules as data: a named pattern over ops and what stands for the matched value.
// rules/*.cpp hold the tables, simplify.cpp applies them; `x` in a pattern is a capture and matches
// the same value wherever it stands again. Operands of commuting ops match in either order.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "compiler/ir/builder.h"

namespace tile::passes {

struct Pattern {
  enum class Kind : std::uint8_t { Any, Constant, Op };
  Kind kind = Kind::Any;
  int capture = -1;                              // Any and Constant: index into Match::values
  bool (*accepts)(const ir::Scalar&) = nullptr;  // Constant: a scalar or splat of such a value
  ir::OpCode code = ir::OpCode::Constant;        // Op
  std::vector<Pattern> operands;
};

/// What a rule's action sees: the captured values, and a builder that puts ops before the matched
/// one.
struct Match {
  ir::Builder& build;
  ir::OpId root;
  std::array<ir::ValueId, 4> values{};

  ir::Function& function() const { return build.function(); }
  const ir::Op& op() const { return build.function().ops[root]; }
  const ir::Type& type() const { return function().type(op().results[0]); }
  /// The constant that capture `index` holds.
  ir::Scalar scalar(int index) const;
  ir::Predicate predicate() const;
  /// A constant of the result's type (an integer is converted to its element type).
  ir::ValueId result_constant(std::int64_t value) const;
};

/// Element type of the root's first operand that a rule asks for.
enum class Domain : std::uint8_t { Any, Integers, Bools, Floats, IntegersAndBools };

struct Rule {
  std::string_view name;
  Domain domain = Domain::Any;
  Pattern pattern;
  ir::ValueId (*action)(Match&);  // none: the rule does not apply after all
};

/// Captures, for the tables.
Pattern any(int capture);
Pattern constant(int capture, bool (*accepts)(const ir::Scalar&));
template <class... Patterns>
Pattern op(ir::OpCode code, Patterns... operands) {
  return {Pattern::Kind::Op, -1, nullptr, code, {operands...}};
}

/// Whether the op (the rule's root) matches; fills match.values.
bool matches(const Rule& rule, ir::OpId root, Match& match);

}  // namespace tile::passes
