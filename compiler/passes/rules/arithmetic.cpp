// Arithmetic on integers, floats and bits.
#include <cmath>

#include "compiler/passes/rules/rules.h"

namespace tile::passes {

using namespace ir;

namespace {

enum Capture : int { X, Y, A, B };

bool is_zero(const Scalar& s) { return s.bits == 0; }  // of floats, +0.0 alone
bool is_minus_zero(const Scalar& s) {
  return s.element == ElementType::F32 && s.bits == 0x80000000u;
}
bool is_one(const Scalar& s) {
  return s ==
         (s.element == ElementType::F32 ? Scalar::from_float(1) : Scalar::from_int(s.element, 1));
}
bool is_minus_one(const Scalar& s) {
  return s ==
         (s.element == ElementType::F32 ? Scalar::from_float(-1) : Scalar::from_int(s.element, -1));
}
bool is_any(const Scalar&) { return true; }
bool is_nonzero_integer(const Scalar& s) { return s.bits != 0 && is_integer(s.element); }
/// Its reciprocal is exact, so dividing by it and multiplying by that round the same real number.
bool is_power_of_two(const Scalar& s) {
  if (!is_float(s.element) || !std::isnormal(s.as_float())) return false;
  int exponent = 0;
  return std::abs(std::frexp(s.as_float(), &exponent)) == 0.5f && std::isnormal(1 / s.as_float());
}

ValueId take_x(Match& m) { return m.values[X]; }
ValueId give_zero(Match& m) { return m.result_constant(0); }

ValueId unary(Match& m, OpCode code) { return m.build.elementwise(code, {m.values[X]}); }
ValueId binary(Match& m, OpCode code) {
  return m.build.elementwise(code, {m.values[X], m.values[Y]});
}

/// code(x, constant) with an integer constant of x's type.
ValueId with_constant(Match& m, OpCode code, std::int64_t value) {
  const ValueId constant = m.result_constant(value);
  return m.build.elementwise(code, {m.values[X], constant});
}

std::int64_t wrapped(std::int64_t a, OpCode code, std::int64_t b) {
  const auto x = static_cast<std::uint64_t>(a), y = static_cast<std::uint64_t>(b);
  return static_cast<std::int64_t>(code == OpCode::Add   ? x + y
                                   : code == OpCode::Sub ? x - y
                                                         : x * y);
}

ValueId chain(Match& m, OpCode code) {
  return with_constant(m, code, wrapped(m.scalar(A).as_int(), code, m.scalar(B).as_int()));
}

ValueId constant_to_right(Match& m) {
  if (m.function().constant_value(m.values[Y])) return ValueId();
  return m.build.elementwise(m.op().code, {m.values[Y], m.values[A]});
}

}  // namespace

std::span<const Rule> arithmetic_rules() {
  using enum OpCode;
  using enum Domain;
  const Pattern x = any(X), y = any(Y), zero = constant(-1, is_zero), one = constant(-1, is_one);
  const Pattern minus_one = constant(-1, is_minus_one), minus_zero = constant(-1, is_minus_zero);
  const Pattern a = constant(A, is_any), b = constant(B, is_any);
  const auto all_ones = minus_one;
  // A constant on the left goes to the right; the rule's own match order puts it in A.
  const auto to_right = [&](std::string_view name, OpCode code) {
    return Rule{name, Integers, op(code, a, y), [](Match& m) {
                  return m.op().operands[0] == m.values[A] ? constant_to_right(m) : ValueId();
                }};
  };
  static const std::vector<Rule> rules = {
      to_right("constant-right-add", Add),
      to_right("constant-right-mul", Mul),
      {"add-zero", Integers, op(Add, x, zero), take_x},
      {"sub-zero", Any, op(Sub, x, zero), take_x},
      {"sub-self", Integers, op(Sub, x, x), give_zero},
      {"sub-constant", Integers, op(Sub, x, constant(A, is_nonzero_integer)),
       [](Match& m) { return with_constant(m, Add, wrapped(0, Sub, m.scalar(A).as_int())); }},
      {"add-add", Integers, op(Add, op(Add, x, a), b), [](Match& m) { return chain(m, Add); }},
      {"mul-mul", Integers, op(Mul, op(Mul, x, a), b), [](Match& m) { return chain(m, Mul); }},
      {"mul-one", Any, op(Mul, x, one), take_x},
      {"mul-zero", Integers, op(Mul, x, zero), give_zero},
      {"div-one", Any, op(Div, x, one), take_x},
      {"rem-one", Integers, op(Rem, x, one), give_zero},
      {"neg-neg", Any, op(Neg, op(Neg, x)), take_x},
      {"abs-abs", Any, op(Abs, op(Abs, x)), [](Match& m) { return unary(m, Abs); }},
      {"abs-neg", Any, op(Abs, op(Neg, x)),
       [](Match& m) { return is_signed(m.type().element) ? unary(m, Abs) : ValueId(); }},
      {"add-neg", Any, op(Add, x, op(Neg, y)), [](Match& m) { return binary(m, Sub); }},
      {"sub-neg", Any, op(Sub, x, op(Neg, y)), [](Match& m) { return binary(m, Add); }},
      {"mul-minus-one", Any, op(Mul, x, minus_one), [](Match& m) { return unary(m, Neg); }},
      {"min-self", Any, op(Min, x, x), take_x},
      {"max-self", Any, op(Max, x, x), take_x},

      // Floats. x + (-0.0) is x, also for x = -0.
      {"add-minus-zero", Floats, op(Add, x, minus_zero), take_x},
      {"div-power-of-two", Floats, op(Div, x, constant(A, is_power_of_two)),
       [](Match& m) {
         const Type type = m.type();
         const Scalar reciprocal = Scalar::from_float(1 / m.scalar(A).as_float());
         const ValueId factor = m.build.constant(reciprocal, type.shape);
         return m.build.elementwise(Mul, {m.values[X], factor});
       }},
      {"fma-one", Floats, op(Fma, x, one, y), [](Match& m) { return binary(m, Add); }},
      {"one-fma", Floats, op(Fma, one, x, y), [](Match& m) { return binary(m, Add); }},
      {"fma-minus-zero", Floats, op(Fma, x, y, minus_zero),
       [](Match& m) { return binary(m, Mul); }},

      // Bits and booleans.
      {"not-not", Any, op(Not, op(Not, x)), take_x},
      {"and-self", Any, op(And, x, x), take_x},
      {"or-self", Any, op(Or, x, x), take_x},
      {"xor-self", Any, op(Xor, x, x), give_zero},
      {"and-zero", Any, op(And, x, zero), give_zero},
      {"or-zero", Any, op(Or, x, zero), take_x},
      {"xor-zero", Any, op(Xor, x, zero), take_x},
      {"and-ones", Any, op(And, x, all_ones), take_x},
      {"or-ones", Any, op(Or, x, all_ones), [](Match& m) { return m.result_constant(-1); }},
      {"shl-zero", Any, op(Shl, x, zero), take_x},
      {"shr-zero", Any, op(Shr, x, zero), take_x},
      {"bitcast-bitcast", Any, op(Bitcast, op(Bitcast, x)),
       [](Match& m) { return m.build.bitcast(m.values[X], m.type().element); }},
  };
  return rules;
}

}  // namespace tile::passes
