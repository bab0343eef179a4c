// The device `real`: f32 tensors hold doubles there, and every kernel runs over them unchanged.
#include <doctest/doctest.h>

#include <cmath>

#include "runtime/device/error.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/elementwise.h"
#include "runtime/ops/fill.h"
#include "runtime/ops/optimizer.h"
#include "runtime/ops/reduce.h"
#include "runtime/tensor/launch.h"
#include "tests/message_of.h"

namespace pg::ops {
namespace {

using Values = std::vector<double>;

constexpr double third = 1.0 / 3.0;  // no f32

TEST_CASE("f32 elements are doubles on the device real") {
  const Tensor x = from_data(Values{third, -third, 2.0, 0.5}, {2, 2}, real_device);
  CHECK(x.dtype() == DType::F32);
  CHECK(to_string(x.device()) == "real");
  CHECK(x.to_vector<double>() == Values{third, -third, 2.0, 0.5});
  CHECK(view::transpose(x, 0, 1).to_vector<double>() == Values{third, 2.0, -third, 0.5});
  CHECK(view::select(view::select(x, 0, 0), 0, 1).item<double>() == -third);
  CHECK(scalar(third, real_device).item<double>() == third);
  CHECK(scalar(third, real_device).item<float>() == static_cast<float>(third));
  CHECK(full({}, third, DType::F32, real_device).item<double>() == third);
  CHECK(zeros({3}, DType::F32, real_device).to_vector<double>() == Values{0, 0, 0});
  // Elsewhere doubles are rounded once.
  CHECK(scalar(third, cpu_device).item<double>() == double{static_cast<float>(third)});
  CHECK(message_of([&] { x.data_ptr<float>(); }) ==
        "data_ptr: the elements of an f32 tensor on `real` are doubles; use to_vector");
}

TEST_CASE("moves to and from the device real") {
  const Tensor x = tensor({1, 2, 3, 4, 5, 6});
  const Tensor columns = view::transpose(view::reshape(x, {2, 3}), 0, 1);
  const Tensor there = to_device(columns, real_device);
  CHECK(there.to_vector<double>() == Values{1, 4, 2, 5, 3, 6});
  const Tensor back = to_device(view::transpose(there, 0, 1), x.device());
  CHECK(back.to_vector<float>() == x.to_vector<float>());
  CHECK(to_device(arange(0, 3), real_device).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{0, 1, 2});

  const Tensor moved = clone(x);
  const Tensor last = view::narrow(moved, 0, 4, 2);
  move_to_device(moved, real_device);
  CHECK(last.to_vector<double>() == Values{5, 6});
  move_to_device(moved, x.device());
  CHECK(last.to_vector<float>() == std::vector<float>{5, 6});
  CHECK(message_of([&] { binary(BinaryOp::Add, there, columns); }).starts_with("add: tensors are"));
}

TEST_CASE("kernels compute in f64 there") {
  const Tensor x = from_data(Values{third, 0.7, 1e-30}, {3}, real_device);
  const auto near = [](double expected) { return doctest::Approx(expected).epsilon(1e-15); };
  CHECK(sum(x, {}, false).item<double>() == near(third + 0.7));
  CHECK(unary(UnaryOp::Exp, x).to_vector<double>()[1] == near(std::exp(0.7)));
  CHECK(unary(UnaryOp::Square, x).to_vector<double>()[2] == near(1e-60));  // 0 in f32
  CHECK(binary(BinaryOp::Pow, x, third).to_vector<double>()[0] == near(std::pow(third, third)));
  CHECK(binary(BinaryOp::Mul, x, third).to_vector<double>()[0] == near(third * third));
  CHECK(cast(x, DType::I32).to_vector<std::int32_t>() == std::vector<std::int32_t>{0, 0, 0});
  CHECK(message_of([&] {
          launch(builtin_kernel("map.tile", "map_unary",
                                {{"F", "identity"}, {"X", "i32"}, {"Y", "i32"}}),
                 x, x);
        }).starts_with("map_unary: parameter"));
}

TEST_CASE("scalars of AdamW are exact there") {
  const Tensor p = from_data(Values{third}, {1}, real_device);
  const Tensor m = zeros_like(p);
  const Tensor v = zeros_like(p);
  const Tensor scalars = empty({8}, DType::F32, real_device);
  const AdamwHyper hyper;
  set_adamw_scalars(scalars, hyper, 1);
  const double g = 0.1;
  adamw_(p, m, v, from_data(Values{g}, {1}, real_device), scalars, {});
  const double expected =
      third * (1 - hyper.lr * hyper.weight_decay) - hyper.lr * g / (g + hyper.eps);
  CHECK(p.item<double>() == doctest::Approx(expected).epsilon(1e-14));
}

}  // namespace
}  // namespace pg::ops
