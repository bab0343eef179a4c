// See optimizer.h.
#include "runtime/nn/optimizer.h"

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

AdamW::AdamW(std::vector<ParameterGroup> groups, AdamWOptions options)
    : groups_(std::move(groups)), options_(options) {
  for (const ParameterGroup& group : groups_) {
    const Device device =
        group.parameters.empty() ? default_device() : group.parameters[0].device();
    scalars_.push_back(zeros({8}, DType::F32, device));
    for (const Tensor& parameter : group.parameters) {
      first_moments_.push_back(zeros_like(parameter));
      second_moments_.push_back(zeros_like(parameter));
    }
  }
}

AdamW::AdamW(const std::vector<Tensor>& parameters, AdamWOptions options, double weight_decay)
    : AdamW(std::vector<ParameterGroup>{{.parameters = parameters, .weight_decay = weight_decay}},
            options) {}

void AdamW::step(const Tensor& clip) {
  const NoGrad no_grad;
  ++step_;
  std::size_t next = 0;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const ops::AdamwHyper hyper{.lr = options_.lr,
                                .beta1 = options_.beta1,
                                .beta2 = options_.beta2,
                                .eps = options_.eps,
                                .weight_decay = groups_[i].weight_decay};
    ops::set_adamw_scalars(scalars_[i], hyper, step_);
    for (const Tensor& parameter : groups_[i].parameters) {
      const std::size_t at = next++;
      const Tensor gradient = parameter.grad();
      if (!gradient.defined()) continue;
      ops::adamw_(parameter, first_moments_[at], second_moments_[at], gradient, scalars_[i], clip);
    }
  }
}

void AdamW::zero_grad() const {
  for (const ParameterGroup& group : groups_) {
    for (const Tensor& parameter : group.parameters) parameter.zero_grad();
  }
}

AdamW::State AdamW::state() const { return {step_, first_moments_, second_moments_}; }

void AdamW::set_state(const State& state) {
  const auto check = [](const std::vector<Tensor>& ours, const std::vector<Tensor>& theirs) {
    if (ours.size() != theirs.size()) {
      fail("AdamW", "the state has moments of {} parameters, there are {}", theirs.size(),
           ours.size());
    }
    for (std::size_t i = 0; i < ours.size(); ++i) {
      if (ours[i].shape() != theirs[i].shape() || theirs[i].dtype() != DType::F32) {
        fail("AdamW", "the state of parameter {} is {}, its shape is {}", i, describe(theirs[i]),
             to_string(ours[i].shape()));
      }
    }
  };
  check(first_moments_, state.first_moments);
  check(second_moments_, state.second_moments);
  for (std::size_t i = 0; i < first_moments_.size(); ++i) {
    first_moments_[i].copy_(state.first_moments[i]);
    second_moments_[i].copy_(state.second_moments[i]);
  }
  step_ = state.step;
}

SGD::SGD(std::vector<Tensor> parameters, double lr) : parameters_(std::move(parameters)), lr_(lr) {}

void SGD::step() {
  if (parameters_.empty()) return;
  const Tensor lr = scalar(static_cast<float>(lr_), parameters_[0].device());
  for (const Tensor& parameter : parameters_) {
    const Tensor gradient = parameter.grad();
    if (gradient.defined()) ops::sgd_(parameter, gradient, lr);
  }
}

void SGD::zero_grad() const {
  for (const Tensor& parameter : parameters_) parameter.zero_grad();
}

ops::GradientNorm clip_grad_norm(std::span<const Tensor> parameters, double max_norm) {
  std::vector<Tensor> gradients;
  for (const Tensor& parameter : parameters) {
    Tensor gradient = parameter.grad();
    if (gradient.defined()) gradients.push_back(std::move(gradient));
  }
  return ops::gradient_norm(gradients, static_cast<float>(max_norm));
}

Tensor clip_grad_norm_(std::span<const Tensor> parameters, double max_norm) {
  const ops::GradientNorm result = clip_grad_norm(parameters, max_norm);
  for (const Tensor& parameter : parameters) {
    const Tensor gradient = parameter.grad();
    if (gradient.defined()) ops::binary_(ops::BinaryOp::Mul, gradient, result.clip);
  }
  return result.norm;
}

}  // namespace pg::nn
