// Optimizers and gradient clipping; learning rates come from schedule.h. Everything that changes
// from step to step lives in tensors that are refilled from doubles (NUMERICS rule 10), so a
// captured step can be replayed. Names, defaults and results follow PyTorch.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "runtime/nn/state_dict.h"
#include "runtime/ops/optimizer.h"

namespace pg::nn {

/// Parameters that share hyper-parameters; by custom, tensors of two or more dimensions decay,
/// others not.
struct ParameterGroup {
  std::vector<Tensor> parameters;
  double weight_decay = 0.0;
};

/// Splits by rank: group 0 holds tensors of rank >= 2 with `weight_decay`, group 1 the rest
/// without.
std::vector<ParameterGroup> decay_matrices_only(std::span<const Tensor> parameters,
                                                double weight_decay);

/// What all optimizers share: groups of parameters, a learning rate, a count of steps, and tensors
/// of state beside each parameter. An optimizer is one fused launch per parameter.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  void set_lr(double lr) { lr_ = lr; }
  double lr() const { return lr_; }
  std::int64_t step_count() const { return step_; }
  /// One update of every parameter that has a gradient, which is multiplied by `clip` (one element,
  /// from clip_grad_norm) on the way if that is defined.
  void step(const Tensor& clip = {});
  void zero_grad() const;

  /// All that a step changes besides the parameters: "step" (i64 []), then for each parameter, by
  /// its place over all groups, its state: "0.exp_avg", "0.exp_avg_sq", "1.exp_avg", ... The
  /// tensors are the optimizer's own. Hyper-parameters are the program's.
  StateDict state_dict() const;
  /// Strict; see copy_state.
  void load_state_dict(std::span<const NamedTensor> state);

 protected:
  /// `state_names`: one zeroed tensor each per parameter; `scalar_count`: what one step's numbers
  /// take.
  Optimizer(std::vector<ParameterGroup> groups, double lr, std::vector<std::string> state_names,
            std::int64_t scalar_count);

 private:
  /// Refills `scalars` for step step_count().
  virtual void set_scalars(const Tensor& scalars, double weight_decay) const = 0;
  virtual void update(const Tensor& parameter, std::span<const Tensor> state,
                      const Tensor& gradient, const Tensor& scalars, const Tensor& clip) const = 0;

  std::vector<ParameterGroup> groups_;
  double lr_;
  std::int64_t step_ = 0;
  std::vector<std::string> state_names_;
  std::vector<Tensor> scalars_;             // per group
  std::vector<std::vector<Tensor>> state_;  // per parameter, over all groups, by name
};

struct SGDOptions {
  double lr = 1e-3;
  double momentum = 0.0;
  bool nesterov = false;
};

/// Stochastic gradient descent: p -= lr * g, or along a running sum of gradients
/// ("momentum_buffer").
class SGD final : public Optimizer {
 public:
  explicit SGD(std::vector<ParameterGroup> groups, SGDOptions options = {});
  explicit SGD(const std::vector<Tensor>& parameters, SGDOptions options = {},
               double weight_decay = 0.0);

 private:
  void set_scalars(const Tensor& scalars, double weight_decay) const override;
  void update(const Tensor& parameter, std::span<const Tensor> state, const Tensor& gradient,
              const Tensor& scalars, const Tensor& clip) const override;

  SGDOptions options_;
};

struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
};

/// A step of about lr in each coordinate: the running mean of gradients ("exp_avg") over the root
/// of that of their squares ("exp_avg_sq"), both corrected for starting at zero.
template <ops::Decay decay>
class AdamFamily final : public Optimizer {
 public:
  static constexpr double default_decay = decay == ops::Decay::Decoupled ? 0.01 : 0.0;

  explicit AdamFamily(std::vector<ParameterGroup> groups, AdamOptions options = {});
  explicit AdamFamily(const std::vector<Tensor>& parameters, AdamOptions options = {},
                      double weight_decay = default_decay);

 private:
  void set_scalars(const Tensor& scalars, double weight_decay) const override;
  void update(const Tensor& parameter, std::span<const Tensor> state, const Tensor& gradient,
              const Tensor& scalars, const Tensor& clip) const override;

  AdamOptions options_;
};

/// Weight decay is added to the gradient.
using Adam = AdamFamily<ops::Decay::InGradient>;
/// Weight decay shrinks the parameter itself, whatever its gradient.
using AdamW = AdamFamily<ops::Decay::Decoupled>;

/// The norm of all gradients together and the factor that brings it to at most max_norm (0: no
/// limit): each parameter's sum of squares by the rule of sum, added in the given order. Changes no
/// gradient: pass the factor to Optimizer::step. Parameters without a gradient are skipped.
ops::GradientNorm clip_grad_norm(std::span<const Tensor> parameters, double max_norm);
/// The same, and scales the gradients in place, as PyTorch does. Returns the norm before scaling.
Tensor clip_grad_norm_(std::span<const Tensor> parameters, double max_norm);
/// Brings every element of every gradient into [-limit, limit], in place.
void clip_grad_value_(std::span<const Tensor> parameters, double limit);

}  // namespace pg::nn
