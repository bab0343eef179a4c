// See shape.h.
#include "runtime/tensor/shape.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/device/error.h"

namespace pg {

Dims::Dims(std::span<const std::int64_t> values) {
  if (values.size() > kMaxRank) {
    fail("shape", "{} dimensions; at most {} are supported", values.size(), kMaxRank);
  }
  size_ = static_cast<int>(values.size());
  std::copy(values.begin(), values.end(), values_);
}

Dims Dims::filled(int count, std::int64_t value) {
  Dims result;
  for (int i = 0; i < count; ++i) result.push_back(value);
  return result;
}

void Dims::push_back(std::int64_t value) { insert(size_, value); }

void Dims::insert(int position, std::int64_t value) {
  if (size_ == kMaxRank) fail("shape", "at most {} dimensions are supported", kMaxRank);
  std::copy_backward(values_ + position, values_ + size_, values_ + size_ + 1);
  values_[position] = value;
  ++size_;
}

void Dims::erase(int position) {
  std::copy(values_ + position + 1, values_ + size_, values_ + position);
  --size_;
}

bool Dims::operator==(const Dims& other) const {
  return std::equal(begin(), end(), other.begin(), other.end());
}

std::string to_string(const Dims& dims) {
  return fmt::format("[{}]", fmt::join(dims.span(), ", "));
}

std::int64_t element_count(std::string_view op, const Shape& shape) {
  std::int64_t count = 1;
  bool overflow = false;
  bool is_empty = false;
  for (std::int64_t size : shape) {
    if (size < 0) fail(op, "negative size in shape {}", to_string(shape));
    // A zero anywhere makes the product zero, even where the other sizes would overflow; strides
    // are computed with zeros counted as ones, so such a shape is refused all the same.
    is_empty |= size == 0;
    overflow |= __builtin_mul_overflow(count, std::max<std::int64_t>(size, 1), &count);
  }
  if (overflow) {
    fail(op, "shape {} has more elements than fit in 63 bits", to_string(shape));
  }
  return is_empty ? 0 : count;
}

Strides contiguous_strides(const Shape& shape) {
  Strides strides = shape;
  std::int64_t stride = 1;
  for (int i = shape.size() - 1; i >= 0; --i) {
    strides[i] = stride;
    stride *= std::max<std::int64_t>(shape[i], 1);
  }
  return strides;
}

Shape broadcast_shapes(std::string_view op, const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape result = longer;
  const int shift = longer.size() - shorter.size();
  for (int i = 0; i < shorter.size(); ++i) {
    std::int64_t& size = result[i + shift];
    if (size == shorter[i] || shorter[i] == 1) continue;
    if (size != 1) {
      fail(op, "shapes {} and {} do not broadcast: sizes {} and {} differ", to_string(a),
           to_string(b), size, shorter[i]);
    }
    size = shorter[i];
  }
  return result;
}

int normalize_axis(std::string_view op, int axis, int rank) {
  if (axis < -rank || axis >= rank) {
    fail(op, "axis {} is out of range for {} dimension{}", axis, rank, rank == 1 ? "" : "s");
  }
  return axis < 0 ? axis + rank : axis;
}

Dims normalize_axes(std::string_view op, const Dims& axes, int rank) {
  bool chosen[kMaxRank] = {};
  for (std::int64_t axis : axes) {
    if (axis < -rank || axis >= rank) normalize_axis(op, static_cast<int>(axis), rank);
    const auto at = static_cast<int>(axis < 0 ? axis + rank : axis);
    if (chosen[at]) fail(op, "axis {} is given twice in {}", at, to_string(axes));
    chosen[at] = true;
  }
  Dims result;
  for (int i = 0; i < rank; ++i) {
    if (axes.empty() || chosen[i]) result.push_back(i);
  }
  return result;
}

std::int64_t count_between(const Shape& shape, int begin, int end) {
  std::int64_t result = 1;
  for (int d = begin; d < end; ++d) result *= shape[d];
  return result;
}

Shape three_parts(const Shape& shape, int axis) {
  return {count_between(shape, 0, axis), shape[axis], count_between(shape, axis + 1, shape.size())};
}

Dims order_with_last(const Dims& axes, int rank) {
  Dims order;
  int next = 0;
  for (int d = 0; d < rank; ++d) {
    if (next < axes.size() && axes[next] == d) {
      ++next;
    } else {
      order.push_back(d);
    }
  }
  for (std::int64_t axis : axes) order.push_back(axis);
  return order;
}

Dims inverse_order(const Dims& order) {
  Dims inverse = order;
  for (int i = 0; i < order.size(); ++i) {
    inverse[normalize_axis("permute", static_cast<int>(order[i]), order.size())] = i;
  }
  return inverse;
}

Shape reduced_shape(const Shape& shape, const Dims& axes, bool keepdim) {
  Shape result;
  int next = 0;
  for (int i = 0; i < shape.size(); ++i) {
    if (next < axes.size() && axes[next] == i) {
      if (keepdim) result.push_back(1);
      ++next;
    } else {
      result.push_back(shape[i]);
    }
  }
  return result;
}

}  // namespace pg
