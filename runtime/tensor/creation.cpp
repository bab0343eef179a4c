// Tensors from nothing or from host data (tensor.h). Host values are copied once; whatever computes
// on the device is an op.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "runtime/device/error.h"
#include "runtime/tensor/random.h"
#include "runtime/tensor/tensor_impl.h"

namespace pg {
namespace {

/// Of a row made on the host: more would be a mistake, and would not fit.
constexpr std::uint64_t most_numbers = std::uint64_t{1} << 40;

Tensor allocate(const char* op, const Shape& shape, DType type, Device device) {
  std::int64_t bytes = 0;
  const std::int64_t count = element_count(op, shape);
  const std::int64_t width = element_bytes(type, device);
  if (__builtin_mul_overflow(count, width, &bytes)) {
    fail(op, "{} of shape {} needs more than 2^63 bytes", name_of(type), to_string(shape));
  }
  auto impl = std::make_unique<detail::TensorImpl>();
  Buffer buffer = pg::allocate(op, count, width, device);
  impl->storage =
      new detail::Storage{.bytes = bytes, .buffer = std::move(buffer), .device = device};
  impl->dtype = type;
  impl->numel = count;
  impl->shape = shape;
  impl->strides = contiguous_strides(shape);
  return Tensor(impl.release());
}

/// `form`: where the host data would lie as it is (copy_elements).
Tensor from_host(const char* op, const void* data, std::size_t count, const Shape& shape,
                 DType type, Device device, Device form = cpu_device) {
  Tensor result = allocate(op, shape, type, device);
  if (static_cast<std::int64_t>(count) != result.numel()) {
    fail(op, "{} values for shape {} of {} elements", count, to_string(shape), result.numel());
  }
  detail::copy_elements(result.data(), device, data, form, result.numel(), type);
  detail::remember_range(result, data);
  return result;
}

std::vector<std::int32_t> narrowed(const char* op, const std::vector<std::int64_t>& values) {
  for (std::int64_t value : values) {
    if (!std::in_range<std::int32_t>(value)) fail(op, "{} is not an i32", value);
  }
  return {values.begin(), values.end()};
}

}  // namespace

Tensor empty(const Shape& shape, DType type, Device device) {
  return allocate("empty", shape, type, device);
}
Tensor empty_for(const char* op, const Shape& shape, DType type, Device device) {
  return allocate(op, shape, type, device);
}
Tensor empty_like(const Tensor& other) {
  detail::checked("empty_like", other);
  return allocate("empty_like", other.shape(), other.dtype(), other.device());
}

Tensor zeros(const Shape& shape, DType type, Device device) {
  Tensor result = allocate("zeros", shape, type, device);
  fill_bytes(result.data(), device, 0,
             static_cast<std::size_t>(result.numel() * element_bytes(type, device)));
  return result;
}

Tensor zeros_like(const Tensor& other) {
  detail::checked("zeros_like", other);
  return zeros(other.shape(), other.dtype(), other.device());
}

template <typename T>
Tensor from_data(std::span<const T> values, const Shape& shape, Device device) {
  return from_host("from_data", values.data(), values.size(), shape, dtype_of<T>, device);
}

template <>
Tensor from_data(std::span<const double> values, const Shape& shape, Device device) {
  return from_host("from_data", values.data(), values.size(), shape, DType::F32, device,
                   real_device);
}

template Tensor from_data(std::span<const float>, const Shape&, Device);
template Tensor from_data(std::span<const std::int32_t>, const Shape&, Device);
template Tensor from_data(std::span<const std::int64_t>, const Shape&, Device);
template Tensor from_data(std::span<const bool>, const Shape&, Device);

Tensor from_bools(const std::vector<bool>& values, const Shape& shape, Device device) {
  const std::vector<unsigned char> bytes(values.begin(), values.end());
  return from_host("from_bools", bytes.data(), bytes.size(), shape, DType::Bool, device);
}

Tensor scalar(double value, Device device) {
  return from_host("scalar", &value, 1, {}, DType::F32, device, real_device);
}
Tensor scalar(std::int64_t value, Device device) {
  return from_host("scalar", &value, 1, {}, DType::I64, device);
}

Tensor tensor(std::initializer_list<double> values, Device device) {
  return from_host("tensor", values.begin(), values.size(),
                   {static_cast<std::int64_t>(values.size())}, DType::F32, device, real_device);
}

Tensor tensor(std::initializer_list<std::initializer_list<double>> rows, Device device) {
  std::vector<double> values;
  const std::size_t width = rows.size() == 0 ? 0 : rows.begin()->size();
  for (const std::initializer_list<double>& row : rows) {
    if (row.size() != width) fail("tensor", "rows of {} and {} elements", width, row.size());
    values.insert(values.end(), row.begin(), row.end());
  }
  return from_data(
      values, {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(width)}, device);
}

Tensor arange(std::int64_t end) { return arange(0, end, 1); }

Tensor arange(std::int64_t start, std::int64_t end, std::int64_t step, DType type, Device device) {
  if (step == 0) fail("arange", "the step is 0");
  // Unsigned, since end - start and the value after the last may leave the range of i64.
  const auto from = static_cast<std::uint64_t>(step > 0 ? start : end);
  const auto to = static_cast<std::uint64_t>(step > 0 ? end : start);
  const auto stride =
      step > 0 ? static_cast<std::uint64_t>(step) : -static_cast<std::uint64_t>(step);
  const bool is_empty = step > 0 ? start >= end : start <= end;
  const std::uint64_t count = is_empty ? 0 : (to - from - 1) / stride + 1;
  if (count > most_numbers) fail("arange", "from {} to {} by {} is too long", start, end, step);
  std::vector<std::int64_t> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(start) +
                                          i * static_cast<std::uint64_t>(step));
  }
  const Shape shape{static_cast<std::int64_t>(values.size())};
  switch (type) {
    case DType::I64:
      return from_data(values, shape, device);
    case DType::I32:
      return from_data(narrowed("arange", values), shape, device);
    case DType::F32:
      return from_data(std::vector<double>(values.begin(), values.end()), shape, device);
    case DType::Bool:
      break;
  }
  fail("arange", "bool is not supported");
}

Tensor arange_of_doubles(double start, double end, double step, DType type, Device device) {
  if (step == 0.0) fail("arange", "the step is 0");
  const double count = std::ceil((end - start) / step);
  if (!(count <= static_cast<double>(most_numbers))) {
    fail("arange", "from {} to {} by {} is too long", start, end, step);
  }
  const Shape shape{static_cast<std::int64_t>(std::max(count, 0.0))};
  if (type != DType::F32) fail("arange", "{} from numbers with fractions", name_of(type));
  std::vector<double> values(static_cast<std::size_t>(element_count("arange", shape)));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = start + static_cast<double>(i) * step;
  }
  return from_data(values, shape, device);
}

Tensor linspace(double start, double end, std::int64_t steps, Device device) {
  if (steps < 0 || steps > static_cast<std::int64_t>(most_numbers)) {
    fail("linspace", "{} steps", steps);
  }
  std::vector<double> values(static_cast<std::size_t>(steps));
  const double step = steps > 1 ? (end - start) / static_cast<double>(steps - 1) : 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    // From the nearer end, so that both ends are exact.
    const std::size_t left = values.size() - 1 - i;
    values[i] =
        i <= left ? start + static_cast<double>(i) * step : end - static_cast<double>(left) * step;
  }
  return from_data(values, {steps}, device);
}

Tensor rand(const Shape& shape, Generator* generator, Device device) {
  std::vector<float> values(static_cast<std::size_t>(element_count("rand", shape)));
  (generator ? *generator : default_generator()).uniform(values);
  return from_data(values, shape, device);
}

Tensor randn(const Shape& shape, Generator* generator, Device device) {
  std::vector<float> values(static_cast<std::size_t>(element_count("randn", shape)));
  (generator ? *generator : default_generator()).normal(values);
  return from_data(values, shape, device);
}

Tensor rand_like(const Tensor& other, Generator* generator) {
  return rand(other.shape(), generator, other.device());
}
Tensor randn_like(const Tensor& other, Generator* generator) {
  return randn(other.shape(), generator, other.device());
}

Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, Generator* generator,
               Device device) {
  if (low >= high) fail("randint", "no integers from {} to below {}", low, high);
  std::vector<std::int64_t> values(static_cast<std::size_t>(element_count("randint", shape)));
  (generator ? *generator : default_generator()).integers(values, low, high);
  return from_data(values, shape, device);
}
Tensor randint(std::int64_t high, const Shape& shape, Generator* generator, Device device) {
  return randint(0, high, shape, generator, device);
}

Tensor randperm(std::int64_t count, Generator* generator, Device device) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(element_count("randperm", {count})));
  std::iota(values.begin(), values.end(), std::int64_t{0});
  (generator ? *generator : default_generator()).shuffle(values);
  return from_data(values, {count}, device);
}

}  // namespace pg
