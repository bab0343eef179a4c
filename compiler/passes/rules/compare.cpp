// Comparisons, selection and loops' conditions.
#include "compiler/passes/rules/rules.h"

namespace tile::passes {

using namespace ir;

namespace {

enum Capture : int { X, Y, C, A };

bool is_true(const Scalar& s) { return s.element == ElementType::Bool && s.as_bool(); }
bool is_false(const Scalar& s) { return s.element == ElementType::Bool && !s.as_bool(); }
bool is_any(const Scalar&) { return true; }

ValueId take_x(Match& m) { return m.values[X]; }
ValueId take_y(Match& m) { return m.values[Y]; }

/// The predicate of `b ? a` where `a ? b`.
Predicate swapped(Predicate predicate) {
  using enum Predicate;
  switch (predicate) {
    case Eq:
      return Eq;
    case Ne:
      return Ne;
    case Lt:
      return Gt;
    case Le:
      return Ge;
    case Gt:
      return Lt;
    case Ge:
      return Le;
  }
  TILE_UNREACHABLE("predicate");
}

/// The predicate that holds where `predicate` does not (of floats, only eq and ne have one).
Predicate inverse(Predicate predicate) {
  using enum Predicate;
  switch (predicate) {
    case Eq:
      return Ne;
    case Ne:
      return Eq;
    case Lt:
      return Ge;
    case Le:
      return Gt;
    case Gt:
      return Le;
    case Ge:
      return Lt;
  }
  TILE_UNREACHABLE("predicate");
}

ValueId compare_self(Match& m) {
  using enum Predicate;
  const bool is_float = m.function().type(m.values[X]).element == ElementType::F32;
  const Predicate predicate = m.predicate();
  if (predicate == Lt || predicate == Gt) return m.result_constant(0);  // of a NaN too
  if (is_float) return ValueId();
  return m.result_constant(predicate != Ne);
}

ValueId constant_to_right(Match& m) {
  if (m.function().constant_value(m.values[Y])) return ValueId();
  return m.build.compare(swapped(m.predicate()), m.values[Y], m.values[A]);
}

ValueId not_compare(Match& m) {
  const Op& inner = *m.function().defining_op(m.op().operands[0]);
  const Predicate predicate = std::get<CompareAttrs>(inner.attributes).predicate;
  const bool has_equal = predicate == Predicate::Eq || predicate == Predicate::Ne;
  if (m.function().type(m.values[X]).element == ElementType::F32 && !has_equal) return ValueId();
  return m.build.compare(inverse(predicate), m.values[X], m.values[Y]);
}

ValueId compare_with_bool(Match& m) {
  using enum Predicate;
  const Predicate predicate = m.predicate();
  if (predicate != Eq && predicate != Ne) return ValueId();
  const bool keeps = m.scalar(A).as_bool() == (predicate == Eq);
  return keeps ? m.values[X] : m.build.elementwise(OpCode::Not, {m.values[X]});
}

}  // namespace

std::span<const Rule> compare_rules() {
  using enum OpCode;
  using enum Domain;
  const Pattern x = any(X), y = any(Y), c = any(C), a = constant(A, is_any);
  static const std::vector<Rule> rules = {
      {"compare-self", Any, op(Compare, x, x), compare_self},
      {"compare-constant-left", Any, op(Compare, a, y), constant_to_right},
      {"compare-with-bool", Bools, op(Compare, x, a), compare_with_bool},
      {"not-compare", Any, op(Not, op(Compare, x, y)), not_compare},
      {"select-same", Any, op(Select, c, x, x), take_x},
      {"select-true", Any, op(Select, constant(-1, is_true), x, y), take_x},
      {"select-false", Any, op(Select, constant(-1, is_false), x, y), take_y},
      {"select-not", Any, op(Select, op(Not, c), x, y),
       [](Match& m) {
         return m.build.elementwise(Select, {m.values[C], m.values[Y], m.values[X]});
       }},
  };
  return rules;
}

}  // namespace tile::passes
