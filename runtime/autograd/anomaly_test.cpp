// Places of ops, and anomaly mode.
#include "runtime/autograd/anomaly.h"

#include <doctest/doctest.h>

#include <limits>

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "tests/message_of.h"

namespace pg {
namespace {

TEST_CASE("a stale saved tensor names op, versions and place") {
  const Tensor x = tensor({1, 2}).requires_grad_();
  const Scope model("model", std::source_location());
  const Tensor y = [&] {
    const Scope layer("layer 3", std::source_location());
    return exp(x * 1.0);
  }();
  const NoGrad no_grad;
  y.copy_(tensor({0, 0}));
  y.copy_(tensor({0, 0}));
  CHECK(
      message_of([&] { y.backward(tensor({1, 1})); }) ==
      "backward: the result f32 [2] of `exp` is needed by its gradient, but was written in place: "
      "it is at version 2, saved at version 0; `exp` is op 2 of layer 3 (:0) in model (:0)");
}

TEST_CASE("places count the ops of the innermost scope and say where it was opened") {
  const Tensor x = tensor({-1}).requires_grad_();
  const AnomalyMode anomaly;
  const unsigned line = std::source_location::current().line() + 1;
  const Scope scope("step");
  CHECK((x * 1.0).requires_grad());
  {
    const Scope inner("inner");
    CHECK((x * 1.0).requires_grad());
  }
  const std::string place = "; it is op 2 of step (anomaly_test.cpp:" + std::to_string(line) + ")";
  CHECK(message_of([&] { log(x); }) ==
        "log: the result f32 [1] has 1 NaN, the first at [0]" + place);
}

TEST_CASE("anomaly mode names the first op with a result that is not finite") {
  const double infinity = std::numeric_limits<double>::infinity();
  const Tensor x = tensor({1, 0, -1, 2}).reshape({2, 2}).requires_grad_();
  CHECK(message_of([&] { log(x); }) == "no error");
  const AnomalyMode anomaly;
  CHECK(
      message_of([&] { sum(log(x) * 2.0); })
          .starts_with("log: the result f32 [2, 2] has 1 NaN and 1 infinity, the first at [0, 1]; "
                       "it is op "));
  CHECK(message_of([&] {
          exp(x * 100.0);
        }).starts_with("exp: the result f32 [2, 2] has 2 infinities, the first at [0, 0]"));
  CHECK(message_of([&] {
          x + tensor({0, infinity});
        }).ends_with("; input 1 has 1 infinity, the first at [1]"));
  {
    const AnomalyMode off(false);
    CHECK(message_of([&] { log(x); }) == "no error");
  }
  CHECK(message_of([&] { exp(x); }) == "no error");
  CHECK(message_of([&] { log(x.detach()); }) == "no error");  // not recorded
}

TEST_CASE("anomaly mode names the op whose gradient is not finite") {
  const Tensor x = tensor({4, 0}).requires_grad_();
  const AnomalyMode anomaly;
  const Scope scope("root", std::source_location());
  const Tensor y = (sqrt(x) * 3.0).sum();
  CHECK(
      message_of([&] { y.backward(); }) ==
      "backward: the gradient f32 [2] of `sqrt` for its input 0 has 1 infinity, the first at [1]; "
      "`sqrt` is op 1 of root (:0)");
}

TEST_CASE("anomaly mode lets fused ops mask with infinities") {
  const Tensor q = ones({1, 3, 1, 8}).requires_grad_();
  const AnomalyMode anomaly;
  const Tensor y = attention(q, q, q, 0.5);
  const Tensor g = grad(y, Tensors{q}, ones_like(y), {.create_graph = true})[0];
  CHECK(autograd::find_anomaly(g) == "");
}

}  // namespace
}  // namespace pg
