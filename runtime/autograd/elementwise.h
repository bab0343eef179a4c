// Element-wise functions. Shapes broadcast as in PyTorch: aligned at the last dimension, sizes
// equal or 1; the result is packed. Errors name the function: "add: shapes [2, 3] and [4] do not
// broadcast".
//
// Element types meet as in PyTorch: the operands are brought to the higher of their types (bool <
// i32 < i64 < f32); a number counts as an integer, or as f32 when it has a fraction;
// div and pow of integers give f32. Functions of one operand bring integers to f32, except neg,
// abs, square, sign, relu and those that round. Comparisons and logical_* give bool. Host numbers
// are doubles, rounded once to the element type.
//
// Gradients are the derivatives, for f32; sign and what rounds have gradient zero, comparisons
// none. Where maximum or minimum choose between equals, each gets half. Where pow is flat or
// undefined at 0 its gradient is 0, as in PyTorch.
#pragma once

#include "runtime/ops/elementwise.h"

namespace pg {

Tensor unary(ops::UnaryOp op, const Tensor& x);
Tensor binary(ops::BinaryOp op, const Tensor& a, const Tensor& b);
Tensor binary(ops::BinaryOp op, const Tensor& a, double b);

#define PG_UNARY(name, op) \
  inline Tensor name(const Tensor& x) { return pg::unary(ops::UnaryOp::op, x); }
PG_UNARY(neg, Neg)
PG_UNARY(abs, Abs)
PG_UNARY(sign, Sign)
PG_UNARY(square, Square)
PG_UNARY(sqrt, Sqrt)
PG_UNARY(rsqrt, Rsqrt)
PG_UNARY(reciprocal, Reciprocal)
PG_UNARY(exp, Exp)
PG_UNARY(exp2, Exp2)
PG_UNARY(expm1, Expm1)
PG_UNARY(log, Log)
PG_UNARY(log2, Log2)
PG_UNARY(log10, Log10)
PG_UNARY(log1p, Log1p)
PG_UNARY(sin, Sin)
PG_UNARY(cos, Cos)
PG_UNARY(tan, Tan)
PG_UNARY(asin, Asin)
PG_UNARY(acos, Acos)
PG_UNARY(atan, Atan)
PG_UNARY(sinh, Sinh)
PG_UNARY(cosh, Cosh)
PG_UNARY(tanh, Tanh)
PG_UNARY(erf, Erf)
PG_UNARY(cbrt, Cbrt)
PG_UNARY(sigmoid, Sigmoid)
PG_UNARY(silu, Silu)
PG_UNARY(relu, Relu)
PG_UNARY(gelu, GeluErf)
PG_UNARY(gelu_tanh, Gelu)
PG_UNARY(floor, Floor)
PG_UNARY(ceil, Ceil)
PG_UNARY(round, Round)
PG_UNARY(trunc, Trunc)
#undef PG_UNARY

#define PG_BINARY(name, op)                              \
  inline Tensor name(const Tensor& a, const Tensor& b) { \
    return pg::binary(ops::BinaryOp::op, a, b);          \
  }                                                      \
  inline Tensor name(const Tensor& a, double b) { return pg::binary(ops::BinaryOp::op, a, b); }
PG_BINARY(add, Add)
PG_BINARY(sub, Sub)
PG_BINARY(mul, Mul)
PG_BINARY(div, Div)
PG_BINARY(pow, Pow)
PG_BINARY(fmod, Fmod)      // sign of the left operand; of integers x fmod 0 is x
PG_BINARY(remainder, Rem)  // sign of the right operand, as Python's %; likewise
PG_BINARY(atan2, Atan2)
PG_BINARY(hypot, Hypot)
PG_BINARY(maximum, Maximum)  // NaN wins
PG_BINARY(minimum, Minimum)
PG_BINARY(eq, Eq)
PG_BINARY(ne, Ne)
PG_BINARY(lt, Lt)
PG_BINARY(le, Le)
PG_BINARY(gt, Gt)
PG_BINARY(ge, Ge)
PG_BINARY(bitwise_and, And)  // of bool and integers
PG_BINARY(bitwise_or, Or)
PG_BINARY(bitwise_xor, Xor)
#undef PG_BINARY
Tensor bitwise_not(const Tensor& x);
/// base^x.
inline Tensor pow(double base, const Tensor& x) {
  return pg::binary(ops::BinaryOp::ReversePow, x, base);
}

/// Of any type: what is not 0 counts as true.
Tensor logical_and(const Tensor& a, const Tensor& b);
Tensor logical_or(const Tensor& a, const Tensor& b);
Tensor logical_xor(const Tensor& a, const Tensor& b);
Tensor logical_not(const Tensor& x);

/// bool, of any type.
Tensor isnan(const Tensor& x);
Tensor isinf(const Tensor& x);
Tensor isfinite(const Tensor& x);
/// |a - b| <= atol + rtol |b|, or equal infinities; NaN is close to nothing. allclose: everywhere.
Tensor isclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8);
bool allclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8);
/// The same shape and everywhere equal.
bool equal(const Tensor& a, const Tensor& b);

/// a where condition (bool) holds, else b; all three broadcast.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
Tensor where(const Tensor& condition, const Tensor& a, double b);
Tensor where(const Tensor& condition, double a, const Tensor& b);
/// x with `value` where mask (bool, broadcast to x's shape) holds; x's type stays, and must hold
/// the value.
Tensor masked_fill(const Tensor& x, const Tensor& mask, double value);
/// max(low, min(x, high)); -infinity and infinity for no bound. Of integers f32 when a bound has a
/// fraction. NaN stays. The gradient passes where low <= x <= high.
Tensor clamp(const Tensor& x, double low, double high);

namespace autograd {
/// x, but 1 where x is 0: a divisor whose quotient is then chosen away, or 0, must not make it NaN,
/// nor its gradient.
Tensor not_zero(const Tensor& x);
}  // namespace autograd

inline Tensor operator-(const Tensor& x) { return neg(x); }
inline Tensor operator!(const Tensor& x) { return logical_not(x); }
inline Tensor operator~(const Tensor& x) { return bitwise_not(x); }
inline Tensor operator&(const Tensor& a, const Tensor& b) { return bitwise_and(a, b); }
inline Tensor operator|(const Tensor& a, const Tensor& b) { return bitwise_or(a, b); }
inline Tensor operator^(const Tensor& a, const Tensor& b) { return bitwise_xor(a, b); }
inline Tensor operator%(const Tensor& a, const Tensor& b) { return remainder(a, b); }
inline Tensor operator%(const Tensor& a, double b) { return remainder(a, b); }

#define PG_OPERATOR(symbol, name, reverse)                                               \
  inline Tensor operator symbol(const Tensor& a, const Tensor& b) { return name(a, b); } \
  inline Tensor operator symbol(const Tensor& a, double b) { return name(a, b); }        \
  inline Tensor operator symbol(double a, const Tensor& b) {                             \
    return pg::binary(ops::BinaryOp::reverse, b, a);                                     \
  }
PG_OPERATOR(+, add, Add)
PG_OPERATOR(-, sub, ReverseSub)
PG_OPERATOR(*, mul, Mul)
PG_OPERATOR(/, div, ReverseDiv)
PG_OPERATOR(<, lt, Gt)
PG_OPERATOR(<=, le, Ge)
PG_OPERATOR(>, gt, Lt)
PG_OPERATOR(>=, ge, Le)
#undef PG_OPERATOR
/// Element by element, as everywhere here; Tensor::is_same compares handles.
inline Tensor operator==(const Tensor& a, const Tensor& b) { return eq(a, b); }
inline Tensor operator==(const Tensor& a, double b) { return eq(a, b); }
inline Tensor operator!=(const Tensor& a, const Tensor& b) { return ne(a, b); }
inline Tensor operator!=(const Tensor& a, double b) { return ne(a, b); }

}  // namespace pg
