// Tensor's member sugar (tensor.h) over the recorded functions.
#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "runtime/ops/copy.h"

namespace pg {

Tensor Tensor::transpose(int a, int b) const { return pg::transpose(*this, a, b); }
Tensor Tensor::permute(const Dims& order) const { return pg::permute(*this, order); }
Tensor Tensor::reshape(const Shape& shape) const { return pg::reshape(*this, shape); }
Tensor Tensor::expand(const Shape& shape) const { return pg::expand(*this, shape); }
Tensor Tensor::squeeze(int axis) const { return pg::squeeze(*this, axis); }
Tensor Tensor::unsqueeze(int axis) const { return pg::unsqueeze(*this, axis); }
Tensor Tensor::flatten(int first, int last) const { return pg::flatten(*this, first, last); }
Tensor Tensor::select(int axis, std::int64_t index) const { return pg::select(*this, axis, index); }
Tensor Tensor::slice(int axis, std::int64_t start, std::int64_t end, std::int64_t step) const {
  return pg::slice(*this, axis, start, end, step);
}
Tensor Tensor::narrow(int axis, std::int64_t start, std::int64_t length) const {
  return pg::narrow(*this, axis, start, length);
}
Tensor Tensor::contiguous() const { return pg::contiguous(*this); }
Tensor Tensor::clone() const { return pg::clone(*this); }
Tensor Tensor::to(DType type) const { return pg::cast(*this, type); }
Tensor Tensor::to(Device device) const { return pg::to(*this, device); }
Tensor Tensor::cpu() const { return to(cpu_device); }
Tensor Tensor::cuda(int index) const { return to(cuda_device(index)); }
Tensor Tensor::neg() const { return pg::neg(*this); }
Tensor Tensor::exp() const { return pg::exp(*this); }
Tensor Tensor::log() const { return pg::log(*this); }
Tensor Tensor::sqrt() const { return pg::sqrt(*this); }
Tensor Tensor::tanh() const { return pg::tanh(*this); }
Tensor Tensor::relu() const { return pg::relu(*this); }
Tensor Tensor::sigmoid() const { return pg::sigmoid(*this); }
Tensor Tensor::abs() const { return pg::abs(*this); }
Tensor Tensor::pow(double exponent) const { return pg::pow(*this, exponent); }
Tensor Tensor::sum(const Dims& axes, bool keepdim) const { return pg::sum(*this, axes, keepdim); }
Tensor Tensor::mean(const Dims& axes, bool keepdim) const { return pg::mean(*this, axes, keepdim); }
Tensor Tensor::max(int axis, bool keepdim) const { return pg::amax(*this, {axis}, keepdim); }
Tensor Tensor::argmax(int axis, bool keepdim) const { return pg::argmax(*this, axis, keepdim); }
Tensor Tensor::softmax(int axis) const { return pg::softmax(*this, axis); }
Tensor Tensor::matmul(const Tensor& other) const { return pg::matmul(*this, other); }

Tensor Tensor::t() const {
  if (dim() != 2) fail("t", "needs two dimensions, the shape is {}", to_string(shape()));
  return pg::transpose(*this, 0, 1);
}

Tensor Tensor::view(const Shape& shape) const {
  pg::view::reshape(*this, shape);  // an error when only a copy would do
  return pg::reshape(*this, shape);
}

Tensor Tensor::copy_(const Tensor& source) const {
  if (requires_grad() && grad_enabled()) {
    fail("copy_",
         "writing in place to a tensor that requires a gradient; use NoGrad for parameters");
  }
  ops::copy_(*this, source);
  return *this;
}

}  // namespace pg
