// Element-wise ops on strided, broadcast tensors. One generic kernel per arity (kernels/map.tile),
// which takes the operation as a compile-time function; every op here is one launch. Shapes
// broadcast as in PyTorch, results are packed. Errors open with the op's name ("add: shapes [2, 3]
// and [4] ..."). Gradients are stated with each group; g is the gradient of the result, and where
// an operand was broadcast its gradient still has to go through ops::sum_to (reduce.h).
#pragma once

#include <string_view>

#include "runtime/tensor/tensor.h"

namespace pg::ops {

/// f32 to f32; Neg, Abs and Square also of i32 and i64. Gradient: unary_backward; 0 of Sign and of
/// those that round.
enum class UnaryOp : std::uint8_t {
  Neg,
  Abs,
  Sign,
  Square,
  Sqrt,
  Rsqrt,
  Reciprocal,
  Exp,
  Exp2,
  Expm1,
  Log,
  Log2,
  Log10,
  Log1p,
  Sin,
  Cos,
  Tan,
  Asin,
  Acos,
  Atan,
  Sinh,
  Cosh,
  Tanh,
  Erf,
  Cbrt,
  Sigmoid,
  Silu,
  Relu,
  Gelu /* tanh form */,
  GeluErf,
  Floor,
  Ceil,
  Round,
  Trunc,
};

/// Operands of one element type: f32, i32 or i64 (Atan2, Pow, Hypot: f32). Fmod has the sign of the
/// left operand, Rem of the right one. Maximum, Minimum propagate NaN. Comparisons give bool, Eq
/// and Ne also take it; And, Or, Xor take bool or integers, bit by bit. Gradients: Add g, g; Sub g,
/// -g; Mul g*b, g*a; Div g/b, -g*y/b; Pow g*b*a^(b-1), g*y*log a; Maximum/Minimum: g to the operand
/// that was chosen, half to each of equals.
enum class BinaryOp : std::uint8_t {
  Add,
  Sub,
  Mul,
  Div,
  Pow,
  Fmod,
  Rem,
  Atan2,
  Hypot,
  Maximum,
  Minimum,
  Eq,
  Ne,
  Lt,
  Le,
  Gt,
  Ge,
  And,
  Or,
  Xor,
  // The other way round, for scalars on the left: b - a, b / a, b ^ a.
  ReverseSub,
  ReverseDiv,
  ReversePow,
  // Gradients of unary ops, f32: (g, x) or (g, y) as saved_for says.
  SquareGrad,
  SqrtGrad,
  RsqrtGrad,
  ReciprocalGrad,
  ExpGrad,
  Exp2Grad,
  Expm1Grad,
  LogGrad,
  Log2Grad,
  Log10Grad,
  Log1pGrad,
  SinGrad,
  CosGrad,
  TanGrad,
  AsinGrad,
  AcosGrad,
  AtanGrad,
  SinhGrad,
  CoshGrad,
  TanhGrad,
  ErfGrad,
  CbrtGrad,
  SigmoidGrad,
  SiluGrad,
  ReluGrad,
  GeluGrad,
  GeluErfGrad,
  AbsGrad,
  SwiGlu,  // silu(a) * b
};

std::string_view name_of(UnaryOp op);   // "exp"
std::string_view name_of(BinaryOp op);  // "add"

/// Whether the op works on tensors of this element type.
bool takes(UnaryOp op, DType type);
bool takes(BinaryOp op, DType type);

Tensor unary(UnaryOp op, const Tensor& x);
/// Of bool, complement of integers.
Tensor bitwise_not(const Tensor& x);
Tensor binary(BinaryOp op, const Tensor& a, const Tensor& b);
/// b as a number of a's element type (rounded to f32, or it must be integral).
Tensor binary(BinaryOp op, const Tensor& a, double b);

/// What unary_backward wants as second operand: the op's input or its result.
enum class Saved : std::uint8_t { None, Input, Output };
/// None: the gradient needs no saved value (Neg: -g; Sign and those that round: zero).
Saved saved_for(UnaryOp op);
/// Gradient of unary(op, x), one launch. `saved` is x or unary(op, x) as saved_for says (undefined
/// if None).
Tensor unary_backward(UnaryOp op, const Tensor& gradient, const Tensor& saved);

/// condition (bool) ? a : b, all broadcast. Gradient: where(c, g, 0), where(c, 0, g).
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
Tensor where(const Tensor& condition, const Tensor& a, double b);
Tensor where(const Tensor& condition, double a, const Tensor& b);
/// fma(a, b, c), one rounding, f32. Gradient: g*b, g*a, g.
Tensor fma(const Tensor& a, const Tensor& b, const Tensor& c);
/// a + alpha * b, f32; the product is rounded first. Gradient: g, alpha * g.
Tensor add_scaled(const Tensor& a, const Tensor& b, double alpha);
/// In place, the shape stays x's: x += y, x -= y, x *= y, x /= y. Not differentiable; marks x as
/// written.
void binary_(BinaryOp op, const Tensor& x, const Tensor& y);
void binary_(BinaryOp op, const Tensor& x, double y);

// The same by PyTorch's names.
inline Tensor add(const Tensor& a, const Tensor& b) { return binary(BinaryOp::Add, a, b); }
inline Tensor sub(const Tensor& a, const Tensor& b) { return binary(BinaryOp::Sub, a, b); }
inline Tensor mul(const Tensor& a, const Tensor& b) { return binary(BinaryOp::Mul, a, b); }
inline Tensor div(const Tensor& a, const Tensor& b) { return binary(BinaryOp::Div, a, b); }
inline Tensor add(const Tensor& a, double b) { return binary(BinaryOp::Add, a, b); }
inline Tensor sub(const Tensor& a, double b) { return binary(BinaryOp::Sub, a, b); }
inline Tensor mul(const Tensor& a, double b) { return binary(BinaryOp::Mul, a, b); }
inline Tensor div(const Tensor& a, double b) { return binary(BinaryOp::Div, a, b); }
inline Tensor neg(const Tensor& x) { return unary(UnaryOp::Neg, x); }

}  // namespace pg::ops
