// See checks.h.
#include "runtime/ops/checks.h"

#include <array>
#include <cmath>
#include <mutex>

#include "runtime/ops/copy.h"

namespace pg::ops {

void check_defined(std::string_view op, const Tensor& x) {
  if (!x.defined()) fail(op, "undefined tensor");
}

void check_same_device(std::string_view op, std::initializer_list<const Tensor*> tensors) {
  const Device device = (*tensors.begin())->device();
  for (const Tensor* x : tensors) {
    if (x->device() == device) continue;
    fail(op, "tensors are on {} and {}; move one with to(device)", to_string(device),
         to_string(x->device()));
  }
}

void check_f32(std::string_view op, std::initializer_list<const Tensor*> tensors) {
  for (const Tensor* x : tensors) {
    check_defined(op, *x);
    if (x->dtype() != DType::F32) fail(op, "does not take {} tensors", name_of(x->dtype()));
  }
  check_same_device(op, tensors);
}

void check_ids(std::string_view op, std::string_view what, const Tensor& ids, const Tensor& other) {
  check_defined(op, ids);
  if (!is_integer(ids.dtype())) fail(op, "{} are {}, not i32 or i64", what, name_of(ids.dtype()));
  check_same_device(op, {&other, &ids});
}

namespace {

template <class T>
std::optional<Outlier> find_outside_in(const T* values, std::int64_t count, std::int64_t lowest,
                                       std::int64_t end) {
  for (std::int64_t i = 0; i < count; ++i) {
    if (values[i] < lowest || values[i] >= end) return Outlier{i, values[i]};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Outlier> find_outside(const Tensor& ids, std::int64_t lowest, std::int64_t end) {
  if (ids.numel() == 0) return std::nullopt;
  if (ids.device().is_cuda()) {
    const ValueRange range = value_range(ids);
    if (range.lowest >= lowest && range.highest < end) return std::nullopt;
    return find_outside(to_device(ids, cpu_device), lowest, end);
  }
  if (ids.dtype() == DType::I32) {
    return find_outside_in(ids.data_ptr<std::int32_t>(), ids.numel(), lowest, end);
  }
  return find_outside_in(ids.data_ptr<std::int64_t>(), ids.numel(), lowest, end);
}

void check_shape(std::string_view op, std::string_view what, const Tensor& x, const Shape& shape) {
  check_defined(op, x);
  if (x.shape() == shape) return;
  fail(op, "{} is {}, not {}", what, to_string(x.shape()), to_string(shape));
}

Argument number_argument(std::string_view op, double value, DType type) {
  if (type == DType::F32) return Argument::scalar(value);
  if (type == DType::Bool) return Argument::scalar(value != 0.0);
  const double limit = type == DType::I32 ? 2147483648.0 : 9223372036854775808.0;
  if (value != std::floor(value) || value < -limit || value >= limit) {
    fail(op, "{} is not an {}", value, name_of(type));
  }
  if (type == DType::I32) return Argument::scalar(static_cast<std::int32_t>(value));
  return Argument::scalar(static_cast<std::int64_t>(value));
}

std::int64_t row_count(const Tensor& x) { return count_between(x.shape(), 0, x.dim() - 1); }

Shape leading_shape(const Tensor& x) {
  Shape shape = x.shape();
  if (!shape.empty()) shape.erase(shape.size() - 1);
  return shape;
}

Tensor new_result(const char* op, const Tensor& operand, const Shape& shape, DType type) {
  return empty_for(op, shape, type, operand.device());
}

Tensor as_rows(const Tensor& x) {
  if (x.dim() == 2) return x;
  return reshape(x, {row_count(x), x.dim() == 0 ? 1 : x.shape().back()});
}

namespace {

/// An i64 zero [1] on the device; made once, since every layer asks for it.
const Tensor& zero_on(Device device) {
  static std::array<std::once_flag, device_slots> flags;
  static std::array<Tensor, device_slots> values;
  const auto i = static_cast<std::size_t>(slot_of(device));
  std::call_once(flags[i], [&] { values[i] = zeros({1}, DType::I64, device); });
  return values[i];
}

}  // namespace

Tensor start_tensor(std::string_view op, const Tensor& start, std::int64_t otherwise,
                    const Tensor& operand) {
  if (!start.defined()) {
    if (otherwise == 0) return zero_on(operand.device());
    return from_data(std::vector<std::int64_t>{otherwise}, {1}, operand.device());
  }
  check_same_device(op, {&operand, &start});
  if (start.dtype() != DType::I64 || start.numel() != 1) {
    fail(op, "start is {}, not one i64", describe(start));
  }
  return start.dim() == 1 ? start : view::reshape(start, {1});
}

}  // namespace pg::ops
