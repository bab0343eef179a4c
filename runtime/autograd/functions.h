// The ops that users call: each runs the plain op of runtime/ops and records it. Names follow
// PyTorch. The vjps are written with these same functions, so gradients can be differentiated again
// (create_graph); fused backward kernels are used when the walk itself is not recorded. Host
// numbers are doubles, rounded once to the tensor's element type.
#pragma once

#include <span>

#include "runtime/autograd/backward.h"
#include "runtime/autograd/tape.h"
#include "runtime/ops/elementwise.h"
#include "runtime/ops/fill.h"
#include "runtime/ops/precision.h"
#include "runtime/ops/rope.h"

namespace pg {

// Element-wise, with broadcasting (elementwise.cpp).
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
PG_BINARY(fmod, Fmod)
PG_BINARY(remainder, Rem)
PG_BINARY(atan2, Atan2)
PG_BINARY(hypot, Hypot)
PG_BINARY(maximum, Maximum)
PG_BINARY(minimum, Minimum)
PG_BINARY(eq, Eq)
PG_BINARY(ne, Ne)
PG_BINARY(lt, Lt)
PG_BINARY(le, Le)
PG_BINARY(gt, Gt)
PG_BINARY(ge, Ge)
#undef PG_BINARY
Tensor logical_and(const Tensor& a, const Tensor& b);
Tensor logical_or(const Tensor& a, const Tensor& b);
Tensor logical_not(const Tensor& x);
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
Tensor where(const Tensor& condition, const Tensor& a, double b);
Tensor where(const Tensor& condition, double a, const Tensor& b);
/// max(low, min(x, high)).
Tensor clamp(const Tensor& x, double low, double high);

inline Tensor operator-(const Tensor& x) { return neg(x); }
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
#undef PG_OPERATOR

// Reductions (reduce.cpp). An empty axis list means all.
Tensor sum(const Tensor& x, const Dims& axes = {}, bool keepdim = false);
Tensor mean(const Tensor& x, const Dims& axes = {}, bool keepdim = false);
Tensor amax(const Tensor& x, const Dims& axes = {}, bool keepdim = false);
Tensor amin(const Tensor& x, const Dims& axes = {}, bool keepdim = false);
Tensor argmax(const Tensor& x, int axis, bool keepdim = false);
Tensor argmin(const Tensor& x, int axis, bool keepdim = false);
/// Sums out what broadcasting from `shape` added; x itself when the shapes agree.
Tensor sum_to(const Tensor& x, const Shape& shape);

// Shapes (shape.cpp). All but clone, cat, stack, cast and a reshape that needs a copy are views.
Tensor transpose(const Tensor& x, int a, int b);
Tensor permute(const Tensor& x, const Dims& order);
Tensor reshape(const Tensor& x, const Shape& shape);
Tensor expand(const Tensor& x, const Shape& shape);
Tensor squeeze(const Tensor& x, int axis);
Tensor unsqueeze(const Tensor& x, int axis);
Tensor flatten(const Tensor& x, int first = 0, int last = -1);
Tensor select(const Tensor& x, int axis, std::int64_t index);
Tensor slice(const Tensor& x, int axis, std::int64_t start, std::int64_t end,
             std::int64_t step = 1);
Tensor narrow(const Tensor& x, int axis, std::int64_t start, std::int64_t length);
Tensor contiguous(const Tensor& x);
Tensor clone(const Tensor& x);
Tensor cast(const Tensor& x, DType type);
/// A packed copy on another device; its gradient comes back to x's.
Tensor to(const Tensor& x, Device device);
Tensor cat(std::span<const Tensor> parts, int axis = 0);
Tensor stack(std::span<const Tensor> parts, int axis = 0);
/// Views of `size` elements along `axis`; the last may be smaller.
Tensors split(const Tensor& x, std::int64_t size, int axis = 0);

// Products (matmul.cpp); gradients have the precision of the product.
/// [.., M, K] by [.., K, N], leading dimensions broadcast; rank 1 as in PyTorch.
Tensor matmul(const Tensor& a, const Tensor& b, Precision precision = Precision::Fp32);
/// x [.., K] by w [N, K] transposed, plus `bias` [N] if defined.
Tensor linear(const Tensor& x, const Tensor& w, const Tensor& bias = {},
              Precision precision = Precision::Fp32);

// Layers of networks (neural.cpp).
Tensor softmax(const Tensor& x, int axis);
Tensor log_softmax(const Tensor& x, int axis);
/// silu(gate) * up.
Tensor swiglu(const Tensor& gate, const Tensor& up);
/// Rows of weight [V, D] by ids (i32 or i64, any shape).
Tensor embedding(const Tensor& weight, const Tensor& ids);
/// x / sqrt(mean(x^2) + eps) * weight over the last dimension.
Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps);
/// Rotates pairs of features of x [B, S, H, D] by angles of position start + s; see ops/rope.h.
Tensor rope(const Tensor& x, const ops::RopeTables& tables, const Tensor& start,
            ops::RopeStyle style);
/// q [B, S, H, D], k and v [B, T, HK, D]; grouped queries when HK < H; see ops/attention.h.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, double scale,
                 bool causal = true, const Tensor& start = {},
                 Precision precision = Precision::Fp32);
/// Mean over the tokens of -log softmax(logits)[target]; logits [.., V], targets (i32 or i64) of
/// the leading shape. Negative targets are ignored and not counted.
Tensor cross_entropy(const Tensor& logits, const Tensor& targets);
/// The same per token, 0 where ignored.
Tensor cross_entropy_rows(const Tensor& logits, const Tensor& targets);

}  // namespace pg
