// Tensor: a cheap shared handle on (storage on a device, shape, strides, offset, element type).
// Copying a Tensor copies the handle; views share the storage. This folder holds the handle,
// creation from host data and raw views (pg::view, no arithmetic, not recorded); ops launch kernels
// on tensors (runtime/ops); recorded ops and the member sugar that calls them live in
// runtime/autograd. The last dimension varies fastest; a packed tensor has row-major strides. Names
// follow PyTorch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "runtime/device/device.h"
#include "runtime/tensor/dtype.h"
#include "runtime/tensor/shape.h"

namespace pg {

class Generator;
class Tensor;
class TensorIndex;    // runtime/tensor/index.h
class IndexedTensor;  // the same
struct ValuesAndIndices;

namespace detail {
struct TensorImpl;  // shape, strides, offset, storage; tensor_impl.h
}

/// What autograd attaches to a tensor (defined in runtime/autograd); the tensor only owns it.
struct AutogradMeta {
  virtual ~AutogradMeta() = default;
};

class Tensor {
 public:
  /// Undefined: no storage, as PyTorch's None. Only defined(), is_same() and assignment are
  /// allowed.
  Tensor() noexcept {}  // not defaulted: default arguments below need it complete
  Tensor(const Tensor& other) noexcept;
  Tensor(Tensor&& other) noexcept : impl_(other.impl_) { other.impl_ = nullptr; }
  Tensor& operator=(const Tensor& other) noexcept;
  Tensor& operator=(Tensor&& other) noexcept;
  ~Tensor();

  bool defined() const { return impl_ != nullptr; }
  const Shape& shape() const;
  const Strides& strides() const;
  int dim() const { return shape().size(); }
  /// Size and stride of one dimension; negative axes count from the end.
  std::int64_t size(int axis) const;
  std::int64_t stride(int axis) const;
  std::int64_t numel() const;
  /// Of the first element within the storage, in elements.
  std::int64_t storage_offset() const;
  DType dtype() const;
  Device device() const;
  /// Packed row-major (dimensions of size 1 may have any stride).
  bool is_contiguous() const;
  /// Shares storage with `other`.
  bool shares_storage(const Tensor& other) const;
  /// No other handle or view reaches this storage.
  bool is_sole_owner() const;
  /// No other view reaches this storage; other handles of this one may.
  bool is_only_view() const;
  /// The same handle: one impl.
  bool is_same(const Tensor& other) const { return impl_ == other.impl_; }

  /// Address of the first element, on the tensor's device: only the CPU's may be read here.
  /// Writers through it must call mark_written().
  void* data() const;
  template <typename T>
  T* data_ptr() const {
    return static_cast<T*>(checked_data(dtype_of<std::remove_const_t<T>>));
  }

  /// The only element as a C++ value; T must match the element type, except that double reads f32
  /// (exactly, also on the device `real`).
  template <typename T>
  T item() const;
  /// The only element, of any element type, as double (exact for integers up to 2^53).
  double item() const;
  /// All elements in row-major order, copied to the host (any strides, any device); T as for item.
  template <typename T>
  std::vector<T> to_vector() const;

  /// Counts in-place writes to the storage; autograd compares it to find stale saved values. Every
  /// op that writes into an existing tensor (copy_, AdamW, ...) calls mark_written on it.
  std::uint32_t version() const;
  void mark_written() const;

  // Autograd (runtime/autograd).
  AutogradMeta* autograd_meta() const;
  void set_autograd_meta(std::unique_ptr<AutogradMeta> meta) const;
  bool requires_grad() const;
  Tensor requires_grad_(bool value = true) const;
  /// The accumulated gradient; undefined when there is none.
  Tensor grad() const;
  void set_grad(const Tensor& gradient) const;
  void zero_grad() const;
  /// Accumulates d(this)/d(leaf) into every leaf's grad(). Without `gradient`, only for one
  /// element.
  void backward(const Tensor& gradient = {}, bool retain_graph = false) const;
  /// The same storage, outside the tape.
  Tensor detach() const;

  // The functions of the same names in runtime/autograd, which say shapes, types, errors and
  // gradients: elementwise.h, reduce.h, shape.h, index.h, matmul.h, in_place.h. Code in runtime/ops
  // uses pg::view instead.
  Tensor neg() const;
  Tensor abs() const;
  Tensor sign() const;
  Tensor square() const;
  Tensor sqrt() const;
  Tensor rsqrt() const;
  Tensor exp() const;
  Tensor log() const;
  Tensor sin() const;
  Tensor cos() const;
  Tensor tanh() const;
  Tensor relu() const;
  Tensor sigmoid() const;
  Tensor floor() const;
  Tensor ceil() const;
  Tensor round() const;
  Tensor pow(double exponent) const;
  Tensor clamp(double low, double high) const;
  Tensor masked_fill(const Tensor& mask, double value) const;

  Tensor sum(const Dims& axes = {}, bool keepdim = false) const;
  Tensor mean(const Dims& axes = {}, bool keepdim = false) const;
  Tensor var(const Dims& axes = {}, std::int64_t correction = 1, bool keepdim = false) const;
  Tensor std(const Dims& axes = {}, std::int64_t correction = 1, bool keepdim = false) const;
  Tensor amax(const Dims& axes = {}, bool keepdim = false) const;
  Tensor amin(const Dims& axes = {}, bool keepdim = false) const;
  Tensor max() const;
  Tensor min() const;
  ValuesAndIndices max(int axis, bool keepdim = false) const;
  ValuesAndIndices min(int axis, bool keepdim = false) const;
  Tensor argmax() const;
  Tensor argmin() const;
  Tensor argmax(int axis, bool keepdim = false) const;
  Tensor argmin(int axis, bool keepdim = false) const;
  Tensor any(const Dims& axes = {}, bool keepdim = false) const;
  Tensor all(const Dims& axes = {}, bool keepdim = false) const;
  Tensor norm(double p = 2.0, const Dims& axes = {}, bool keepdim = false) const;
  Tensor logsumexp(const Dims& axes, bool keepdim = false) const;
  Tensor cumsum(int axis) const;
  Tensor softmax(int axis) const;
  Tensor log_softmax(int axis) const;
  Tensor matmul(const Tensor& other) const;

  Tensor transpose(int a, int b) const;
  Tensor t() const;  // of at most two dimensions
  Tensor permute(const Dims& order) const;
  Tensor reshape(const Shape& shape) const;
  Tensor view(const Shape& shape) const;  // reshape; an error when only a copy would do
  Tensor view_as(const Tensor& other) const;
  Tensor expand(const Shape& shape) const;
  Tensor expand_as(const Tensor& other) const;
  Tensor squeeze() const;
  Tensor squeeze(int axis) const;
  Tensor unsqueeze(int axis) const;
  Tensor flatten(int first = 0, int last = -1) const;
  Tensor select(int axis, std::int64_t index) const;
  Tensor slice(int axis, std::int64_t start, std::int64_t end, std::int64_t step = 1) const;
  Tensor narrow(int axis, std::int64_t start, std::int64_t length) const;
  std::vector<Tensor> split(std::int64_t size, int axis = 0) const;
  std::vector<Tensor> chunk(std::int64_t count, int axis = 0) const;
  std::vector<Tensor> unbind(int axis = 0) const;
  Tensor repeat(const Dims& counts) const;
  Tensor flip(const Dims& axes) const;
  Tensor roll(std::int64_t shift, int axis) const;
  Tensor tril(std::int64_t diagonal = 0) const;
  Tensor triu(std::int64_t diagonal = 0) const;
  Tensor contiguous() const;
  Tensor clone() const;
  Tensor to(DType type) const;
  /// This tensor when it is there already, else a packed copy.
  Tensor to(Device device) const;
  Tensor cpu() const;
  Tensor cuda(int index = 0) const;

  /// x[0], x[Slice(1, 5), -1], x[Ellipsis, None], x[ids], x[mask]; `x[...] = y` writes there. See
  /// runtime/tensor/index.h.
  template <typename... Indices>
  IndexedTensor operator[](const Indices&... indices) const;
  Tensor index(const std::vector<TensorIndex>& indices) const;
  Tensor index_select(int axis, const Tensor& ids) const;
  Tensor masked_select(const Tensor& mask) const;
  Tensor gather(int axis, const Tensor& ids) const;
  Tensor scatter(int axis, const Tensor& ids, const Tensor& source) const;
  Tensor scatter_add(int axis, const Tensor& ids, const Tensor& source) const;
  Tensor nonzero() const;

  // In place.
  Tensor add_(const Tensor& other) const;
  Tensor sub_(const Tensor& other) const;
  Tensor mul_(const Tensor& other) const;
  Tensor div_(const Tensor& other) const;
  Tensor add_(double other) const;
  Tensor sub_(double other) const;
  Tensor mul_(double other) const;
  Tensor div_(double other) const;
  Tensor pow_(double exponent) const;
  Tensor operator+=(const Tensor& other) const { return add_(other); }
  Tensor operator-=(const Tensor& other) const { return sub_(other); }
  Tensor operator*=(const Tensor& other) const { return mul_(other); }
  Tensor operator/=(const Tensor& other) const { return div_(other); }
  Tensor operator+=(double other) const { return add_(other); }
  Tensor operator-=(double other) const { return sub_(other); }
  Tensor operator*=(double other) const { return mul_(other); }
  Tensor operator/=(double other) const { return div_(other); }
  Tensor neg_() const;
  Tensor abs_() const;
  Tensor exp_() const;
  Tensor log_() const;
  Tensor sqrt_() const;
  Tensor tanh_() const;
  Tensor relu_() const;
  Tensor sigmoid_() const;
  Tensor zero_() const;
  Tensor fill_(double value) const;
  Tensor clamp_(double low, double high) const;
  Tensor masked_fill_(const Tensor& mask, double value) const;
  Tensor copy_(const Tensor& source) const;
  Tensor index_put_(const std::vector<TensorIndex>& indices, const Tensor& values,
                    bool accumulate = false) const;

  detail::TensorImpl* impl() const { return impl_; }
  /// Takes over one reference.
  explicit Tensor(detail::TensorImpl* impl) : impl_(impl) {}

 private:
  void* checked_data(DType expected) const;

  detail::TensorImpl* impl_ = nullptr;  // counted reference
};

/// What max, min, sort and topk find along an axis, and where (i64).
struct ValuesAndIndices {
  Tensor values;
  Tensor indices;
};

/// Creation: on default_device() unless a device is given; *_like on the other tensor's device.
/// Memory from the device's pool; contents undefined.
Tensor empty(const Shape& shape, DType type = DType::F32, Device device = default_device());
/// The same in the name of an op, which an error names and a list of live tensors shows.
Tensor empty_for(const char* op, const Shape& shape, DType type, Device device);
Tensor empty_like(const Tensor& other);
Tensor zeros(const Shape& shape, DType type = DType::F32, Device device = default_device());
Tensor zeros_like(const Tensor& other);
/// ones, full, eye and their like: runtime/ops/fill.h (they need a kernel).

/// Copies host values in row-major order; T is float, int32_t, int64_t (bool: from_bools), or
/// double, which makes an f32 tensor: rounded, but on the device `real`.
template <typename T>
Tensor from_data(std::span<const T> values, const Shape& shape, Device device = default_device());
template <typename T>
Tensor from_data(const std::vector<T>& values, const Shape& shape,
                 Device device = default_device()) {
  return from_data(std::span<const T>(values), shape, device);
}
Tensor from_bools(const std::vector<bool>& values, const Shape& shape,
                  Device device = default_device());
/// A rank-0 tensor: pg::scalar(2.0); numbers are f32, rounded but on the device `real`.
Tensor scalar(double value, Device device = default_device());
Tensor scalar(std::int64_t value, Device device = default_device());
/// f32 from lists: pg::tensor({1, 2, 3}), pg::tensor({{1, 2}, {3, 4}}), whose rows have one length.
Tensor tensor(std::initializer_list<double> values, Device device = default_device());
Tensor tensor(std::initializer_list<std::initializer_list<double>> rows,
              Device device = default_device());
/// Of one dimension and another element type: pg::tensor_of<std::int64_t>({1, 2, 3}).
template <typename T>
Tensor tensor_of(std::initializer_list<T> values, Device device = default_device()) {
  return from_data(std::span<const T>(values.begin(), values.size()),
                   {static_cast<std::int64_t>(values.size())}, device);
}
/// start, start + step, ... below end (above, for a negative step); start is 0 and step 1 if left
/// out. Integers give i64. With a fraction or a floating-point argument f32: start + i * step,
/// computed in double and rounded. "arange: the step is 0".
Tensor arange(std::int64_t end);
Tensor arange(std::int64_t start, std::int64_t end, std::int64_t step = 1, DType type = DType::I64,
              Device device = default_device());
Tensor arange_of_doubles(double start, double end, double step, DType type, Device device);
template <typename A, typename B, typename C = int>
  requires(std::is_floating_point_v<A> || std::is_floating_point_v<B> ||
           std::is_floating_point_v<C>)
Tensor arange(A start, B end, C step = 1, DType type = DType::F32,
              Device device = default_device()) {
  return arange_of_doubles(static_cast<double>(start), static_cast<double>(end),
                           static_cast<double>(step), type, device);
}
/// `steps` numbers from start to end, both included, evenly spaced; f32, computed in double.
Tensor linspace(double start, double end, std::int64_t steps, Device device = default_device());
/// Uniform in [0, 1), standard normal; drawn on the host from `generator`, by default the global
/// one, so that they have the same bits on every device.
Tensor rand(const Shape& shape, Generator* generator = nullptr, Device device = default_device());
Tensor randn(const Shape& shape, Generator* generator = nullptr, Device device = default_device());
Tensor rand_like(const Tensor& other, Generator* generator = nullptr);
Tensor randn_like(const Tensor& other, Generator* generator = nullptr);
/// Integers in [low, high), i64, drawn in the same way; low is 0 if left out.
Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape,
               Generator* generator = nullptr, Device device = default_device());
Tensor randint(std::int64_t high, const Shape& shape, Generator* generator = nullptr,
               Device device = default_device());
/// 0, 1, ... count - 1 in random order, i64.
Tensor randperm(std::int64_t count, Generator* generator = nullptr,
                Device device = default_device());

/// A packed copy on another device; the tensor itself when it is there already. Not recorded
/// (Tensor::to(device) is).
Tensor to_device(const Tensor& x, Device device);
/// Moves a tensor's storage, and with it all handles and views on it; marks it as written.
void move_to_device(const Tensor& x, Device device);
/// Overwrites all elements of a packed tensor with `bytes` of row-major host data; marks it as
/// written.
void write_from_host(const Tensor& x, const void* data, std::size_t bytes);
/// The same with numbers for an f32 tensor, which are rounded, but on the device `real`.
void write_from_host(const Tensor& x, std::span<const double> values);

/// Bounds that hold for all elements of an integer tensor with at least one. Of a tensor on a GPU
/// they are known without waiting when the host filled it, and are then those of the whole storage.
struct ValueRange {
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
};
ValueRange value_range(const Tensor& x);
/// The only element of an i64 tensor, without waiting for a GPU when the host wrote it.
std::int64_t single_value(const Tensor& x);

/// Raw views: new handles on the same storage, never recorded, never copying.
namespace view {
Tensor transpose(const Tensor& x, int a, int b);
Tensor permute(const Tensor& x, const Dims& order);
Tensor expand(const Tensor& x, const Shape& shape);  // size-1 and new leading dimensions; -1 keeps
Tensor squeeze(const Tensor& x, int axis);
Tensor unsqueeze(const Tensor& x, int axis);
Tensor select(const Tensor& x, int axis, std::int64_t index);
Tensor slice(const Tensor& x, int axis, std::int64_t start, std::int64_t end,
             std::int64_t step = 1);
Tensor narrow(const Tensor& x, int axis, std::int64_t start, std::int64_t length);
/// The view with another shape when strides allow it (one size may be -1), else nothing.
std::optional<Tensor> try_reshape(const Tensor& x, const Shape& shape);
/// try_reshape or an error; ops::reshape copies when needed.
Tensor reshape(const Tensor& x, const Shape& shape);
/// Any view, for ops that compute strides themselves; checks that it stays inside the storage.
Tensor as_strided(const Tensor& x, const Shape& shape, const Strides& strides, std::int64_t offset);
/// A new handle on the same elements without autograd metadata.
Tensor alias(const Tensor& x);
/// Replaces a -1 in `shape` for a tensor of `count` elements.
Shape resolve_shape(std::string_view op, const Shape& shape, std::int64_t count);
}  // namespace view

/// "f32 [2, 3]".
std::string describe(const Tensor& x);

}  // namespace pg
