// Elements between tensors and the host, and between devices (tensor.h).
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

#include "runtime/device/error.h"
#include "runtime/tensor/tensor_impl.h"

namespace pg {
namespace {

/// Copies `width`-byte elements in row-major order of the view; the innermost dimension is a loop.
void gather_bytes(const std::byte* from, std::byte* to, const Shape& shape, const Strides& strides,
                  std::int64_t width) {
  if (shape.empty()) {
    std::memcpy(to, from, static_cast<std::size_t>(width));
    return;
  }
  const int last = shape.size() - 1;
  Dims at = Dims::filled(last, 0);
  while (true) {
    std::int64_t start = 0;
    for (int i = 0; i < last; ++i) start += at[i] * strides[i];
    for (std::int64_t j = 0; j < shape[last]; ++j, to += width) {
      std::memcpy(to, from + (start + j * strides[last]) * width, static_cast<std::size_t>(width));
    }
    int axis = last - 1;
    for (; axis >= 0 && ++at[axis] == shape[axis]; --axis) at[axis] = 0;
    if (axis < 0) return;
  }
}

/// The elements in row-major order. Of a strided view on a GPU, all that lies between its first and
/// last element is copied and the elements are picked here.
void copy_to_host(const Tensor& x, void* to) {
  const std::int64_t width = element_bytes(x.dtype());
  if (x.numel() == 0) return;
  if (x.is_contiguous()) {
    copy_bytes(to, cpu_device, x.data(), x.device(), static_cast<std::size_t>(x.numel() * width));
    return;
  }
  const auto* from = static_cast<const std::byte*>(x.data());
  std::vector<std::byte> span;
  if (x.device().is_cuda()) {
    std::int64_t lowest = 0;
    std::int64_t highest = 0;
    for (int d = 0; d < x.dim(); ++d) {
      const std::int64_t reach = (x.shape()[d] - 1) * x.strides()[d];
      (reach < 0 ? lowest : highest) += reach;
    }
    span.resize(static_cast<std::size_t>((highest - lowest + 1) * width));
    copy_bytes(span.data(), cpu_device, from + lowest * width, x.device(), span.size());
    from = span.data() - lowest * width;
  }
  gather_bytes(from, static_cast<std::byte*>(to), x.shape(), x.strides(), width);
}

void check_type(const char* op, const Tensor& x, DType expected) {
  if (x.dtype() == expected) return;
  fail(op, "the tensor is {}, not {}", name_of(x.dtype()), name_of(expected));
}

}  // namespace

template <typename T>
T Tensor::item() const {
  if (numel() != 1) {
    fail("item", "needs exactly one element, the shape is {}", to_string(shape()));
  }
  check_type("item", *this, dtype_of<T>);
  T value;
  copy_to_host(*this, &value);
  return value;
}

template <>
double Tensor::item<double>() const {
  return item<float>();
}

template <typename T>
std::vector<T> Tensor::to_vector() const {
  check_type("to_vector", *this, dtype_of<T>);
  std::vector<T> values(static_cast<std::size_t>(numel()));
  copy_to_host(*this, values.data());
  return values;
}

template <>
std::vector<bool> Tensor::to_vector<bool>() const {
  check_type("to_vector", *this, DType::Bool);
  std::vector<unsigned char> bytes(static_cast<std::size_t>(numel()));
  copy_to_host(*this, bytes.data());
  return std::vector<bool>(bytes.begin(), bytes.end());
}

template float Tensor::item<float>() const;
template std::int32_t Tensor::item<std::int32_t>() const;
template std::int64_t Tensor::item<std::int64_t>() const;
template bool Tensor::item<bool>() const;
template std::vector<float> Tensor::to_vector<float>() const;
template std::vector<std::int32_t> Tensor::to_vector<std::int32_t>() const;
template std::vector<std::int64_t> Tensor::to_vector<std::int64_t>() const;

namespace {

std::mutex range_mutex;  // for Storage::range of all tensors; held briefly

template <typename T>
ValueRange range_of(const void* data, std::int64_t count) {
  const auto* values = static_cast<const T*>(data);
  const auto [lowest, highest] = std::minmax_element(values, values + count);
  return {*lowest, *highest};
}

ValueRange range_of(const void* data, std::int64_t count, DType type) {
  return type == DType::I32 ? range_of<std::int32_t>(data, count)
                            : range_of<std::int64_t>(data, count);
}

}  // namespace

void detail::remember_range(const Tensor& x, const void* data) {
  Storage& storage = *x.impl()->storage;
  const bool is_whole = x.numel() * element_bytes(x.dtype()) == storage.bytes;
  if (!x.device().is_cuda() || !is_integer(x.dtype()) || x.numel() == 0 || !is_whole) return;
  const ValueRange range = range_of(data, x.numel(), x.dtype());
  const std::lock_guard lock(range_mutex);
  storage.range = range;
  storage.range_version = x.version();
}

ValueRange value_range(const Tensor& x) {
  const char* op = "value_range";
  detail::checked(op, x);
  if (!is_integer(x.dtype()) || x.numel() == 0) fail(op, "no integers in {}", describe(x));
  {
    const detail::Storage& storage = *x.impl()->storage;
    const std::lock_guard lock(range_mutex);
    if (storage.range && storage.range_version == x.version()) return *storage.range;
  }
  std::vector<std::byte> copy(static_cast<std::size_t>(x.numel() * element_bytes(x.dtype())));
  copy_to_host(x, copy.data());
  if (x.is_contiguous()) detail::remember_range(x, copy.data());
  return range_of(copy.data(), x.numel(), x.dtype());
}

std::int64_t single_value(const Tensor& x) {
  if (x.device().is_cuda() && x.dtype() == DType::I64 && x.numel() == 1) {
    const ValueRange range = value_range(x);
    if (range.lowest == range.highest) return range.lowest;
  }
  return x.item<std::int64_t>();
}

Tensor to_device(const Tensor& x, Device device) {
  detail::checked("to", x);
  if (x.device() == device) return x;
  check_device("to", device);
  Tensor result = empty_for("to", x.shape(), x.dtype(), device);
  const auto bytes = static_cast<std::size_t>(x.numel() * element_bytes(x.dtype()));
  if (x.is_contiguous()) {
    copy_bytes(result.data(), device, x.data(), x.device(), bytes);
    if (!x.device().is_cuda()) detail::remember_range(result, x.data());
  } else if (!device.is_cuda()) {
    copy_to_host(x, result.data());
  } else {
    std::vector<std::byte> packed(bytes);
    copy_to_host(x, packed.data());
    copy_bytes(result.data(), device, packed.data(), cpu_device, bytes);
    detail::remember_range(result, packed.data());
  }
  return result;
}

void move_to_device(const Tensor& x, Device device) {
  detail::checked("to", x);
  detail::Storage& storage = *x.impl()->storage;
  if (storage.device == device) return;
  check_device("to", device);
  Buffer moved = allocate("to", storage.bytes, 1, device);
  copy_bytes(moved.data(), device, storage.buffer.data(), storage.device,
             static_cast<std::size_t>(storage.bytes));
  storage.buffer = std::move(moved);
  storage.device = device;
  x.mark_written();
}

void write_from_host(const Tensor& x, const void* data, std::size_t bytes) {
  detail::checked("write_from_host", x);
  const auto needed = static_cast<std::size_t>(x.numel() * element_bytes(x.dtype()));
  if (!x.is_contiguous() || bytes != needed) {
    fail("write_from_host", "{} bytes for {}{}", bytes, x.is_contiguous() ? "" : "strided ",
         describe(x));
  }
  copy_bytes(x.data(), x.device(), data, cpu_device, bytes);
  x.mark_written();
  detail::remember_range(x, data);
}

}  // namespace pg
