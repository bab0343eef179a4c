// See elementwise.h.
#include "runtime/ops/elementwise.h"

#include "runtime/ops/checks.h"
#include "runtime/ops/collapse.h"
#include "runtime/ops/element_functions.h"
#include "runtime/ops/fill.h"
#include "runtime/ops/kernel_table.h"

namespace pg::ops {

namespace {

template <class Op>
std::size_t slot(Op op, DType type) {
  return static_cast<std::size_t>(op) * dtype_count + slot_of(type);
}

Kernel make_map(const char* kernel, const char* function, DType from, DType to) {
  return builtin_kernel(
      "map.tile", kernel,
      {{"F", function}, {"X", std::string(name_of(from))}, {"Y", std::string(name_of(to))}});
}

Kernel make_update(const char* kernel, const char* function, DType type) {
  return builtin_kernel("map.tile", kernel, {{"F", function}, {"X", std::string(name_of(type))}});
}

const Kernel& unary_kernel(UnaryOp op, DType type) {
  static KernelTable<unary_count * dtype_count> table;
  return table.get(slot(op, type),
                   [&] { return make_map("map_unary", facts(op).function, type, type); });
}

const char* function_of(BinaryOp op, DType type) {
  const BinaryFacts& f = facts(op);
  return is_integer(type) && f.of_integers ? f.of_integers : f.function;
}

DType result_type(BinaryOp op, DType type) {
  return facts(op).result == BinaryFacts::Result::Bool ? DType::Bool : type;
}

const Kernel& binary_kernel(BinaryOp op, DType type) {
  static KernelTable<binary_count * dtype_count> table;
  return table.get(slot(op, type), [&] {
    return make_map("map_binary", function_of(op, type), type, result_type(op, type));
  });
}

const Kernel& scalar_kernel(BinaryOp op, DType type) {
  static KernelTable<binary_count * dtype_count> table;
  return table.get(slot(op, type), [&] {
    return make_map("map_scalar", function_of(op, type), type, result_type(op, type));
  });
}

const Kernel& update_kernel(BinaryOp op, DType type) {
  static KernelTable<binary_count * dtype_count> table;
  return table.get(slot(op, type),
                   [&] { return make_update("map_update", function_of(op, type), type); });
}

const Kernel& update_scalar_kernel(BinaryOp op, DType type) {
  static KernelTable<binary_count * dtype_count> table;
  return table.get(slot(op, type),
                   [&] { return make_update("map_update_scalar", function_of(op, type), type); });
}

void check_types(BinaryOp op, DType type) {
  if (!takes(op, type)) fail(facts(op).name, "does not take {} tensors", name_of(type));
}

void check_pair(BinaryOp op, const Tensor& a, const Tensor& b) {
  const char* name = facts(op).name;
  check_defined(name, a);
  check_defined(name, b);
  if (a.dtype() != b.dtype()) {
    fail(name, "element types {} and {} differ", name_of(a.dtype()), name_of(b.dtype()));
  }
  check_same_device(name, {&a, &b});
  check_types(op, a.dtype());
}

void run_binary(const Kernel& kernel, const Tensor& a, const Tensor& b, const Tensor& y) {
  const LoopSpace space(y.shape(), {&a, &b, &y});
  if (space.is_empty()) return;
  space.for_each_part(
      [&](const auto& arguments) { kernel.launch(std::span(arguments).template first<3>()); });
}

const Shape& common_shape(std::string_view op, const Tensor& a, const Tensor& b, Shape& storage) {
  if (a.shape() == b.shape()) return a.shape();
  storage = broadcast_shapes(op, a.shape(), b.shape());
  return storage;
}

}  // namespace

bool takes(UnaryOp op, DType type) {
  return type == DType::F32 || (is_integer(type) && facts(op).takes_integers);
}

bool takes(BinaryOp op, DType type) {
  const BinaryFacts& f = facts(op);
  if (type == DType::Bool) return f.takes_bool;
  return type == DType::F32 ? f.takes_f32 : f.takes_integers;
}

Tensor unary(UnaryOp op, const Tensor& x) {
  const UnaryFacts& f = facts(op);
  check_defined(f.name, x);
  if (!takes(op, x.dtype())) {
    fail(f.name, "does not take {} tensors", name_of(x.dtype()));
  }
  Tensor y = new_result(f.name, x, x.shape(), x.dtype());
  const LoopSpace space(x.shape(), {&x, &y});
  if (space.is_empty()) return y;
  const Kernel& kernel = unary_kernel(op, x.dtype());
  space.for_each_part(
      [&](const auto& arguments) { kernel.launch(std::span(arguments).template first<2>()); });
  return y;
}

Tensor bitwise_not(const Tensor& x) {
  check_defined("bitwise_not", x);
  if (x.dtype() == DType::F32) fail("bitwise_not", "does not take f32 tensors");
  static KernelTable<dtype_count> table;
  const Kernel& kernel = table.get(slot_of(x.dtype()), [&] {
    return make_map("map_unary", x.dtype() == DType::Bool ? "logical_not" : "complement", x.dtype(),
                    x.dtype());
  });
  Tensor y = new_result("bitwise_not", x, x.shape(), x.dtype());
  const LoopSpace space(x.shape(), {&x, &y});
  if (space.is_empty()) return y;
  space.for_each_part(
      [&](const auto& arguments) { kernel.launch(std::span(arguments).template first<2>()); });
  return y;
}

Tensor binary(BinaryOp op, const Tensor& a, const Tensor& b) {
  check_pair(op, a, b);
  Shape storage;
  const char* name = facts(op).name;
  Tensor y = new_result(name, a, common_shape(name, a, b, storage), result_type(op, a.dtype()));
  run_binary(binary_kernel(op, a.dtype()), a, b, y);
  return y;
}

Tensor binary(BinaryOp op, const Tensor& a, double b) {
  const char* name = facts(op).name;
  check_defined(name, a);
  check_types(op, a.dtype());
  const Argument scalar = number_argument(name, b, a.dtype());
  Tensor y = new_result(name, a, a.shape(), result_type(op, a.dtype()));
  const LoopSpace space(a.shape(), {&a, &y});
  if (space.is_empty()) return y;
  const Kernel& kernel = scalar_kernel(op, a.dtype());
  space.for_each_part([&](const auto& arguments) {
    const Argument list[] = {arguments[0], scalar, arguments[1]};
    kernel.launch(list);
  });
  return y;
}

Tensor unary_backward(UnaryOp op, const Tensor& gradient, const Tensor& saved) {
  if (facts(op).saved != Saved::None) return binary(facts(op).gradient, gradient, saved);
  if (op == UnaryOp::Neg) return unary(UnaryOp::Neg, gradient);
  return zeros_like(gradient);
}

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  check_defined("where", condition);
  check_defined("where", a);
  check_defined("where", b);
  if (condition.dtype() != DType::Bool) {
    fail("where", "the condition is {}, not bool", name_of(condition.dtype()));
  }
  if (a.dtype() != b.dtype()) {
    fail("where", "element types {} and {} differ", name_of(a.dtype()), name_of(b.dtype()));
  }
  check_same_device("where", {&condition, &a, &b});
  static KernelTable<dtype_count> table;
  const Kernel& kernel = table.get(slot_of(a.dtype()), [&] {
    return builtin_kernel("map.tile", "map_where", {{"X", std::string(name_of(a.dtype()))}});
  });
  const Shape shape =
      broadcast_shapes("where", condition.shape(), broadcast_shapes("where", a.shape(), b.shape()));
  Tensor y = new_result("where", a, shape, a.dtype());
  const LoopSpace space(shape, {&condition, &a, &b, &y});
  if (space.is_empty()) return y;
  space.for_each_part([&](const auto& arguments) { kernel.launch(arguments); });
  return y;
}

namespace {

/// A number beside x.
Tensor number_beside(const char* op, double value, const Tensor& x) {
  check_defined(op, x);
  Tensor y = new_result(op, x, {}, x.dtype());
  fill_(y, value, op);
  return y;
}

}  // namespace

Tensor where(const Tensor& condition, const Tensor& a, double b) {
  return where(condition, a, number_beside("where", b, a));
}

Tensor where(const Tensor& condition, double a, const Tensor& b) {
  return where(condition, number_beside("where", a, b), b);
}

Tensor fma(const Tensor& a, const Tensor& b, const Tensor& c) {
  check_f32("fma", {&a, &b, &c});
  static const Kernel kernel =
      builtin_kernel("map.tile", "map_ternary", {{"F", "fused_multiply_add"}});
  const Shape shape =
      broadcast_shapes("fma", a.shape(), broadcast_shapes("fma", b.shape(), c.shape()));
  Tensor y = new_result("fma", a, shape);
  const LoopSpace space(shape, {&a, &b, &c, &y});
  if (space.is_empty()) return y;
  space.for_each_part([&](const auto& arguments) { kernel.launch(arguments); });
  return y;
}

Tensor add_scaled(const Tensor& a, const Tensor& b, double alpha) {
  check_pair(BinaryOp::Add, a, b);
  if (a.dtype() != DType::F32) fail("add_scaled", "does not take {} tensors", name_of(a.dtype()));
  static const Kernel kernel = builtin_kernel("map.tile", "map_add_scaled");
  Shape storage;
  Tensor y = new_result("add_scaled", a, common_shape("add_scaled", a, b, storage));
  const LoopSpace space(y.shape(), {&a, &b, &y});
  if (space.is_empty()) return y;
  space.for_each_part([&](const auto& arguments) {
    const Argument list[] = {arguments[0], arguments[1], Argument::scalar(alpha), arguments[2]};
    kernel.launch(list);
  });
  return y;
}

void binary_(BinaryOp op, const Tensor& x, const Tensor& y) {
  check_pair(op, x, y);
  const char* name = facts(op).name;
  if (result_type(op, x.dtype()) != x.dtype()) fail(name, "cannot work in place");
  if (broadcast_shapes(name, x.shape(), y.shape()) != x.shape()) {
    fail(name, "shape {} does not broadcast to {} in place", to_string(y.shape()),
         to_string(x.shape()));
  }
  const LoopSpace space(x.shape(), {&x, &y});
  if (!space.is_empty()) {
    const Kernel& kernel = update_kernel(op, x.dtype());
    space.for_each_part(
        [&](const auto& arguments) { kernel.launch(std::span(arguments).template first<2>()); });
  }
  x.mark_written();
}

void binary_(BinaryOp op, const Tensor& x, double y) {
  const char* name = facts(op).name;
  check_defined(name, x);
  check_types(op, x.dtype());
  if (result_type(op, x.dtype()) != x.dtype()) fail(name, "cannot work in place");
  const Argument scalar = number_argument(name, y, x.dtype());
  const LoopSpace space(x.shape(), {&x});
  if (!space.is_empty()) {
    const Kernel& kernel = update_scalar_kernel(op, x.dtype());
    space.for_each_part([&](const auto& arguments) {
      const Argument list[] = {arguments[0], scalar};
      kernel.launch(list);
    });
  }
  x.mark_written();
}

}  // namespace pg::ops
