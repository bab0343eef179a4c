// pg::view (tensor.h): arithmetic on shapes and strides that makes new handles on old storage.
#include <fmt/format.h>

#include <algorithm>

#include "runtime/device/error.h"
#include "runtime/tensor/tensor_impl.h"

namespace pg::view {
namespace {

Tensor derive(const char* op, const Tensor& x, const Shape& shape, const Strides& strides,
              std::int64_t offset) {
  return detail::make_view(op, x.impl()->storage, x.dtype(), shape, strides, offset);
}

/// Strides under which `x` has `shape` without a copy: walks both shapes from the back, matching
/// runs of old dimensions that are packed with each other to runs of new ones.
std::optional<Strides> reshaped_strides(const Tensor& x, const Shape& shape) {
  if (x.numel() == 0 || x.is_contiguous()) return contiguous_strides(shape);
  Strides strides = Dims::filled(shape.size(), 1);
  int to = shape.size() - 1;
  std::int64_t run = 1;  // elements of the current run of old dimensions
  std::int64_t base = 1;
  for (int from = x.dim() - 1; from >= 0; --from) {
    if (run == 1) base = x.strides()[from];
    run *= x.shape()[from];
    const bool ends =
        from == 0 || (x.shape()[from - 1] != 1 && x.strides()[from - 1] != run * base);
    if (!ends) continue;
    std::int64_t covered = 1;
    while (to >= 0 && (covered < run || shape[to] == 1)) {
      strides[to] = covered * base;
      covered *= shape[to--];
    }
    if (covered != run) return std::nullopt;
    run = 1;
  }
  return strides;
}

}  // namespace

Tensor transpose(const Tensor& x, int a, int b) {
  detail::checked("transpose", x);
  a = normalize_axis("transpose", a, x.dim());
  b = normalize_axis("transpose", b, x.dim());
  Shape shape = x.shape();
  Strides strides = x.strides();
  std::swap(shape[a], shape[b]);
  std::swap(strides[a], strides[b]);
  return derive("transpose", x, shape, strides, x.storage_offset());
}

Tensor permute(const Tensor& x, const Dims& order) {
  detail::checked("permute", x);
  if (order.size() != x.dim() ||
      (!order.empty() && normalize_axes("permute", order, x.dim()).size() != x.dim())) {
    fail("permute", "{} axes given for {}", order.size(), describe(x));
  }
  Shape shape;
  Strides strides;
  for (std::int64_t axis : order) {
    const auto at = static_cast<int>(axis < 0 ? axis + x.dim() : axis);
    shape.push_back(x.shape()[at]);
    strides.push_back(x.strides()[at]);
  }
  return derive("permute", x, shape, strides, x.storage_offset());
}

Tensor expand(const Tensor& x, const Shape& shape) {
  detail::checked("expand", x);
  const int added = shape.size() - x.dim();
  Shape sizes = shape;
  Strides strides = Dims::filled(shape.size(), 0);
  bool matches = added >= 0;
  for (int i = std::max(added, 0); matches && i < shape.size(); ++i) {
    const std::int64_t old = x.shape()[i - added];
    if (sizes[i] == -1) sizes[i] = old;
    if (sizes[i] == old) {
      strides[i] = x.strides()[i - added];
    } else {
      matches = old == 1;
    }
  }
  if (!matches) {
    fail("expand", "{} cannot become {}", to_string(x.shape()), to_string(shape));
  }
  return derive("expand", x, sizes, strides, x.storage_offset());
}

Tensor squeeze(const Tensor& x, int axis) {
  detail::checked("squeeze", x);
  axis = normalize_axis("squeeze", axis, x.dim());
  if (x.shape()[axis] != 1) return alias(x);
  return select(x, axis, 0);
}

Tensor unsqueeze(const Tensor& x, int axis) {
  detail::checked("unsqueeze", x);
  axis = normalize_axis("unsqueeze", axis, x.dim() + 1);
  Shape shape = x.shape();
  Strides strides = x.strides();
  shape.insert(axis, 1);
  strides.insert(axis, axis < x.dim() ? x.shape()[axis] * x.strides()[axis] : 1);
  return derive("unsqueeze", x, shape, strides, x.storage_offset());
}

Tensor select(const Tensor& x, int axis, std::int64_t index) {
  detail::checked("select", x);
  axis = normalize_axis("select", axis, x.dim());
  const std::int64_t size = x.shape()[axis];
  if (index < -size || index >= size) {
    fail("select", "index {} is out of range for axis {} of size {}", index, axis, size);
  }
  if (index < 0) index += size;
  const std::int64_t offset = x.storage_offset() + index * x.strides()[axis];
  Shape shape = x.shape();
  Strides strides = x.strides();
  shape.erase(axis);
  strides.erase(axis);
  return derive("select", x, shape, strides, offset);
}

Tensor slice(const Tensor& x, int axis, std::int64_t start, std::int64_t end, std::int64_t step) {
  detail::checked("slice", x);
  axis = normalize_axis("slice", axis, x.dim());
  if (step <= 0) fail("slice", "step {} is not positive", step);
  const std::int64_t size = x.shape()[axis];
  // As in Python: negative bounds count from the end, out-of-range bounds are clamped.
  const auto bound = [size](std::int64_t at) {
    return std::clamp(at < 0 ? at + size : at, std::int64_t{0}, size);
  };
  start = bound(start);
  end = std::max(bound(end), start);
  Shape shape = x.shape();
  Strides strides = x.strides();
  shape[axis] = (end - start + step - 1) / step;
  const std::int64_t offset = x.storage_offset() + (shape[axis] == 0 ? 0 : start * strides[axis]);
  if (shape[axis] > 1) strides[axis] *= step;
  return derive("slice", x, shape, strides, offset);
}

Tensor narrow(const Tensor& x, int axis, std::int64_t start, std::int64_t length) {
  detail::checked("narrow", x);
  axis = normalize_axis("narrow", axis, x.dim());
  const std::int64_t size = x.shape()[axis];
  if (start < 0 || length < 0 || start > size || length > size - start) {
    fail("narrow", "{} elements from {} leave axis {} of size {}", length, start, axis, size);
  }
  return slice(x, axis, start, start + length);
}

Shape resolve_shape(std::string_view op, const Shape& shape, std::int64_t count) {
  Shape result = shape;
  int open = -1;
  std::int64_t known = 1;
  for (int i = 0; i < shape.size(); ++i) {
    if (shape[i] == -1 && open >= 0) fail(op, "two sizes of -1 in {}", to_string(shape));
    if (shape[i] == -1) {
      open = i;
      result[i] = 1;
    }
  }
  known = element_count(op, result);
  if (open >= 0 && known > 0 && count % known == 0) {
    result[open] = count / known;
    known = count;
  }
  if (known != count) {
    fail(op, "{} elements do not fill shape {}", count, to_string(shape));
  }
  return result;
}

std::optional<Tensor> try_reshape(const Tensor& x, const Shape& shape) {
  detail::checked("reshape", x);
  const Shape resolved = resolve_shape("reshape", shape, x.numel());
  const std::optional<Strides> strides = reshaped_strides(x, resolved);
  if (!strides) return std::nullopt;
  return derive("reshape", x, resolved, *strides, x.storage_offset());
}

Tensor reshape(const Tensor& x, const Shape& shape) {
  if (std::optional<Tensor> result = try_reshape(x, shape)) return *std::move(result);
  fail("view", "{} with strides {} has no view of shape {} without a copy; use reshape",
       describe(x), to_string(x.strides()), to_string(shape));
}

Tensor as_strided(const Tensor& x, const Shape& shape, const Strides& strides,
                  std::int64_t offset) {
  detail::checked("as_strided", x);
  if (shape.size() != strides.size()) {
    fail("as_strided", "{} sizes and {} strides", shape.size(), strides.size());
  }
  return derive("as_strided", x, shape, strides, offset);
}

Tensor alias(const Tensor& x) {
  detail::checked("alias", x);
  return derive("alias", x, x.shape(), x.strides(), x.storage_offset());
}

}  // namespace pg::view
