// Random graphs: expressions of smooth ops over broadcast shapes, in which values are used again at
// random and parts are checkpointed, through check_gradients.
#include <doctest/doctest.h>

#include "runtime/autograd/check_gradients.h"
#include "runtime/autograd/checkpoint.h"
#include "runtime/autograd/functions.h"
#include "runtime/tensor/random.h"

namespace pg {
namespace {

/// One drawn graph; every call of build() makes the same one.
class RandomGraph {
 public:
  explicit RandomGraph(std::uint64_t seed) : seed_(seed) {}

  Tensor build(const Tensors& inputs) const {
    Generator choice(seed_);
    Tensors values = inputs;
    for (int i = 0; i < 8; ++i) values.push_back(extend(values, choice));
    return values.back() + values[choice.below(values.size())];
  }

 private:
  /// A value made from one or two earlier ones, all [n, n] or broadcast to it, and of moderate
  /// size.
  static Tensor extend(const Tensors& values, Generator& choice) {
    const Tensor a = values[choice.below(values.size())];
    const Tensor b = values[choice.below(values.size())];
    switch (choice.below(12)) {
      case 0:
        return a + b;
      case 1:
        return a - b * 0.5;
      case 2:
        return a * b;
      case 3:
        return a / (1.5 + square(b));
      case 4:
        return tanh(a);
      case 5:
        return exp(sin(a));
      case 6:
        return matmul(a.expand({3, 3}), b.expand({3, 3})) * 0.3;
      case 7:
        return a.expand({3, 3}).t() * sigmoid(b);
      case 8:
        return softmax(a.expand({3, 3}), -1) + b;
      case 9:
        return mean(a * b, {0}, true);
      case 10:
        return cat(Tensors{a.expand({3, 3}).narrow(0, 1, 2), b.expand({3, 3}).narrow(0, 0, 1)});
      default:
        return checkpoint([](const Tensors& in) { return tanh(in[0] * in[1]) * in[0]; }, {a, b});
    }
  }

  std::uint64_t seed_;
};

TEST_CASE("random graphs") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    Generator generator(seed + 100);
    const Tensors inputs = {randn({3, 3}, &generator), randn({1, 3}, &generator),
                            randn({3, 1}, &generator)};
    const RandomGraph graph(seed);
    CHECK(check_gradients([&](const Tensors& in) { return graph.build(in); }, inputs) == "");
  }
}

}  // namespace
}  // namespace pg
