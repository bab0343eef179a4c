// Recorded element-wise ops (runtime/autograd/elementwise.h).
#include <cmath>
#include <limits>
#include <numbers>

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "runtime/ops/checks.h"
#include "runtime/ops/copy.h"

namespace pg {

using autograd::not_zero;
using autograd::record;
using autograd::VjpCall;
using ops::BinaryOp;
using ops::UnaryOp;

namespace {

Tensor derivative_of_silu(const Tensor& x) {
  const Tensor gate = sigmoid(x);
  return gate * (1.0 + x * (1.0 - gate));
}

Tensor derivative_of_gelu_tanh(const Tensor& x) {
  const double root = std::sqrt(2.0 / std::numbers::pi);
  const Tensor t = tanh((x + x * square(x) * 0.044715) * root);
  const Tensor inner = (1.0 + square(x) * (3 * 0.044715)) * root;
  return (1.0 + t) * 0.5 + x * (1.0 - square(t)) * inner * 0.5;
}

Tensor derivative_of_gelu(const Tensor& x) {
  constexpr double kRootOfHalf = 1.0 / std::numbers::sqrt2;
  constexpr double kPeak = std::numbers::inv_sqrtpi * kRootOfHalf;
  return (1.0 + erf(x * kRootOfHalf)) * 0.5 + x * exp(square(x) * -0.5) * kPeak;
}

/// d unary(op, x) / dx in recorded ops, from x or from the result y as ops::saved_for says. Ops
/// whose gradient is constant have no row; unary() handles them.
struct UnaryRule {
  UnaryOp op;
  Tensor (*derivative)(const Tensor& saved);
};

#define FROM_X(derivative) [](const Tensor& x) -> Tensor { return derivative; }
#define FROM_Y(derivative) [](const Tensor& y) -> Tensor { return derivative; }
constexpr UnaryRule kUnaryRules[] = {
    {UnaryOp::Abs, FROM_X(sign(x))},
    {UnaryOp::Square, FROM_X(x * 2.0)},
    {UnaryOp::Log, FROM_X(reciprocal(x))},
    {UnaryOp::Log2, FROM_X(reciprocal(x * std::numbers::ln2))},
    {UnaryOp::Log10, FROM_X(reciprocal(x * std::numbers::ln10))},
    {UnaryOp::Log1p, FROM_X(reciprocal(x + 1.0))},
    {UnaryOp::Sin, FROM_X(cos(x))},
    {UnaryOp::Cos, FROM_X(-sin(x))},
    {UnaryOp::Asin, FROM_X(rsqrt(1.0 - square(x)))},
    {UnaryOp::Acos, FROM_X(-rsqrt(1.0 - square(x)))},
    {UnaryOp::Atan, FROM_X(reciprocal(1.0 + square(x)))},
    {UnaryOp::Sinh, FROM_X(cosh(x))},
    {UnaryOp::Cosh, FROM_X(sinh(x))},
    {UnaryOp::Erf, FROM_X(exp(-square(x)) * (2.0 * std::numbers::inv_sqrtpi))},
    {UnaryOp::Silu, derivative_of_silu},
    {UnaryOp::Gelu, derivative_of_gelu_tanh},
    {UnaryOp::GeluErf, derivative_of_gelu},
    {UnaryOp::Relu, [](const Tensor& either) { return cast(gt(either, 0.0), DType::F32); }},
    {UnaryOp::Sqrt, FROM_Y(0.5 / y)},
    {UnaryOp::Rsqrt, FROM_Y(y * square(y) * -0.5)},
    {UnaryOp::Reciprocal, FROM_Y(-square(y))},
    {UnaryOp::Exp, FROM_Y(y)},
    {UnaryOp::Exp2, FROM_Y(y * std::numbers::ln2)},
    {UnaryOp::Expm1, FROM_Y(y + 1.0)},
    {UnaryOp::Tan, FROM_Y(1.0 + square(y))},
    {UnaryOp::Tanh, FROM_Y(1.0 - square(y))},
    {UnaryOp::Cbrt, FROM_Y(1.0 / (square(y) * 3.0))},
    {UnaryOp::Sigmoid, FROM_Y(y * (1.0 - y))},
};
#undef FROM_X
#undef FROM_Y

Tensor derivative(UnaryOp op, const Tensor& saved) {
  for (const UnaryRule& rule : kUnaryRules) {
    if (rule.op == op) return rule.derivative(saved);
  }
  fail(ops::name_of(op), "has no derivative formula");
}

/// g where `chosen` beats the other operand, half of it on a tie.
Tensor share_of_extremum(const Tensor& g, const Tensor& beats, const Tensor& ties) {
  return where(beats, g, where(ties, g * 0.5, 0.0));
}

// Gradients of a^b as in PyTorch: nothing in a where b is 0, nothing in b where a is 0 and b not
// negative. Written so that no factor is infinite beside a zero there, in second derivatives
// either.

Tensor gradient_of_base(const Tensor& g, const Tensor& a, const Tensor& b) {
  const Tensor has_reciprocal = ge(abs(a), static_cast<double>(std::numeric_limits<float>::min()));
  const Tensor exponent = where(logical_or(has_reciprocal, ne(b, 0.0)), b, 1.0);
  return g * b * pow(a, exponent - 1.0);
}

Tensor gradient_of_exponent(const Tensor& g, const Tensor& a, const Tensor& b) {
  const Tensor is_flat = logical_and(eq(a, 0.0), ge(b, 0.0));
  return g * pow(a, b) * log(where(is_flat, 1.0, a));
}

Tensor gradient_of_power(const Tensor& g, const Tensor& x, double exponent) {
  if (exponent == 0.0) return zeros_like(g);
  return g * (pow(x, exponent - 1.0) * exponent);
}

/// Of base^x.
Tensor gradient_of_exponential(const Tensor& g, const Tensor& x, double base) {
  if (base == 0.0) return where(ge(x, 0.0), 0.0, g * -INFINITY);
  return g * (pg::binary(BinaryOp::ReversePow, x, base) * std::log(base));
}

/// Of a - b n in b, where n is the quotient as an integer and `left` what remains. a / b itself
/// might be rounded to the next integer.
Tensor gradient_of_divisor(const Tensor& g, const Tensor& a, const Tensor& b, const Tensor& left) {
  return -(g * round((a - left) / b));
}

/// Gradients of a binary op in its operands, in recorded ops; `scalar` is for a number on the right
/// (or, of the Reverse ops, on the left). Null: not differentiable. Comparisons have no row.
struct BinaryRule {
  BinaryOp op;
  Tensor (*left)(const Tensor& g, const Tensor& a, const Tensor& b) = nullptr;
  Tensor (*right)(const Tensor& g, const Tensor& a, const Tensor& b) = nullptr;
  Tensor (*scalar)(const Tensor& g, const Tensor& x, double b) = nullptr;
};

#define BINARY_RULE(result)                             \
  [](const Tensor& g, [[maybe_unused]] const Tensor& a, \
     [[maybe_unused]] const Tensor& b) -> Tensor { return result; }
#define SCALAR_RULE(result)                                                                    \
  [](const Tensor& g, [[maybe_unused]] const Tensor& x, [[maybe_unused]] double b) -> Tensor { \
    return result;                                                                             \
  }
constexpr BinaryRule kBinaryRules[] = {
    {BinaryOp::Add, BINARY_RULE(g), BINARY_RULE(g), SCALAR_RULE(g)},
    {BinaryOp::Sub, BINARY_RULE(g), BINARY_RULE(-g), SCALAR_RULE(g)},
    {BinaryOp::Mul, BINARY_RULE(g * b), BINARY_RULE(g * a), SCALAR_RULE(g * b)},
    {BinaryOp::Div, BINARY_RULE(g / b), BINARY_RULE(-(g * (a / b) / b)), SCALAR_RULE(g / b)},
    {BinaryOp::Pow, gradient_of_base, gradient_of_exponent, gradient_of_power},
    {BinaryOp::Maximum, BINARY_RULE(share_of_extremum(g, gt(a, b), eq(a, b))),
     BINARY_RULE(share_of_extremum(g, gt(b, a), eq(a, b))),
     SCALAR_RULE(share_of_extremum(g, gt(x, b), eq(x, b)))},
    {BinaryOp::Minimum, BINARY_RULE(share_of_extremum(g, lt(a, b), eq(a, b))),
     BINARY_RULE(share_of_extremum(g, lt(b, a), eq(a, b))),
     SCALAR_RULE(share_of_extremum(g, lt(x, b), eq(x, b)))},
    {BinaryOp::Fmod, BINARY_RULE(g), BINARY_RULE(gradient_of_divisor(g, a, b, fmod(a, b))),
     SCALAR_RULE(g)},
    {BinaryOp::Rem, BINARY_RULE(g), BINARY_RULE(gradient_of_divisor(g, a, b, remainder(a, b))),
     SCALAR_RULE(g)},
    {BinaryOp::Atan2, BINARY_RULE(g * b / not_zero(square(a) + square(b))),
     BINARY_RULE(-(g * a / not_zero(square(a) + square(b)))),
     SCALAR_RULE(g * b / not_zero(square(x) + b * b))},
    {BinaryOp::Hypot, BINARY_RULE(g * a / hypot(a, b)), BINARY_RULE(g * b / hypot(a, b)),
     SCALAR_RULE(g * x / hypot(x, b))},
    {BinaryOp::ReverseSub, nullptr, nullptr, SCALAR_RULE(-g)},
    {BinaryOp::ReverseDiv, nullptr, nullptr, SCALAR_RULE(-(g * (b / x) / x))},
    {BinaryOp::ReversePow, nullptr, nullptr, gradient_of_exponential},
};
#undef BINARY_RULE
#undef SCALAR_RULE

const BinaryRule& rule_of(BinaryOp op) {
  for (const BinaryRule& rule : kBinaryRules) {
    if (rule.op == op) return rule;
  }
  fail(ops::name_of(op), "is not differentiable");
}

/// Whether the operands' values are needed, not only their shapes.
bool is_linear(BinaryOp op) {
  return op == BinaryOp::Add || op == BinaryOp::Sub || op == BinaryOp::ReverseSub;
}

}  // namespace

namespace {

/// What keeps integers integral though the f32 function is another one; undefined for the rest.
Tensor unary_of_integers(UnaryOp op, const Tensor& x) {
  using enum UnaryOp;
  if (op == Sign) return clamp(x, -1.0, 1.0);
  if (op == Relu) return clamp(x, 0.0, INFINITY);
  const bool rounds = op == Floor || op == Ceil || op == Round || op == Trunc;
  return rounds ? clone(x) : Tensor();
}

}  // namespace

Tensor autograd::not_zero(const Tensor& x) { return where(eq(x, 0.0), 1.0, x); }

Tensor unary(UnaryOp op, const Tensor& x) {
  if (x.defined() && is_integer(x.dtype())) {
    if (const Tensor y = unary_of_integers(op, x); y.defined()) return y;
  }
  if (x.defined() && x.dtype() != DType::F32 && !ops::takes(op, x.dtype())) {
    return pg::unary(op, cast(x, DType::F32));
  }
  const Tensor y = ops::unary(op, x);
  if (!autograd::needs_record(std::array{&x})) return y;
  const auto vjp = [op](const VjpCall& call) -> Tensors {
    if (grad_enabled()) return {call.gradient() * derivative(op, call.saved(0))};
    return {ops::unary_backward(op, call.gradient(), call.saved(0))};
  };
  switch (ops::saved_for(op)) {
    case ops::Saved::Input:
      return record(ops::name_of(op), y, {&x}, {&x}, vjp);
    case ops::Saved::Output:
      return record(ops::name_of(op), y, {&x}, {&y}, vjp);
    case ops::Saved::None:
      break;
  }
  const bool negates = op == UnaryOp::Neg;
  return record(ops::name_of(op), y, {&x}, {}, [negates](const VjpCall& call) -> Tensors {
    return {negates ? neg(call.gradient()) : Tensor()};
  });
}

namespace {

/// The type in which `op` works on operands of this common type.
DType working_type(BinaryOp op, DType type) {
  const bool divides = op == BinaryOp::Div || op == BinaryOp::ReverseDiv;
  return is_integer(type) && (divides || !ops::takes(op, type)) ? DType::F32 : type;
}

/// The type in which a tensor of this type and a number meet.
DType type_beside(DType tensor, double number) {
  if (!std::isfinite(number) || number != std::floor(number)) return DType::F32;
  return tensor == DType::Bool ? DType::I64 : tensor;
}

}  // namespace

Tensor binary(BinaryOp op, const Tensor& a, const Tensor& b) {
  if (a.defined() && b.defined()) {
    const DType type = working_type(op, higher(a.dtype(), b.dtype()));
    if (a.dtype() != type || b.dtype() != type) return pg::binary(op, cast(a, type), cast(b, type));
  }
  const Tensor y = ops::binary(op, a, b);
  if (y.dtype() != DType::F32 || !autograd::needs_record(std::array{&a, &b})) return y;
  const BinaryRule& rule = rule_of(op);
  if (!rule.left || !rule.right) fail(ops::name_of(op), "is not differentiable");
  if (is_linear(op)) {
    return record(ops::name_of(op), y, {&a, &b}, {},
                  [op, left = a.shape(), right = b.shape()](const VjpCall& call) -> Tensors {
                    const Tensor& g = call.gradient();
                    Tensors result(2);
                    if (call.wants(0)) result[0] = sum_to(g, left);
                    if (call.wants(1)) result[1] = sum_to(op == BinaryOp::Sub ? neg(g) : g, right);
                    return result;
                  });
  }
  return record(ops::name_of(op), y, {&a, &b}, {&a, &b}, [op](const VjpCall& call) -> Tensors {
    const Tensor a = call.saved(0);
    const Tensor b = call.saved(1);
    Tensors result(2);
    const BinaryRule& rule = rule_of(op);
    if (call.wants(0)) result[0] = sum_to(rule.left(call.gradient(), a, b), a.shape());
    if (call.wants(1)) result[1] = sum_to(rule.right(call.gradient(), a, b), b.shape());
    return result;
  });
}

Tensor binary(BinaryOp op, const Tensor& a, double b) {
  if (a.defined()) {
    const DType type = working_type(op, type_beside(a.dtype(), b));
    if (a.dtype() != type) return pg::binary(op, cast(a, type), b);
  }
  const Tensor y = ops::binary(op, a, b);
  if (y.dtype() != DType::F32 || !autograd::needs_record(std::array{&a})) return y;
  if (is_linear(op) || op == BinaryOp::Mul || op == BinaryOp::Div) {
    return record(ops::name_of(op), y, {&a}, {}, [op, b](const VjpCall& call) -> Tensors {
      return {rule_of(op).scalar(call.gradient(), {}, b)};
    });
  }
  return record(ops::name_of(op), y, {&a}, {&a}, [op, b](const VjpCall& call) -> Tensors {
    return {rule_of(op).scalar(call.gradient(), call.saved(0), b)};
  });
}

namespace {

Tensor logical(const char* name, BinaryOp op, const Tensor& a, const Tensor& b) {
  ops::check_defined(name, a);
  ops::check_defined(name, b);
  ops::check_same_device(name, {&a, &b});
  broadcast_shapes(name, a.shape(), b.shape());
  return ops::binary(op, cast(a, DType::Bool), cast(b, DType::Bool));
}

}  // namespace

Tensor logical_and(const Tensor& a, const Tensor& b) {
  return logical("logical_and", BinaryOp::And, a, b);
}
Tensor logical_or(const Tensor& a, const Tensor& b) {
  return logical("logical_or", BinaryOp::Or, a, b);
}
Tensor logical_xor(const Tensor& a, const Tensor& b) {
  return logical("logical_xor", BinaryOp::Xor, a, b);
}
Tensor logical_not(const Tensor& x) {
  ops::check_defined("logical_not", x);
  return ops::bitwise_not(cast(x, DType::Bool));
}
Tensor bitwise_not(const Tensor& x) { return ops::bitwise_not(x); }

Tensor isnan(const Tensor& x) { return ne(x, x); }
Tensor isinf(const Tensor& x) { return eq(abs(x), INFINITY); }
Tensor isfinite(const Tensor& x) { return lt(abs(x), INFINITY); }

Tensor isclose(const Tensor& a, const Tensor& b, double rtol, double atol) {
  const NoGrad no_grad;
  const Tensor distance = abs(a - b);
  const Tensor is_near = isfinite(distance) & (distance <= abs(b) * rtol + atol);
  return (a == b) | is_near;
}
bool allclose(const Tensor& a, const Tensor& b, double rtol, double atol) {
  return isclose(a, b, rtol, atol).all().item<bool>();
}
bool equal(const Tensor& a, const Tensor& b) {
  ops::check_defined("equal", a);
  ops::check_defined("equal", b);
  return a.shape() == b.shape() && eq(a, b).all().item<bool>();
}

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  if (a.defined() && b.defined() && a.dtype() != b.dtype()) {
    const DType type = higher(a.dtype(), b.dtype());
    return where(condition, cast(a, type), cast(b, type));
  }
  return record("where", ops::where(condition, a, b), {&condition, &a, &b}, {&condition},
                [left = a.shape(), right = b.shape()](const VjpCall& call) -> Tensors {
                  const Tensor condition = call.saved(0);
                  Tensors result(3);
                  if (call.wants(1))
                    result[1] = sum_to(where(condition, call.gradient(), 0.0), left);
                  if (call.wants(2))
                    result[2] = sum_to(where(condition, 0.0, call.gradient()), right);
                  return result;
                });
}

namespace {

/// `number` where condition holds, else x, whose type stays.
Tensor number_or(const Tensor& condition, double number, const Tensor& x) {
  return record("where", ops::where(condition, number, x), {&condition, &x}, {&condition},
                [shape = x.shape()](const VjpCall& call) -> Tensors {
                  return {Tensor(), sum_to(where(call.saved(0), 0.0, call.gradient()), shape)};
                });
}

}  // namespace

Tensor where(const Tensor& condition, const Tensor& a, double b) {
  if (a.defined() && type_beside(a.dtype(), b) != a.dtype()) {
    return where(condition, cast(a, type_beside(a.dtype(), b)), b);
  }
  return record("where", ops::where(condition, a, b), {&condition, &a}, {&condition},
                [shape = a.shape()](const VjpCall& call) -> Tensors {
                  return {Tensor(), sum_to(where(call.saved(0), call.gradient(), 0.0), shape)};
                });
}

Tensor where(const Tensor& condition, double a, const Tensor& b) {
  if (b.defined() && type_beside(b.dtype(), a) != b.dtype()) {
    return where(condition, a, cast(b, type_beside(b.dtype(), a)));
  }
  return number_or(condition, a, b);
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, double value) {
  const char* op = "masked_fill";
  ops::check_defined(op, x);
  ops::check_defined(op, mask);
  ops::check_same_device(op, {&x, &mask});
  if (mask.dtype() != DType::Bool) fail(op, "the mask is {}, not bool", describe(mask));
  if (broadcast_shapes(op, x.shape(), mask.shape()) != x.shape()) {
    fail(op, "the mask {} does not broadcast to {}", to_string(mask.shape()), to_string(x.shape()));
  }
  ops::number_argument(op, value, x.dtype());
  return number_or(mask, value, x);
}

Tensor clamp(const Tensor& x, double low, double high) {
  ops::check_defined("clamp", x);
  if (!(low <= high)) fail("clamp", "the bounds {} and {} are not in order", low, high);
  const bool has_low = low != -INFINITY;
  const bool has_high = high != INFINITY;
  DType type = x.dtype();
  if (has_low) type = higher(type, type_beside(x.dtype(), low));
  if (has_high) type = higher(type, type_beside(x.dtype(), high));
  if (x.dtype() != type) return clamp(cast(x, type), low, high);
  if (has_low) ops::number_argument("clamp", low, type);
  if (has_high) ops::number_argument("clamp", high, type);
  Tensor y = has_high ? ops::binary(BinaryOp::Minimum, x, high) : x;
  y = has_low ? ops::binary(BinaryOp::Maximum, y, low) : y;
  if (y.is_same(x)) y = ops::clone(x);
  return record("clamp", y, {&x}, {&x}, [low, high](const VjpCall& call) -> Tensors {
    const Tensor x = call.saved(0);
    return {where(logical_and(ge(x, low), le(x, high)), call.gradient(), 0.0)};
  });
}

}  // namespace pg
