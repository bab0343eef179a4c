// AdamW, SGD and gradient clipping; learning rates come from schedule.h. Everything that changes
// from step to step lives in tensors that are refilled from doubles (NUMERICS rule 10), so a
// captured step can be replayed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/nn/module.h"
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

struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
};

class AdamW {
 public:
  AdamW(std::vector<ParameterGroup> groups, AdamWOptions options);
  AdamW(const std::vector<Tensor>& parameters, AdamWOptions options, double weight_decay = 0.01);

  void set_lr(double lr) { options_.lr = lr; }
  double lr() const { return options_.lr; }
  std::int64_t step_count() const { return step_; }
  /// One update of every parameter that has a gradient, which is multiplied by `clip` (one element,
  /// from clip_grad_norm) on the way if that is defined.
  void step(const Tensor& clip = {});
  void zero_grad() const;

  /// Moments in parameter order, group by group, with the step: all there is to save.
  struct State {
    std::int64_t step = 0;
    std::vector<Tensor> first_moments;
    std::vector<Tensor> second_moments;
  };
  State state() const;
  void set_state(const State& state);

 private:
  std::vector<ParameterGroup> groups_;
  AdamWOptions options_;
  std::int64_t step_ = 0;
  std::vector<Tensor> scalars_;        // per group, f32 [8]; see ops::set_adamw_scalars
  std::vector<Tensor> first_moments_;  // by parameter, over all groups
  std::vector<Tensor> second_moments_;
};

/// p -= lr * gradient.
class SGD {
 public:
  SGD(std::vector<Tensor> parameters, double lr);
  void set_lr(double lr) { lr_ = lr; }
  double lr() const { return lr_; }
  void step();
  void zero_grad() const;

 private:
  std::vector<Tensor> parameters_;
  double lr_;
};

/// The norm of all gradients together and the factor that brings it to at most max_norm (0: no
/// limit): each parameter's sum of squares by the rule of sum, added in the given order. Changes no
/// gradient: pass the factor to AdamW::step. Parameters without a gradient are skipped.
ops::GradientNorm clip_grad_norm(std::span<const Tensor> parameters, double max_norm);
/// The same, and scales the gradients in place, as PyTorch does. Returns the norm before scaling.
Tensor clip_grad_norm_(std::span<const Tensor> parameters, double max_norm);

}  // namespace pg::nn
