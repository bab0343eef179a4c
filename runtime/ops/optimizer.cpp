// See optimizer.h.
#include "runtime/ops/optimizer.h"

#include <array>
#include <cmath>
#include <mutex>

#include "runtime/ops/checks.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/fill.h"
#include "runtime/ops/kernel_table.h"
#include "runtime/ops/reduce.h"

namespace pg::ops {

namespace {

Tensor flat(const char* op, const Tensor& x) {
  if (!x.is_contiguous()) fail(op, "parameters and their state must be packed");
  return view::reshape(x, {x.numel()});
}

/// [1] on the device; made once.
const Tensor& one_on(Device device) {
  static std::array<std::once_flag, device_slots> flags;
  static std::array<Tensor, device_slots> ones;
  const auto i = static_cast<std::size_t>(slot_of(device));
  std::call_once(flags[i], [&] { ones[i] = full({1}, 1.0, DType::F32, device); });
  return ones[i];
}

/// `clip` as the kernels take it.
Tensor factor_for(const char* op, const Tensor& p, const Tensor& clip) {
  if (!clip.defined()) return one_on(p.device());
  check_same_device(op, {&p, &clip});
  return view::reshape(clip, {1});
}

void write_numbers(const Tensor& scalars, std::initializer_list<double> values) {
  write_from_host(scalars, std::span(values.begin(), values.size()));
}

}  // namespace

void set_adamw_scalars(const Tensor& scalars, const AdamwHyper& hyper, std::int64_t step) {
  check_shape("set_adamw_scalars", "scalars", scalars, {8});
  if (step < 1) fail("set_adamw_scalars", "step {} is below 1", step);
  const double bias1 = 1.0 - std::pow(hyper.beta1, static_cast<double>(step));
  const double bias2 = 1.0 - std::pow(hyper.beta2, static_cast<double>(step));
  const double shrink = 1.0 - hyper.lr * hyper.weight_decay;
  write_numbers(scalars, {hyper.decay == Decay::Decoupled ? shrink : hyper.weight_decay,
                          hyper.beta1, 1.0 - hyper.beta1, hyper.beta2, 1.0 - hyper.beta2, hyper.eps,
                          hyper.lr / bias1, std::sqrt(bias2)});
}

void adamw_(const Tensor& p, const Tensor& m, const Tensor& v, const Tensor& gradient,
            const Tensor& scalars, const Tensor& clip, Decay decay) {
  check_f32("adamw_", {&p, &m, &v, &gradient, &scalars});
  for (const Tensor* x : {&m, &v, &gradient}) check_shape("adamw_", "an operand", *x, p.shape());
  check_shape("adamw_", "scalars", scalars, {8});
  if (p.numel() == 0) return;
  static KernelTable<2> kernels;
  const bool in_gradient = decay == Decay::InGradient;
  const Kernel& kernel = kernels.get(in_gradient, [in_gradient] {
    return builtin_kernel("adamw.tile", "adamw", {{"GRADIENT", in_gradient ? "true" : "false"}});
  });
  launch(kernel, flat("adamw_", p), flat("adamw_", m), flat("adamw_", v),
         reshape(gradient, {p.numel()}), scalars, factor_for("adamw_", p, clip));
  for (const Tensor* x : {&p, &m, &v}) x->mark_written();
}

void set_sgd_scalars(const Tensor& scalars, const SgdHyper& hyper) {
  check_shape("set_sgd_scalars", "scalars", scalars, {3});
  write_numbers(scalars, {hyper.lr, hyper.weight_decay, hyper.momentum});
}

void sgd_(const Tensor& p, const Tensor& gradient, const Tensor& scalars, const Tensor& clip) {
  check_f32("sgd_", {&p, &gradient, &scalars});
  check_shape("sgd_", "gradient", gradient, p.shape());
  check_shape("sgd_", "scalars", scalars, {3});
  if (p.numel() == 0) return;
  static const Kernel kernel = builtin_kernel("adamw.tile", "sgd");
  launch(kernel, flat("sgd_", p), reshape(gradient, {p.numel()}), scalars,
         factor_for("sgd_", p, clip));
  p.mark_written();
}

void sgd_momentum_(const Tensor& p, const Tensor& m, const Tensor& gradient, const Tensor& scalars,
                   const Tensor& clip, bool nesterov) {
  check_f32("sgd_momentum_", {&p, &m, &gradient, &scalars});
  for (const Tensor* x : {&m, &gradient}) {
    check_shape("sgd_momentum_", "an operand", *x, p.shape());
  }
  check_shape("sgd_momentum_", "scalars", scalars, {3});
  if (p.numel() == 0) return;
  static KernelTable<2> kernels;
  const Kernel& kernel = kernels.get(nesterov, [nesterov] {
    return builtin_kernel("adamw.tile", "sgd_momentum",
                          {{"NESTEROV", nesterov ? "true" : "false"}});
  });
  launch(kernel, flat("sgd_momentum_", p), flat("sgd_momentum_", m), reshape(gradient, {p.numel()}),
         scalars, factor_for("sgd_momentum_", p, clip));
  for (const Tensor* x : {&p, &m}) x->mark_written();
}

GradientNorm gradient_norm(std::span<const Tensor> gradients, double max_norm) {
  static const Kernel kernel = builtin_kernel("adamw.tile", "gradient_norm");
  const auto count = static_cast<std::int64_t>(gradients.size());
  const Device device = gradients.empty() ? default_device() : gradients[0].device();
  const auto make = [device](const Shape& shape) {
    return empty_for("gradient_norm", shape, DType::F32, device);
  };
  Tensor squares = make({count});
  for (std::int64_t i = 0; i < count; ++i) {
    sum_squares_(view::select(squares, 0, i), gradients[static_cast<std::size_t>(i)]);
  }
  GradientNorm result{make({1}), make({1})};
  launch(kernel, squares, max_norm, result.norm, result.clip);
  return {view::reshape(result.norm, {}), view::reshape(result.clip, {})};
}

}  // namespace pg::ops
