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

/// The elements in row-major order, as they lie on the CPU or on `real`. Of a strided view on a
/// GPU, all that lies between its first and last element is copied and the elements are picked
/// here.
void copy_to_host(const Tensor& x, void* to, Device form = cpu_device) {
  const std::int64_t width = element_bytes(x.dtype(), x.device());
  if (x.numel() == 0) return;
  if (x.is_contiguous()) {
    detail::copy_elements(to, form, x.data(), x.device(), x.numel(), x.dtype());
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
  const Device packed_form = x.device().is_real() ? real_device : cpu_device;
  if (form == packed_form) {
    gather_bytes(from, static_cast<std::byte*>(to), x.shape(), x.strides(), width);
    return;
  }
  std::vector<std::byte> packed(static_cast<std::size_t>(x.numel() * width));
  gather_bytes(from, packed.data(), x.shape(), x.strides(), width);
  detail::copy_elements(to, form, packed.data(), packed_form, x.numel(), x.dtype());
}

void check_type(const char* op, const Tensor& x, DType expected) {
  if (x.dtype() == expected) return;
  fail(op, "the tensor is {}, not {}", name_of(x.dtype()), name_of(expected));
}

}  // namespace

void detail::copy_elements(void* to, Device to_device, const void* from, Device from_device,
                           std::int64_t count, DType type) {
  const auto bytes = static_cast<std::size_t>(count * element_bytes(type, to_device));
  if (type != DType::F32 || to_device.is_real() == from_device.is_real()) {
    copy_bytes(to, to_device, from, from_device, bytes);
  } else if (from_device.is_real()) {
    const auto* exact = static_cast<const double*>(from);
    const std::vector<float> rounded(exact, exact + count);
    copy_bytes(to, to_device, rounded.data(), cpu_device, bytes);
  } else {
    std::vector<float> narrow(static_cast<std::size_t>(count));
    copy_bytes(narrow.data(), cpu_device, from, from_device, narrow.size() * sizeof(float));
    std::ranges::copy(narrow, static_cast<double*>(to));
  }
}

namespace {

template <typename T>
T only_element(const Tensor& x, DType type, Device form) {
  if (x.numel() != 1) {
    fail("item", "needs exactly one element, the shape is {}", to_string(x.shape()));
  }
  check_type("item", x, type);
  T value;
  copy_to_host(x, &value, form);
  return value;
}

}  // namespace

template <typename T>
T Tensor::item() const {
  return only_element<T>(*this, dtype_of<T>, cpu_device);
}

template <>
double Tensor::item<double>() const {
  return only_element<double>(*this, DType::F32, real_device);
}

double Tensor::item() const {
  switch (dtype()) {
    case DType::F32:
      return item<float>();
    case DType::I32:
      return item<std::int32_t>();
    case DType::I64:
      return static_cast<double>(item<std::int64_t>());
    case DType::Bool:
      return item<bool>() ? 1.0 : 0.0;
  }
  return 0.0;
}

template <typename T>
std::vector<T> Tensor::to_vector() const {
  check_type("to_vector", *this, dtype_of<T>);
  std::vector<T> values(static_cast<std::size_t>(numel()));
  copy_to_host(*this, values.data());
  return values;
}

template <>
std::vector<double> Tensor::to_vector<double>() const {
  check_type("to_vector", *this, DType::F32);
  std::vector<double> values(static_cast<std::size_t>(numel()));
  copy_to_host(*this, values.data(), real_device);
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
  const bool is_whole = x.numel() * element_bytes(x.dtype(), x.device()) == storage.bytes;
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
  if (x.is_contiguous()) {
    detail::copy_elements(result.data(), device, x.data(), x.device(), x.numel(), x.dtype());
    if (!x.device().is_cuda()) detail::remember_range(result, x.data());
  } else if (!device.is_cuda()) {
    copy_to_host(x, result.data(), device);
  } else {
    std::vector<std::byte> packed(static_cast<std::size_t>(x.numel() * element_bytes(x.dtype())));
    copy_to_host(x, packed.data());
    detail::copy_elements(result.data(), device, packed.data(), cpu_device, x.numel(), x.dtype());
    detail::remember_range(result, packed.data());
  }
  return result;
}

void move_to_device(const Tensor& x, Device device) {
  detail::checked("to", x);
  detail::Storage& storage = *x.impl()->storage;
  if (storage.device == device) return;
  check_device("to", device);
  const std::int64_t count = storage.bytes / element_bytes(x.dtype(), storage.device);
  Buffer moved = allocate("to", count, element_bytes(x.dtype(), device), device);
  detail::copy_elements(moved.data(), device, storage.buffer.data(), storage.device, count,
                        x.dtype());
  storage.buffer = std::move(moved);
  storage.bytes = count * element_bytes(x.dtype(), device);
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
  detail::copy_elements(x.data(), x.device(), data, cpu_device, x.numel(), x.dtype());
  x.mark_written();
  detail::remember_range(x, data);
}

void write_from_host(const Tensor& x, std::span<const double> values) {
  const char* op = "write_from_host";
  detail::checked(op, x);
  check_type(op, x, DType::F32);
  if (!x.is_contiguous() || values.size() != static_cast<std::size_t>(x.numel())) {
    fail(op, "{} numbers for {}{}", values.size(), x.is_contiguous() ? "" : "strided ",
         describe(x));
  }
  detail::copy_elements(x.data(), x.device(), values.data(), real_device, x.numel(), x.dtype());
  x.mark_written();
}

}  // namespace pg
