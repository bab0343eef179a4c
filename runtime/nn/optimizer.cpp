// See optimizer.h.
#include "runtime/nn/optimizer.h"

#include <fmt/format.h>

#include "runtime/autograd/tape.h"
#include "runtime/device/error.h"
#include "runtime/ops/elementwise.h"
#include "runtime/ops/fill.h"

namespace pg::nn {

std::vector<ParameterGroup> decay_matrices_only(std::span<const Tensor> parameters,
                                                double weight_decay) {
  std::vector<ParameterGroup> groups(2);
  groups[0].weight_decay = weight_decay;
  for (const Tensor& parameter : parameters) {
    groups[parameter.dim() >= 2 ? 0 : 1].parameters.push_back(parameter);
  }
  return groups;
}

// What all optimizers share.

Optimizer::Optimizer(std::vector<ParameterGroup> groups, double lr,
                     std::vector<std::string> state_names, std::int64_t scalar_count)
    : groups_(std::move(groups)), lr_(lr), state_names_(std::move(state_names)) {
  for (const ParameterGroup& group : groups_) {
    const Device device =
        group.parameters.empty() ? default_device() : group.parameters[0].device();
    scalars_.push_back(zeros({scalar_count}, DType::F32, device));
    for (const Tensor& parameter : group.parameters) {
      std::vector<Tensor>& state = state_.emplace_back();
      for (std::size_t i = 0; i < state_names_.size(); ++i) state.push_back(zeros_like(parameter));
    }
  }
}

void Optimizer::step(const Tensor& clip) {
  const NoGrad no_grad;
  ++step_;
  std::size_t place = 0;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    set_scalars(scalars_[i], groups_[i].weight_decay);
    for (const Tensor& parameter : groups_[i].parameters) {
      const std::vector<Tensor>& state = state_[place++];
      const Tensor gradient = parameter.grad();
      if (gradient.defined()) update(parameter, state, gradient, scalars_[i], clip);
    }
  }
}

void Optimizer::zero_grad() const {
  for (const ParameterGroup& group : groups_) {
    for (const Tensor& parameter : group.parameters) parameter.zero_grad();
  }
}

StateDict Optimizer::state_dict() const {
  StateDict result{{"step", scalar(step_, cpu_device)}};
  for (std::size_t place = 0; place < state_.size(); ++place) {
    for (std::size_t i = 0; i < state_names_.size(); ++i) {
      result.push_back({fmt::format("{}.{}", place, state_names_[i]), state_[place][i]});
    }
  }
  return result;
}

void Optimizer::load_state_dict(std::span<const NamedTensor> state) {
  for (const auto& [name, x] : state) {
    if (name != "step" || !x.defined() || x.dtype() != DType::I64 || x.numel() != 1) continue;
    const auto step = x.item<std::int64_t>();
    if (step < 0) fail("load_state_dict", "step {} is negative", step);
  }
  const StateDict ours = state_dict();
  const NoGrad no_grad;
  copy_state("load_state_dict", ours, state);
  step_ = ours[0].tensor.item<std::int64_t>();
}

// SGD.

SGD::SGD(std::vector<ParameterGroup> groups, SGDOptions options)
    : Optimizer(std::move(groups), options.lr,
                options.momentum == 0.0 ? std::vector<std::string>{}
                                        : std::vector<std::string>{"momentum_buffer"},
                3),
      options_(options) {
  if (options_.nesterov && options_.momentum <= 0.0) {
    fail("SGD", "Nesterov's step needs a momentum above 0, not {}", options_.momentum);
  }
}

SGD::SGD(const std::vector<Tensor>& parameters, SGDOptions options, double weight_decay)
    : SGD(std::vector<ParameterGroup>{{.parameters = parameters, .weight_decay = weight_decay}},
          options) {}

void SGD::set_scalars(const Tensor& scalars, double weight_decay) const {
  ops::set_sgd_scalars(scalars,
                       {.lr = lr(), .weight_decay = weight_decay, .momentum = options_.momentum});
}

void SGD::update(const Tensor& parameter, std::span<const Tensor> state, const Tensor& gradient,
                 const Tensor& scalars, const Tensor& clip) const {
  if (state.empty()) {
    ops::sgd_(parameter, gradient, scalars, clip);
  } else {
    ops::sgd_momentum_(parameter, state[0], gradient, scalars, clip, options_.nesterov);
  }
}

// Adam and AdamW.

template <ops::Decay decay>
AdamFamily<decay>::AdamFamily(std::vector<ParameterGroup> groups, AdamOptions options)
    : Optimizer(std::move(groups), options.lr, {"exp_avg", "exp_avg_sq"}, 8), options_(options) {}

template <ops::Decay decay>
AdamFamily<decay>::AdamFamily(const std::vector<Tensor>& parameters, AdamOptions options,
                              double weight_decay)
    : AdamFamily(
          std::vector<ParameterGroup>{{.parameters = parameters, .weight_decay = weight_decay}},
          options) {}

template <ops::Decay decay>
void AdamFamily<decay>::set_scalars(const Tensor& scalars, double weight_decay) const {
  ops::set_adamw_scalars(scalars,
                         {.lr = lr(),
                          .beta1 = options_.beta1,
                          .beta2 = options_.beta2,
                          .eps = options_.eps,
                          .weight_decay = weight_decay,
                          .decay = decay},
                         step_count());
}

template <ops::Decay decay>
void AdamFamily<decay>::update(const Tensor& parameter, std::span<const Tensor> state,
                               const Tensor& gradient, const Tensor& scalars,
                               const Tensor& clip) const {
  ops::adamw_(parameter, state[0], state[1], gradient, scalars, clip, decay);
}

template class AdamFamily<ops::Decay::InGradient>;
template class AdamFamily<ops::Decay::Decoupled>;

// Clipping.

namespace {

std::vector<Tensor> gradients_of(std::span<const Tensor> parameters) {
  std::vector<Tensor> gradients;
  for (const Tensor& parameter : parameters) {
    Tensor gradient = parameter.grad();
    if (gradient.defined()) gradients.push_back(std::move(gradient));
  }
  return gradients;
}

}  // namespace

ops::GradientNorm clip_grad_norm(std::span<const Tensor> parameters, double max_norm) {
  return ops::gradient_norm(gradients_of(parameters), static_cast<float>(max_norm));
}

Tensor clip_grad_norm_(std::span<const Tensor> parameters, double max_norm) {
  const std::vector<Tensor> gradients = gradients_of(parameters);
  const ops::GradientNorm result = ops::gradient_norm(gradients, static_cast<float>(max_norm));
  for (const Tensor& gradient : gradients) {
    ops::binary_(ops::BinaryOp::Mul, gradient, result.clip);
  }
  return result.norm;
}

void clip_grad_value_(std::span<const Tensor> parameters, double limit) {
  if (!(limit >= 0.0)) fail("clip_grad_value_", "the limit {} is not 0 or more", limit);
  for (const Tensor& gradient : gradients_of(parameters)) {
    const Tensor high = scalar(static_cast<float>(limit), gradient.device());
    const Tensor low = scalar(static_cast<float>(-limit), gradient.device());
    ops::binary_(ops::BinaryOp::Minimum, gradient, high);
    ops::binary_(ops::BinaryOp::Maximum, gradient, low);
  }
}

}  // namespace pg::nn
