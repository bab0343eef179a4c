// Differentiable ops made by users, usually from kernels of their own:
//   const pg::Kernel scale = pg::load_kernel("scale.tile", "scale");
//   const pg::CustomOp op = pg::make_op("scale", forward, vjp);   y = op({x});
// forward computes plain values (it is not recorded); vjp computes gradients, with recorded ops
// when the result is to be differentiated again.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/autograd/tape.h"

namespace pg {

/// The output from the inputs.
using CustomForward = std::function<Tensor(const Tensors& inputs)>;
/// The inputs' gradients, each of its input's shape or undefined for zero, from d(loss)/d(output).
using CustomVjp =
    std::function<Tensors(const Tensors& inputs, const Tensor& output, const Tensor& gradient)>;

/// The same with several outputs; gradients of those that the loss does not depend on are zeros.
using CustomMultiForward = std::function<Tensors(const Tensors& inputs)>;
using CustomMultiVjp =
    std::function<Tensors(const Tensors& inputs, const Tensors& outputs, const Tensors& gradients)>;

/// A cheap shared handle, callable like any op.
class CustomMultiOp {
 public:
  CustomMultiOp(std::string name, CustomMultiForward forward, CustomMultiVjp vjp);
  Tensors operator()(const Tensors& inputs) const;
  const std::string& name() const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

/// With one output.
class CustomOp {
 public:
  CustomOp(std::string name, CustomForward forward, CustomVjp vjp);
  Tensor operator()(const Tensors& inputs) const { return op_(inputs)[0]; }
  Tensor operator()(const Tensor& x) const { return (*this)(Tensors{x}); }
  const std::string& name() const { return op_.name(); }

 private:
  CustomMultiOp op_;
};

inline CustomOp make_op(std::string name, CustomForward forward, CustomVjp vjp) {
  return CustomOp(std::move(name), std::move(forward), std::move(vjp));
}
inline CustomMultiOp make_multi_op(std::string name, CustomMultiForward forward,
                                   CustomMultiVjp vjp) {
  return CustomMultiOp(std::move(name), std::move(forward), std::move(vjp));
}
/// Named "custom op" in messages.
inline CustomOp make_op(CustomForward forward, CustomVjp vjp) {
  return CustomOp("custom op", std::move(forward), std::move(vjp));
}

}  // namespace pg
