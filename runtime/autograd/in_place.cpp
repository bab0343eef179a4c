// Writes in place (runtime/autograd/in_place.h). What has to be recorded is computed out of place
// from a copy of the old values, then written back; x takes over the result's place on the tape.
#include "runtime/autograd/in_place.h"

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "runtime/ops/copy.h"

namespace pg {

namespace autograd {

bool must_record_write(std::string_view name, const Tensor& x, OperandList operands) {
  if (!x.defined()) fail(name, "undefined tensor");
  if (!grad_enabled()) return false;
  const Edge edge = edge_of(x);
  if (edge.node && edge.node->is_leaf) {
    fail(name,
         "a leaf that requires a gradient cannot be written in place while gradients are "
         "recorded; use NoGrad");
  }
  if (!edge.node && !needs_record({operands.begin(), operands.size()})) return false;
  if (!x.is_only_view()) {
    fail(name,
         "{} shares its memory with another view or with a saved value, which this recorded write "
         "would miss; use the function without underscore",
         describe(x));
  }
  return true;
}

Tensor before_write(const Tensor& x) {
  const Tensor before = ops::clone(x);
  take_place_of(before, x);
  return before;
}

void check_result(std::string_view name, const Tensor& x, const Tensor& result) {
  if (result.shape() != x.shape() || result.dtype() != x.dtype()) {
    fail(name, "the result {} does not fit {}", describe(result), describe(x));
  }
}

Tensor after_write(std::string_view name, const Tensor& x, const Tensor& result) {
  check_result(name, x, result);
  ops::copy_(x, result);
  take_place_of(x, result);
  return x;
}

}  // namespace autograd

using autograd::check_result;
using autograd::in_place;

namespace {

void overwrite(std::string_view name, const Tensor& x, const Tensor& result) {
  check_result(name, x, result);
  ops::copy_(x, result);
}

/// The name in messages: "add_".
std::string underscored(std::string_view name) { return std::string(name) + "_"; }

}  // namespace

Tensor unary_(ops::UnaryOp op, const Tensor& x) {
  const std::string name = underscored(ops::name_of(op));
  return in_place(
      name, x, {}, [&] { ops::copy_(x, ops::unary(op, x)); },
      [&](const Tensor& before) { return pg::unary(op, before); });
}

Tensor binary_(ops::BinaryOp op, const Tensor& x, const Tensor& y) {
  const std::string name = underscored(ops::name_of(op));
  return in_place(
      name, x, {&y},
      [&] {
        const bool is_f32 = y.defined() && x.dtype() == DType::F32 && y.dtype() == DType::F32;
        if (is_f32)
          ops::binary_(op, x, y);
        else
          overwrite(name, x, pg::binary(op, x, y));
      },
      [&](const Tensor& before) { return pg::binary(op, before, y); });
}

Tensor binary_(ops::BinaryOp op, const Tensor& x, double y) {
  const std::string name = underscored(ops::name_of(op));
  return in_place(
      name, x, {},
      [&] {
        if (x.dtype() == DType::F32)
          ops::binary_(op, x, y);
        else
          overwrite(name, x, pg::binary(op, x, y));
      },
      [&](const Tensor& before) { return pg::binary(op, before, y); });
}

Tensor fill_(const Tensor& x, double value) {
  return in_place(
      "fill_", x, {}, [&] { ops::fill_(x, value); },
      [&](const Tensor& before) { return full_like(before, value); });
}

Tensor copy_(const Tensor& x, const Tensor& source) {
  return in_place(
      "copy_", x, {&source}, [&] { ops::copy_(x, cast(source, x.dtype())); },
      [&](const Tensor& before) { return expand(to(source, before.device()), before.shape()); });
}

Tensor clamp_(const Tensor& x, double low, double high) {
  return in_place(
      "clamp_", x, {}, [&] { overwrite("clamp_", x, clamp(x, low, high)); },
      [&](const Tensor& before) { return clamp(before, low, high); });
}

Tensor masked_fill_(const Tensor& x, const Tensor& mask, double value) {
  return in_place(
      "masked_fill_", x, {}, [&] { overwrite("masked_fill_", x, masked_fill(x, mask, value)); },
      [&](const Tensor& before) { return masked_fill(before, mask, value); });
}

}  // namespace pg
