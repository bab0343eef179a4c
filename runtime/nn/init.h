// Initial values, in place, by PyTorch's names and formulas. Numbers are drawn on the host from the
// generator (by default the global one), so that they have the same bits on every device; they are
// not PyTorch's. Nothing is recorded; parameters may be given.
#pragma once

#include "runtime/tensor/random.h"
#include "runtime/tensor/tensor.h"

namespace pg::nn::init {

void constant_(const Tensor& x, double value);
void zeros_(const Tensor& x);
void ones_(const Tensor& x);
/// Uniform in [low, high).
void uniform_(const Tensor& x, double low = 0.0, double high = 1.0, Generator* generator = nullptr);
void normal_(const Tensor& x, double mean = 0.0, double deviation = 1.0,
             Generator* generator = nullptr);
/// The normal distribution within [low, high] alone: what falls outside is drawn again. Bounds that
/// hold less than a thousandth of it are an error.
void trunc_normal_(const Tensor& x, double mean = 0.0, double deviation = 1.0, double low = -2.0,
                   double high = 2.0, Generator* generator = nullptr);

/// What follows a layer; how much its weights must grow to keep the size of signals.
enum class Nonlinearity { Linear, Sigmoid, Tanh, Relu, LeakyRelu, Selu };
/// `slope` is LeakyRelu's below 0.
double calculate_gain(Nonlinearity nonlinearity, double slope = 0.01);

/// Inputs and outputs of one element of the output and input: of a weight [out, in, ...] in times
/// and out times the product of the rest.
struct Fans {
  double in = 0;
  double out = 0;
};
/// Error below two dimensions.
Fans fans_of(const Tensor& weight);

/// Glorot's: gain * sqrt(2 / (in + out)) is the deviation, sqrt(3) times that the bound.
void xavier_uniform_(const Tensor& weight, double gain = 1.0, Generator* generator = nullptr);
void xavier_normal_(const Tensor& weight, double gain = 1.0, Generator* generator = nullptr);

enum class Fan { In, Out };
struct KaimingOptions {
  Nonlinearity nonlinearity = Nonlinearity::LeakyRelu;
  double slope = 0.0;
  Fan fan = Fan::In;  // In keeps the size of activations, Out that of gradients
  Generator* generator = nullptr;
};
/// He's: gain / sqrt(fan) is the deviation, sqrt(3) times that the bound.
void kaiming_uniform_(const Tensor& weight, const KaimingOptions& options = {});
void kaiming_normal_(const Tensor& weight, const KaimingOptions& options = {});

}  // namespace pg::nn::init
