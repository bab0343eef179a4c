// What losses refuse; their values and gradients: functions_test.cpp, gradients_test.cpp.
#include "runtime/autograd/loss.h"

#include <doctest/doctest.h>

#include "runtime/autograd/functions.h"
#include "tests/message_of.h"

namespace pg {
namespace {

TEST_CASE("losses say what is wrong with their targets") {
  const Tensor x = log_softmax(zeros({2, 3}), -1);
  CHECK(message_of([&] { nll_loss(x, tensor_of<std::int64_t>({0, 1, 2})); }) ==
        "nll_loss: the shape of the targets is [3], not [2]");
  CHECK(message_of([&] { nll_loss(x, tensor_of<std::int64_t>({0})); }) ==
        "nll_loss: the shape of the targets is [1], not [2]");
  CHECK(message_of([&] { nll_loss(x, tensor_of<std::int64_t>({0, 3})); }) ==
        "nll_loss: target 3 at position 1 is outside 3 classes");
  CHECK(message_of([&] { nll_loss(x, tensor({0, 1})); }) ==
        "nll_loss: targets are f32, not i32 or i64");
  CHECK(message_of([&] { nll_loss(zeros({}), scalar(std::int64_t{0})); }) ==
        "nll_loss: no classes in []");
  CHECK(message_of([&] { cross_entropy(x, {}, 5); }) == "cross_entropy: undefined tensor");
  CHECK(message_of([&] { mse_loss(x, zeros({2})); }) ==
        "mse_loss: shapes [2, 3] and [2] do not broadcast: sizes 3 and 2 differ");
}

}  // namespace
}  // namespace pg
