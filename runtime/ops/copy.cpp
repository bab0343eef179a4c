// See copy.h and fill.h.
#include "runtime/ops/copy.h"

#include "runtime/ops/checks.h"
#include "runtime/ops/collapse.h"
#include "runtime/ops/elementwise.h"
#include "runtime/ops/fill.h"
#include "runtime/ops/kernel_table.h"

namespace pg::ops {

namespace {

std::string text(DType type) { return std::string(name_of(type)); }

/// The kernel that converts `from` to `to`; a copy when they agree.
const Kernel& cast_kernel(DType from, DType to) {
  static KernelTable<dtype_count * dtype_count> table;
  const auto index = slot_of(from) * dtype_count + slot_of(to);
  return table.get(index, [&] {
    const std::string function = from == to ? "identity" : "to_" + text(to);
    return builtin_kernel("map.tile", "map_unary",
                          {{"F", function}, {"X", text(from)}, {"Y", text(to)}});
  });
}

/// The same with square tiles, for copies that turn rows into columns: a tile's lines stay in the
/// cache.
const Kernel& turning_kernel(DType type) {
  static KernelTable<dtype_count> table;
  return table.get(slot_of(type), [&] {
    return builtin_kernel(
        "map.tile", "map_unary",
        {{"F", "identity"}, {"X", text(type)}, {"Y", text(type)}, {"BC", "64"}, {"BD", "64"}});
  });
}

void convert(const Tensor& from, const Tensor& to) {
  const LoopSpace space(to.shape(), {&from, &to});
  if (space.is_empty()) return;
  const bool turns = from.dtype() == to.dtype() && space.turns();
  const Kernel& kernel =
      turns ? turning_kernel(from.dtype()) : cast_kernel(from.dtype(), to.dtype());
  space.for_each_part(
      [&](const auto& arguments) { kernel.launch(std::span(arguments).template first<2>()); });
}

}  // namespace

Tensor contiguous(const Tensor& x) {
  check_defined("contiguous", x);
  return x.is_contiguous() ? x : clone(x);
}

Tensor clone(const Tensor& x) {
  check_defined("clone", x);
  Tensor y = new_result("clone", x, x.shape(), x.dtype());
  convert(x, y);
  return y;
}

Tensor cast(const Tensor& x, DType type) {
  check_defined("cast", x);
  if (x.dtype() == type) return x;
  Tensor y = new_result("cast", x, x.shape(), type);
  convert(x, y);
  return y;
}

void copy_(const Tensor& destination, const Tensor& source) {
  check_defined("copy_", destination);
  check_defined("copy_", source);
  if (destination.dtype() != source.dtype()) {
    fail("copy_", "element types {} and {} differ", name_of(destination.dtype()),
         name_of(source.dtype()));
  }
  if (source.shape() != destination.shape() &&
      broadcast_shapes("copy_", destination.shape(), source.shape()) != destination.shape()) {
    fail("copy_", "shape {} does not broadcast to {}", to_string(source.shape()),
         to_string(destination.shape()));
  }
  const bool moves = source.device() != destination.device();
  convert(moves ? to_device(source, destination.device()) : source, destination);
  destination.mark_written();
}

Tensor cat(std::span<const Tensor> parts, int axis) {
  if (parts.empty()) fail("cat", "no tensors");
  check_defined("cat", parts[0]);
  Shape shape = parts[0].shape();
  const int dim = normalize_axis("cat", axis, shape.size());
  for (const Tensor& part : parts.subspan(1)) {
    check_defined("cat", part);
    check_same_device("cat", {&parts[0], &part});
    if (part.dtype() != parts[0].dtype()) {
      fail("cat", "element types {} and {} differ", name_of(parts[0].dtype()),
           name_of(part.dtype()));
    }
    bool fits = part.dim() == shape.size();
    for (int d = 0; fits && d < shape.size(); ++d) {
      fits = d == dim || part.shape()[d] == parts[0].shape()[d];
    }
    if (!fits) {
      fail("cat", "{} does not join {} along dimension {}", to_string(part.shape()),
           to_string(parts[0].shape()), dim);
    }
    shape[dim] += part.shape()[dim];
  }
  Tensor y = new_result("cat", parts[0], shape, parts[0].dtype());
  std::int64_t start = 0;
  for (const Tensor& part : parts) {
    convert(part, view::narrow(y, dim, start, part.shape()[dim]));
    start += part.shape()[dim];
  }
  return y;
}

Tensor reshape(const Tensor& x, const Shape& shape) {
  check_defined("reshape", x);
  if (std::optional<Tensor> viewed = view::try_reshape(x, shape)) return *viewed;
  return view::reshape(clone(x), shape);
}

Tensor slice_backward(const Tensor& gradient, const Shape& shape, int axis, std::int64_t start,
                      std::int64_t step) {
  check_defined("slice_backward", gradient);
  Tensor y = zeros(shape, gradient.dtype(), gradient.device());
  const int dim = normalize_axis("slice_backward", axis, shape.size());
  const std::int64_t count = gradient.size(dim);
  if (count == 0) return y;
  convert(gradient, view::slice(y, dim, start, start + (count - 1) * step + 1, step));
  return y;
}

Tensor triangle(const Tensor& x, std::int64_t diagonal, bool is_upper) {
  const char* op = is_upper ? "triu" : "tril";
  check_defined(op, x);
  if (x.dim() < 2) fail(op, "needs at least two dimensions, the shape is {}", to_string(x.shape()));
  static KernelTable<2 * dtype_count> table;
  const auto index = slot_of(x.dtype()) * 2 + (is_upper ? 1 : 0);
  const Kernel& kernel = table.get(index, [&] {
    return builtin_kernel("copy.tile", "triangle",
                          {{"IS_UPPER", is_upper ? "true" : "false"}, {"X", text(x.dtype())}});
  });
  Tensor y = new_result(op, x, x.shape(), x.dtype());
  const Shape matrices{-1, x.size(-2), x.size(-1)};
  if (y.numel() > 0) launch(kernel, reshape(x, matrices), diagonal, view::reshape(y, matrices));
  return y;
}

void fill_(const Tensor& destination, double value, std::string_view op) {
  check_defined(op, destination);
  const DType type = destination.dtype();
  const Argument number = number_argument(op, value, type);
  static KernelTable<dtype_count> table;
  const Kernel& kernel = table.get(
      slot_of(type), [&] { return builtin_kernel("copy.tile", "fill", {{"X", text(type)}}); });
  const LoopSpace space(destination.shape(), {&destination});
  if (!space.is_empty()) {
    space.for_each_part([&](const auto& arguments) {
      const Argument list[] = {number, arguments[0]};
      kernel.launch(list);
    });
  }
  destination.mark_written();
}

}  // namespace pg::ops

namespace pg {

Tensor full(const Shape& shape, double value, DType type, Device device) {
  Tensor y = empty_for("full", shape, type, device);
  ops::fill_(y, value, "full");
  return y;
}
Tensor full_like(const Tensor& other, double value) {
  return full(other.shape(), value, other.dtype(), other.device());
}
Tensor ones(const Shape& shape, DType type, Device device) {
  return full(shape, 1.0, type, device);
}
Tensor ones_like(const Tensor& other) { return full_like(other, 1.0); }
Tensor eye(std::int64_t rows, std::int64_t columns, DType type, Device device) {
  if (columns == -1) columns = rows;
  if (rows < 0 || columns < 0) fail("eye", "{} rows and {} columns", rows, columns);
  const Tensor row = arange(0, rows, 1, DType::I64, device);
  const Tensor column = arange(0, columns, 1, DType::I64, device);
  return ops::cast(ops::binary(ops::BinaryOp::Eq, view::unsqueeze(row, 1), column), type);
}

}  // namespace pg
