// Tensor's member functions (tensor.h) over the recorded functions of the same names.
#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"

namespace pg {

Tensor Tensor::neg() const { return pg::neg(*this); }
Tensor Tensor::abs() const { return pg::abs(*this); }
Tensor Tensor::sign() const { return pg::sign(*this); }
Tensor Tensor::square() const { return pg::square(*this); }
Tensor Tensor::sqrt() const { return pg::sqrt(*this); }
Tensor Tensor::rsqrt() const { return pg::rsqrt(*this); }
Tensor Tensor::exp() const { return pg::exp(*this); }
Tensor Tensor::log() const { return pg::log(*this); }
Tensor Tensor::sin() const { return pg::sin(*this); }
Tensor Tensor::cos() const { return pg::cos(*this); }
Tensor Tensor::tanh() const { return pg::tanh(*this); }
Tensor Tensor::relu() const { return pg::relu(*this); }
Tensor Tensor::sigmoid() const { return pg::sigmoid(*this); }
Tensor Tensor::floor() const { return pg::floor(*this); }
Tensor Tensor::ceil() const { return pg::ceil(*this); }
Tensor Tensor::round() const { return pg::round(*this); }
Tensor Tensor::pow(double exponent) const { return pg::pow(*this, exponent); }
Tensor Tensor::clamp(double low, double high) const { return pg::clamp(*this, low, high); }
Tensor Tensor::masked_fill(const Tensor& mask, double value) const {
  return pg::masked_fill(*this, mask, value);
}

Tensor Tensor::sum(const Dims& axes, bool keepdim) const { return pg::sum(*this, axes, keepdim); }
Tensor Tensor::mean(const Dims& axes, bool keepdim) const { return pg::mean(*this, axes, keepdim); }
Tensor Tensor::var(const Dims& axes, std::int64_t correction, bool keepdim) const {
  return pg::var(*this, axes, correction, keepdim);
}
Tensor Tensor::std(const Dims& axes, std::int64_t correction, bool keepdim) const {
  return pg::std(*this, axes, correction, keepdim);
}
Tensor Tensor::amax(const Dims& axes, bool keepdim) const { return pg::amax(*this, axes, keepdim); }
Tensor Tensor::amin(const Dims& axes, bool keepdim) const { return pg::amin(*this, axes, keepdim); }
Tensor Tensor::max() const { return pg::max(*this); }
Tensor Tensor::min() const { return pg::min(*this); }
ValuesAndIndices Tensor::max(int axis, bool keepdim) const { return pg::max(*this, axis, keepdim); }
ValuesAndIndices Tensor::min(int axis, bool keepdim) const { return pg::min(*this, axis, keepdim); }
Tensor Tensor::argmax() const { return pg::argmax(*this); }
Tensor Tensor::argmin() const { return pg::argmin(*this); }
Tensor Tensor::argmax(int axis, bool keepdim) const { return pg::argmax(*this, axis, keepdim); }
Tensor Tensor::argmin(int axis, bool keepdim) const { return pg::argmin(*this, axis, keepdim); }
Tensor Tensor::any(const Dims& axes, bool keepdim) const { return pg::any(*this, axes, keepdim); }
Tensor Tensor::all(const Dims& axes, bool keepdim) const { return pg::all(*this, axes, keepdim); }
Tensor Tensor::norm(double p, const Dims& axes, bool keepdim) const {
  return pg::norm(*this, p, axes, keepdim);
}
Tensor Tensor::logsumexp(const Dims& axes, bool keepdim) const {
  return pg::logsumexp(*this, axes, keepdim);
}
Tensor Tensor::cumsum(int axis) const { return pg::cumsum(*this, axis); }
Tensor Tensor::softmax(int axis) const { return pg::softmax(*this, axis); }
Tensor Tensor::log_softmax(int axis) const { return pg::log_softmax(*this, axis); }
Tensor Tensor::matmul(const Tensor& other) const { return pg::matmul(*this, other); }

Tensor Tensor::transpose(int a, int b) const { return pg::transpose(*this, a, b); }
Tensor Tensor::t() const {
  if (dim() > 2) fail("t", "needs at most two dimensions, the shape is {}", to_string(shape()));
  return dim() < 2 ? *this : pg::transpose(*this, 0, 1);
}
Tensor Tensor::permute(const Dims& order) const { return pg::permute(*this, order); }
Tensor Tensor::reshape(const Shape& shape) const { return pg::reshape(*this, shape); }
Tensor Tensor::view(const Shape& shape) const {
  pg::view::resolve_shape("view", shape, numel());
  pg::view::reshape(*this, shape);  // an error when only a copy would do
  return pg::reshape(*this, shape);
}
Tensor Tensor::view_as(const Tensor& other) const { return view(other.shape()); }
Tensor Tensor::expand(const Shape& shape) const { return pg::expand(*this, shape); }
Tensor Tensor::expand_as(const Tensor& other) const { return expand(other.shape()); }
Tensor Tensor::squeeze() const { return pg::squeeze(*this); }
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
Tensors Tensor::split(std::int64_t size, int axis) const { return pg::split(*this, size, axis); }
Tensors Tensor::chunk(std::int64_t count, int axis) const { return pg::chunk(*this, count, axis); }
Tensors Tensor::unbind(int axis) const { return pg::unbind(*this, axis); }
Tensor Tensor::repeat(const Dims& counts) const { return pg::repeat(*this, counts); }
Tensor Tensor::flip(const Dims& axes) const { return pg::flip(*this, axes); }
Tensor Tensor::roll(std::int64_t shift, int axis) const { return pg::roll(*this, shift, axis); }
Tensor Tensor::tril(std::int64_t diagonal) const { return pg::tril(*this, diagonal); }
Tensor Tensor::triu(std::int64_t diagonal) const { return pg::triu(*this, diagonal); }
Tensor Tensor::contiguous() const { return pg::contiguous(*this); }
Tensor Tensor::clone() const { return pg::clone(*this); }
Tensor Tensor::to(DType type) const { return pg::cast(*this, type); }
Tensor Tensor::to(Device device) const { return pg::to(*this, device); }
Tensor Tensor::cpu() const { return to(cpu_device); }
Tensor Tensor::cuda(int index) const { return to(cuda_device(index)); }

Tensor Tensor::index(const TensorIndices& indices) const { return pg::index(*this, indices); }
Tensor Tensor::index_select(int axis, const Tensor& ids) const {
  return pg::index_select(*this, axis, ids);
}
Tensor Tensor::masked_select(const Tensor& mask) const { return pg::masked_select(*this, mask); }
Tensor Tensor::gather(int axis, const Tensor& ids) const { return pg::gather(*this, axis, ids); }
Tensor Tensor::scatter(int axis, const Tensor& ids, const Tensor& source) const {
  return pg::scatter(*this, axis, ids, source);
}
Tensor Tensor::scatter_add(int axis, const Tensor& ids, const Tensor& source) const {
  return pg::scatter_add(*this, axis, ids, source);
}
Tensor Tensor::nonzero() const { return pg::nonzero(*this); }

Tensor Tensor::add_(const Tensor& other) const {
  return pg::binary_(ops::BinaryOp::Add, *this, other);
}
Tensor Tensor::add_(double other) const { return pg::binary_(ops::BinaryOp::Add, *this, other); }
Tensor Tensor::sub_(const Tensor& other) const {
  return pg::binary_(ops::BinaryOp::Sub, *this, other);
}
Tensor Tensor::sub_(double other) const { return pg::binary_(ops::BinaryOp::Sub, *this, other); }
Tensor Tensor::mul_(const Tensor& other) const {
  return pg::binary_(ops::BinaryOp::Mul, *this, other);
}
Tensor Tensor::mul_(double other) const { return pg::binary_(ops::BinaryOp::Mul, *this, other); }
Tensor Tensor::div_(const Tensor& other) const {
  return pg::binary_(ops::BinaryOp::Div, *this, other);
}
Tensor Tensor::div_(double other) const { return pg::binary_(ops::BinaryOp::Div, *this, other); }
Tensor Tensor::pow_(double exponent) const {
  return pg::binary_(ops::BinaryOp::Pow, *this, exponent);
}
Tensor Tensor::neg_() const { return pg::unary_(ops::UnaryOp::Neg, *this); }
Tensor Tensor::abs_() const { return pg::unary_(ops::UnaryOp::Abs, *this); }
Tensor Tensor::exp_() const { return pg::unary_(ops::UnaryOp::Exp, *this); }
Tensor Tensor::log_() const { return pg::unary_(ops::UnaryOp::Log, *this); }
Tensor Tensor::sqrt_() const { return pg::unary_(ops::UnaryOp::Sqrt, *this); }
Tensor Tensor::tanh_() const { return pg::unary_(ops::UnaryOp::Tanh, *this); }
Tensor Tensor::relu_() const { return pg::unary_(ops::UnaryOp::Relu, *this); }
Tensor Tensor::sigmoid_() const { return pg::unary_(ops::UnaryOp::Sigmoid, *this); }
Tensor Tensor::zero_() const { return pg::fill_(*this, 0.0); }
Tensor Tensor::fill_(double value) const { return pg::fill_(*this, value); }
Tensor Tensor::clamp_(double low, double high) const { return pg::clamp_(*this, low, high); }
Tensor Tensor::masked_fill_(const Tensor& mask, double value) const {
  return pg::masked_fill_(*this, mask, value);
}
Tensor Tensor::copy_(const Tensor& source) const { return pg::copy_(*this, source); }
Tensor Tensor::index_put_(const TensorIndices& indices, const Tensor& values,
                          bool accumulate) const {
  return pg::index_put_(*this, indices, values, accumulate);
}

}  // namespace pg
