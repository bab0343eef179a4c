// Recorded views, copies and joins (runtime/autograd/shape.h).
#include <fmt/format.h>

#include <algorithm>

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "runtime/ops/checks.h"
#include "runtime/ops/copy.h"

namespace pg {

using autograd::record;
using autograd::VjpCall;

namespace {

/// Zeros of `shape` with x at the sliced places; slicing is its vjp in turn.
Tensor unslice(const Tensor& x, const Shape& shape, int axis, std::int64_t start,
               std::int64_t step) {
  return record("unslice", ops::slice_backward(x, shape, axis, start, step), {&x}, {},
                [axis, start, step, count = x.shape()[axis]](const VjpCall& call) -> Tensors {
                  const std::int64_t end = count == 0 ? start : start + (count - 1) * step + 1;
                  return {slice(call.gradient(), axis, start, end, step)};
                });
}

}  // namespace

Tensor transpose(const Tensor& x, int a, int b) {
  return record(
      "transpose", view::transpose(x, a, b), {&x}, {},
      [a, b](const VjpCall& call) -> Tensors { return {transpose(call.gradient(), a, b)}; });
}

Tensor permute(const Tensor& x, const Dims& order) {
  const Tensor y = view::permute(x, order);
  return record("permute", y, {&x}, {}, [order](const VjpCall& call) -> Tensors {
    return {permute(call.gradient(), inverse_order(order))};
  });
}

Tensor reshape(const Tensor& x, const Shape& shape) {
  return record("reshape", ops::reshape(x, shape), {&x}, {},
                [from = x.shape()](const VjpCall& call) -> Tensors {
                  return {reshape(call.gradient(), from)};
                });
}

Tensor expand(const Tensor& x, const Shape& shape) {
  return record("expand", view::expand(x, shape), {&x}, {},
                [from = x.shape()](const VjpCall& call) -> Tensors {
                  return {sum_to(call.gradient(), from)};
                });
}

Tensor squeeze(const Tensor& x, int axis) {
  return record("squeeze", view::squeeze(x, axis), {&x}, {},
                [from = x.shape()](const VjpCall& call) -> Tensors {
                  return {reshape(call.gradient(), from)};
                });
}

Tensor squeeze(const Tensor& x) {
  Shape shape;
  for (std::int64_t size : x.shape()) {
    if (size != 1) shape.push_back(size);
  }
  return reshape(x, shape);
}

Tensor unsqueeze(const Tensor& x, int axis) {
  return record("unsqueeze", view::unsqueeze(x, axis), {&x}, {},
                [from = x.shape()](const VjpCall& call) -> Tensors {
                  return {reshape(call.gradient(), from)};
                });
}

Tensor flatten(const Tensor& x, int first, int last) {
  if (x.dim() == 0) return reshape(x, {1});
  first = normalize_axis("flatten", first, x.dim());
  last = normalize_axis("flatten", last, x.dim());
  if (first > last) fail("flatten", "axis {} comes after axis {}", first, last);
  Shape shape;
  std::int64_t merged = 1;
  for (int i = 0; i < x.dim(); ++i) {
    merged *= x.shape()[i];
    if (i >= first && i < last) continue;
    shape.push_back(merged);
    merged = 1;
  }
  return reshape(x, shape);
}

Tensor select(const Tensor& x, int axis, std::int64_t index) {
  const Tensor y = view::select(x, axis, index);
  axis = normalize_axis("select", axis, x.dim());
  if (index < 0) index += x.shape()[axis];
  return record("select", y, {&x}, {},
                [axis, index, from = x.shape()](const VjpCall& call) -> Tensors {
                  return {unslice(unsqueeze(call.gradient(), axis), from, axis, index, 1)};
                });
}

Tensor slice(const Tensor& x, int axis, std::int64_t start, std::int64_t end, std::int64_t step) {
  const Tensor y = view::slice(x, axis, start, end, step);
  axis = normalize_axis("slice", axis, x.dim());
  const std::int64_t size = x.shape()[axis];
  start = std::clamp(start < 0 ? start + size : start, std::int64_t{0}, size);
  return record("slice", y, {&x}, {},
                [axis, start, step, from = x.shape()](const VjpCall& call) -> Tensors {
                  return {unslice(call.gradient(), from, axis, start, step)};
                });
}

Tensor narrow(const Tensor& x, int axis, std::int64_t start, std::int64_t length) {
  const Tensor y = view::narrow(x, axis, start, length);
  axis = normalize_axis("narrow", axis, x.dim());
  return record("narrow", y, {&x}, {},
                [axis, start, from = x.shape()](const VjpCall& call) -> Tensors {
                  return {unslice(call.gradient(), from, axis, start, 1)};
                });
}

Tensor contiguous(const Tensor& x) { return x.is_contiguous() ? x : clone(x); }

Tensor clone(const Tensor& x) {
  return record("clone", ops::clone(x), {&x}, {},
                [](const VjpCall& call) -> Tensors { return {call.gradient()}; });
}

Tensor cast(const Tensor& x, DType type) {
  if (x.dtype() == type) return x;
  return ops::cast(x, type);  // f32 is the only type with gradients
}

Tensor to(const Tensor& x, Device device) {
  const Tensor y = to_device(x, device);
  if (y.is_same(x)) return x;
  return record("to", y, {&x}, {}, [from = x.device()](const VjpCall& call) -> Tensors {
    return {to(call.gradient(), from)};
  });
}

Tensor cat(std::span<const Tensor> parts, int axis) {
  DType type = DType::Bool;
  for (const Tensor& part : parts) {
    ops::check_defined("cat", part);
    type = higher(type, part.dtype());
  }
  const auto is_other = [type](const Tensor& part) { return part.dtype() != type; };
  if (std::ranges::any_of(parts, is_other)) {
    Tensors alike;
    for (const Tensor& part : parts) alike.push_back(cast(part, type));
    return cat(alike, axis);
  }
  const Tensor y = ops::cat(parts, axis);
  std::vector<const Tensor*> inputs;
  for (const Tensor& part : parts) inputs.push_back(&part);
  if (y.dtype() != DType::F32 || !autograd::needs_record(inputs)) return y;
  axis = normalize_axis("cat", axis, y.dim());
  std::vector<std::int64_t> sizes;
  for (const Tensor& part : parts) sizes.push_back(part.size(axis));
  autograd::attach("cat", {&y, 1}, inputs, {}, [axis, sizes](const VjpCall& call) -> Tensors {
    Tensors result(sizes.size());
    std::int64_t start = 0;
    for (std::size_t i = 0; i < sizes.size(); start += sizes[i++]) {
      if (call.wants(static_cast<int>(i)))
        result[i] = narrow(call.gradient(), axis, start, sizes[i]);
    }
    return result;
  });
  return y;
}

Tensor cat(std::initializer_list<Tensor> parts, int axis) {
  return cat(std::span(parts.begin(), parts.size()), axis);
}

Tensor stack(std::span<const Tensor> parts, int axis) {
  Tensors raised;
  for (const Tensor& part : parts) {
    ops::check_defined("stack", part);
    if (part.shape() != parts[0].shape()) {
      fail("stack", "the shapes {} and {} differ", to_string(parts[0].shape()),
           to_string(part.shape()));
    }
    raised.push_back(unsqueeze(part, axis));
  }
  if (raised.empty()) fail("stack", "no tensors");
  return cat(raised, axis);
}

Tensor stack(std::initializer_list<Tensor> parts, int axis) {
  return stack(std::span(parts.begin(), parts.size()), axis);
}

Tensors split(const Tensor& x, std::int64_t size, int axis) {
  if (size <= 0) fail("split", "size {} is not positive", size);
  const std::int64_t whole = x.size(axis);
  Tensors parts;
  for (std::int64_t start = 0; start < whole; start += size) {
    parts.push_back(narrow(x, axis, start, std::min(size, whole - start)));
    if (size > whole - start) break;  // start + size might overflow
  }
  if (parts.empty()) parts.push_back(narrow(x, axis, 0, 0));
  return parts;
}

Tensors split(const Tensor& x, std::span<const std::int64_t> sizes, int axis) {
  Tensors parts;
  std::int64_t start = 0;
  for (std::int64_t size : sizes) {
    if (size < 0 || size > x.size(axis) - start) break;
    parts.push_back(narrow(x, axis, start, size));
    start += size;
  }
  if (parts.size() != sizes.size() || start != x.size(axis)) {
    fail("split", "the sizes [{}] do not add up to {}", fmt::join(sizes, ", "), x.size(axis));
  }
  return parts;
}

Tensors split(const Tensor& x, std::initializer_list<std::int64_t> sizes, int axis) {
  return split(x, std::span(sizes.begin(), sizes.size()), axis);
}

Tensors chunk(const Tensor& x, std::int64_t count, int axis) {
  if (count <= 0) fail("chunk", "{} parts", count);
  const std::int64_t whole = x.size(axis);
  if (whole > 0) return split(x, whole / count + (whole % count == 0 ? 0 : 1), axis);
  const std::vector<std::int64_t> sizes(static_cast<std::size_t>(count), 0);
  return split(x, sizes, axis);
}

Tensors unbind(const Tensor& x, int axis) {
  Tensors parts;
  for (std::int64_t i = 0; i < x.size(axis); ++i) parts.push_back(select(x, axis, i));
  return parts;
}

Tensor repeat(const Tensor& x, const Dims& counts) {
  ops::check_defined("repeat", x);
  const int added = counts.size() - x.dim();
  if (added < 0) {
    fail("repeat", "{} counts for {} dimensions", counts.size(), x.dim());
  }
  Shape before = Shape::filled(added, 1);
  for (std::int64_t size : x.shape()) before.push_back(size);
  Shape after = before;
  for (int d = 0; d < counts.size(); ++d) {
    if (counts[d] < 0 || __builtin_mul_overflow(before[d], counts[d], &after[d])) {
      fail("repeat", "{} times {}", to_string(counts), to_string(before));
    }
  }
  element_count("repeat", after);
  // One dimension after the other, from the last, so that what is copied often is copied late.
  Tensor y = reshape(x, before);
  for (int d = counts.size(); d-- > 0;) {
    if (counts[d] == 1) continue;
    const Shape parts = three_parts(y.shape(), d);
    Shape shape = y.shape();
    shape[d] = after[d];
    y = reshape(expand(reshape(y, {parts[0], 1, parts[1], parts[2]}),
                       {parts[0], counts[d], parts[1], parts[2]}),
                shape);
  }
  return y.shares_storage(x) ? clone(y) : y;
}

Tensor flip(const Tensor& x, const Dims& axes) {
  Strides strides = x.strides();
  std::int64_t offset = x.storage_offset();
  if (x.numel() > 0 && !axes.empty()) {
    for (std::int64_t axis : normalize_axes("flip", axes, x.dim())) {
      const int d = static_cast<int>(axis);
      offset += (x.shape()[d] - 1) * strides[d];
      strides[d] = -strides[d];
    }
  }
  return record("flip", ops::clone(view::as_strided(x, x.shape(), strides, offset)), {&x}, {},
                [axes](const VjpCall& call) -> Tensors { return {flip(call.gradient(), axes)}; });
}

Tensor roll(const Tensor& x, std::int64_t shift, int axis) {
  const std::int64_t size = x.size(axis);
  if (size == 0) return x;
  const std::int64_t first = ((-shift % size) + size) % size;
  if (first == 0) return clone(x);
  return cat({narrow(x, axis, first, size - first), narrow(x, axis, 0, first)}, axis);
}

Tensor roll(const Tensor& x, std::int64_t shift) {
  return reshape(roll(reshape(x, {-1}), shift, 0), x.shape());
}

namespace {

Tensor triangle(const Tensor& x, std::int64_t diagonal, bool is_upper) {
  return record(is_upper ? "triu" : "tril", ops::triangle(x, diagonal, is_upper), {&x}, {},
                [diagonal, is_upper](const VjpCall& call) -> Tensors {
                  return {triangle(call.gradient(), diagonal, is_upper)};
                });
}

}  // namespace

Tensor tril(const Tensor& x, std::int64_t diagonal) { return triangle(x, diagonal, false); }
Tensor triu(const Tensor& x, std::int64_t diagonal) { return triangle(x, diagonal, true); }

}  // namespace pg
