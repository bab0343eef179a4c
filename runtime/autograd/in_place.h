// Functions that write into x, named with a trailing underscore; they return x. x keeps its shape
// and element type; other operands broadcast to it.
//
// As in PyTorch, a write marks the memory as written, and backward refuses gradients that need what
// was there before. While gradients are recorded:
//  - a leaf that requires a gradient cannot be written: use NoGrad, as optimizers do;
//  - another tensor is recorded like the function without underscore when it or an operand requires
//    a gradient (this costs a copy); it must not share its memory with another view, whose history
//    would miss the write.
#pragma once

#include "runtime/autograd/tape.h"
#include "runtime/ops/elementwise.h"
#include "runtime/tensor/index.h"

namespace pg {

Tensor unary_(ops::UnaryOp op, const Tensor& x);
Tensor binary_(ops::BinaryOp op, const Tensor& x, const Tensor& y);
Tensor binary_(ops::BinaryOp op, const Tensor& x, double y);

/// x = value everywhere.
Tensor fill_(const Tensor& x, double value);
/// x = source, broadcast, from any device and element type.
Tensor copy_(const Tensor& x, const Tensor& source);
Tensor clamp_(const Tensor& x, double low, double high);
Tensor masked_fill_(const Tensor& x, const Tensor& mask, double value);
/// x[indices...] = values, or += with accumulate; see index_put.
Tensor index_put_(const Tensor& x, const TensorIndices& indices, const Tensor& values,
                  bool accumulate = false);

namespace autograd {

/// Whether a write into x has to be recorded; an error when it cannot be.
bool must_record_write(std::string_view name, const Tensor& x, OperandList operands);
/// x's values and place on the tape in a tensor of their own.
Tensor before_write(const Tensor& x);
/// Writes `result` into x and gives x its place on the tape.
Tensor after_write(std::string_view name, const Tensor& x, const Tensor& result);
/// The result must have x's shape and element type.
void check_result(std::string_view name, const Tensor& x, const Tensor& result);

/// What a function that writes into x consists of: write() where nothing is recorded, else x =
/// result_from(old x), a recorded function.
template <typename Write, typename Result>
Tensor in_place(std::string_view name, const Tensor& x, OperandList operands, Write&& write,
                Result&& result_from) {
  if (!must_record_write(name, x, operands)) {
    write();
    return x;
  }
  return after_write(name, x, result_from(before_write(x)));
}

}  // namespace autograd
}  // namespace pg
