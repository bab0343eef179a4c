// Parameter updates as single fused launches (kernels/adamw.tile). Everything that changes from
// step to step comes from tensors, so a captured step can be replayed.
#pragma once

#include <span>

#include "runtime/tensor/tensor.h"

namespace pg::ops {

/// Where weight decay enters: Decoupled shrinks the parameter itself (AdamW), InGradient adds
/// weight_decay * p to the gradient (Adam).
enum class Decay { Decoupled, InGradient };

/// The numbers of one Adam step, computed in double and rounded once (NUMERICS rule 10).
struct AdamwHyper {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.0;
  Decay decay = Decay::Decoupled;
};
/// f32 [8]: 1 - lr*wd (InGradient: wd), beta1, 1 - beta1, beta2, 1 - beta2, eps, lr / (1 -
/// beta1^t), sqrt(1 - beta2^t). step counts from 1. Writes into `scalars`, which adamw_ reads.
void set_adamw_scalars(const Tensor& scalars, const AdamwHyper& hyper, std::int64_t step);
/// In place on p, m, v (packed, equal shapes):
/// g' = g * clip (InGradient: + wd p); m = beta1 m + (1 - beta1) g'; v = beta2 v + (1 - beta2)
/// g'^2; p = p (1 - lr wd) - lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
/// (InGradient: without the factor of p). `clip` has one element; undefined means 1.
void adamw_(const Tensor& p, const Tensor& m, const Tensor& v, const Tensor& gradient,
            const Tensor& scalars, const Tensor& clip, Decay decay = Decay::Decoupled);

struct SgdHyper {
  double lr = 1e-3, weight_decay = 0.0, momentum = 0.0;
};
/// f32 [3]: lr, wd, momentum. Writes into `scalars`, which sgd_ and sgd_momentum_ read.
void set_sgd_scalars(const Tensor& scalars, const SgdHyper& hyper);
/// In place on p (packed): p -= lr g', with g' = g * clip + wd p.
void sgd_(const Tensor& p, const Tensor& gradient, const Tensor& scalars, const Tensor& clip);
/// In place on p, m (packed, equal shapes): m = momentum m + g'; p -= lr m, or with `nesterov`
/// p -= lr (g' + momentum m).
void sgd_momentum_(const Tensor& p, const Tensor& m, const Tensor& gradient, const Tensor& scalars,
                   const Tensor& clip, bool nesterov);

struct GradientNorm {
  Tensor norm;  // []: sqrt of the sums of squares, added in the order given
  Tensor clip;  // []: min(1, max_norm / (norm + 1e-6)); 1 when max_norm is 0
};
GradientNorm gradient_norm(std::span<const Tensor> gradients, double max_norm);

}  // namespace pg::ops
