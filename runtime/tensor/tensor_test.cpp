// Handles, shapes and raw views; nothing here launches a kernel.
#include "runtime/tensor/tensor.h"

#include <doctest/doctest.h>

#include <numeric>

#include "runtime/device/error.h"
#include "runtime/tensor/random.h"
#include "tests/message_of.h"

namespace pg {
namespace {

Tensor counting(const Shape& shape) {
  std::vector<float> values(static_cast<std::size_t>(element_count("test", shape)));
  std::iota(values.begin(), values.end(), 0.0f);
  return from_data(values, shape);
}

TEST_CASE("creation and reading back") {
  const Tensor x = counting({2, 3});
  CHECK(x.dim() == 2);
  CHECK(x.size(-1) == 3);
  CHECK(x.numel() == 6);
  CHECK(x.is_contiguous());
  CHECK(x.strides() == Strides{3, 1});
  CHECK(x.to_vector<float>() == std::vector<float>{0, 1, 2, 3, 4, 5});
  CHECK(zeros({2}).to_vector<float>() == std::vector<float>{0, 0});
  CHECK(arange(5, 0, -2).to_vector<std::int64_t>() == std::vector<std::int64_t>{5, 3, 1});
  CHECK(from_bools({true, false}, {2}).to_vector<bool>() == std::vector<bool>{true, false});
  CHECK(scalar(2.5f).item<double>() == 2.5);
  CHECK(describe(x) == "f32 [2, 3]");
  CHECK(empty({0, 4}).to_vector<float>().empty());
  CHECK_FALSE(Tensor().defined());
}

TEST_CASE("handles share, count and free") {
  Tensor x = counting({4});
  Tensor y = x;
  CHECK(y.is_same(x));
  Tensor z = view::alias(x);
  CHECK_FALSE(z.is_same(x));
  CHECK(z.shares_storage(x));
  z.data_ptr<float>()[2] = 7;
  z.mark_written();
  CHECK(x.version() == 1);
  x = Tensor();
  CHECK(y.to_vector<float>() == std::vector<float>{0, 1, 7, 3});
  const Tensor& same = y;
  y = same;
  y = std::move(z);
  CHECK(y.numel() == 4);
}

TEST_CASE("views") {
  const Tensor x = counting({2, 3, 4});
  CHECK(view::transpose(x, 0, -1).strides() == Strides{1, 4, 12});
  CHECK(view::transpose(counting({2, 3}), 0, 1).to_vector<float>() ==
        std::vector<float>{0, 3, 1, 4, 2, 5});
  CHECK(view::permute(x, {2, 0, 1}).shape() == Shape{4, 2, 3});
  CHECK(view::permute(x, {2, 0, 1}).size(0) == 4);
  CHECK(view::select(x, 1, -1).to_vector<float>() ==
        std::vector<float>{8, 9, 10, 11, 20, 21, 22, 23});
  CHECK(view::slice(counting({7}), 0, 1, 100, 3).to_vector<float>() == std::vector<float>{1, 4});
  CHECK(view::slice(counting({7}), 0, -2, 7).to_vector<float>() == std::vector<float>{5, 6});
  CHECK(view::slice(counting({7}), 0, 5, 2).numel() == 0);
  CHECK(view::narrow(x, 2, 1, 2).shape() == Shape{2, 3, 2});
  CHECK(view::unsqueeze(x, -1).shape() == Shape{2, 3, 4, 1});
  CHECK(view::squeeze(view::unsqueeze(x, 1), 1).strides() == x.strides());
  const Tensor wide = view::expand(counting({3, 1}), {2, -1, 2});
  CHECK(wide.strides() == Strides{0, 1, 0});
  CHECK(wide.to_vector<float>() == std::vector<float>{0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2});
}

TEST_CASE("reshape keeps a view exactly when strides allow it") {
  const Tensor x = counting({2, 3, 4});
  CHECK(view::reshape(x, {6, -1}).shape() == Shape{6, 4});
  CHECK(view::reshape(x, {24}).shares_storage(x));
  const Tensor columns = view::narrow(x, 2, 0, 2);  // strides 12 4 1, sizes 2 3 2
  const auto merged = view::try_reshape(columns, {6, 2});
  REQUIRE(merged.has_value());
  CHECK(merged->to_vector<float>() == columns.to_vector<float>());
  CHECK_FALSE(view::try_reshape(columns, {12}).has_value());
  CHECK_FALSE(view::try_reshape(view::transpose(x, 0, 1), {6, 4}).has_value());
  const auto split = view::try_reshape(view::transpose(counting({4, 6}), 0, 1), {2, 3, 1, 2, 2});
  REQUIRE(split.has_value());
  CHECK(split->to_vector<float>() == view::transpose(counting({4, 6}), 0, 1).to_vector<float>());
  CHECK(view::reshape(empty({0, 3}), {3, 0}).shape() == Shape{3, 0});
  CHECK(view::reshape(scalar(1.0f), {1, 1}).dim() == 2);
  const Tensor row = view::expand(counting({1, 3}), {4, 3});
  CHECK_FALSE(view::try_reshape(row, {12}).has_value());
  CHECK(view::try_reshape(row, {2, 2, 3}).has_value());
}

TEST_CASE("errors open with the op") {
  const Tensor x = counting({2, 3});
  CHECK(message_of([&] { broadcast_shapes("add", {2, 3}, {2, 2}); }) ==
        "add: shapes [2, 3] and [2, 2] do not broadcast: sizes 3 and 2 differ");
  CHECK(message_of([&] { view::transpose(x, 0, 2); }) ==
        "transpose: axis 2 is out of range for 2 dimensions");
  CHECK(message_of([&] { view::reshape(x, {4, -1}); }) ==
        "reshape: 6 elements do not fill shape [4, -1]");
  CHECK(message_of([&] { empty({1LL << 40, 1LL << 40}); }).starts_with("empty: shape ["));
  CHECK(message_of([&] { empty({-3}); }) == "empty: negative size in shape [-3]");
  CHECK(message_of([&] { view::permute(x, {0, 0}); }) ==
        "permute: axis 0 is given twice in [0, 0]");
  CHECK(message_of([&] { view::as_strided(x, {3}, {4}, 0); }).starts_with("as_strided: view"));
  CHECK(message_of([&] {
          view::as_strided(x, {2}, {INT64_MAX}, 1);
        }).starts_with("as_strided: view"));
  CHECK(message_of([&] { x.item<float>(); }).starts_with("item: needs exactly one element"));
  CHECK(message_of([&] { x.to_vector<std::int32_t>(); }) ==
        "to_vector: the tensor is f32, not i32");
  CHECK(message_of([&] { Tensor().shape(); }) == "shape: undefined tensor");
  CHECK(message_of([&] { from_data(std::vector<float>{1}, {2}); }) ==
        "from_data: 1 values for shape [2] of 2 elements");
  CHECK(message_of([&] { view::expand(x, {4, 2, 2}); }) ==
        "expand: [2, 3] cannot become [4, 2, 2]");
}

TEST_CASE("axis lists") {
  CHECK(normalize_axes("sum", {-1, 0}, 3) == Dims{0, 2});
  CHECK(normalize_axes("sum", {}, 2) == Dims{0, 1});
  CHECK(reduced_shape({2, 3, 4}, {0, 2}, true) == Shape{1, 3, 1});
  CHECK(reduced_shape({2, 3, 4}, {0, 2}, false) == Shape{3});
  CHECK(broadcast_shapes("add", {4, 1}, {3, 1, 5}) == Shape{3, 4, 5});
  CHECK(broadcast_shapes("add", {0, 1}, {1, 5}) == Shape{0, 5});
}

TEST_CASE("philox known answers") {
  // From the Random123 distribution's kat_vectors, philox4x32-10.
  CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) ==
        std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
        std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        std::array<std::uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("generators repeat from a saved state") {
  Generator generator(7);
  const std::vector<float> first = randn({10}, &generator).to_vector<float>();
  const GeneratorState saved = generator.state();
  const std::vector<float> second = rand({9}, &generator).to_vector<float>();
  CHECK(first != randn({10}, &generator).to_vector<float>());
  generator.set_state(saved);
  CHECK(rand({9}, &generator).to_vector<float>() == second);
  generator.manual_seed(7);
  CHECK(randn({10}, &generator).to_vector<float>() == first);
  // A prefix does not depend on how many values are drawn at once.
  generator.manual_seed(7);
  CHECK(randn({3}, &generator).to_vector<float>() ==
        std::vector<float>(first.begin(), first.begin() + 3));
}

TEST_CASE("random moments") {
  Generator generator(1);
  const int count = 200'000;
  const std::vector<float> normal = randn({count}, &generator).to_vector<float>();
  const std::vector<float> uniform = rand({count}, &generator).to_vector<float>();
  double mean = 0, square = 0, uniform_mean = 0;
  for (float x : normal) mean += x, square += double{x} * x;
  for (float x : uniform) {
    CHECK_UNARY(x >= 0.0f && x < 1.0f);
    uniform_mean += x;
  }
  CHECK(std::abs(mean / count) < 0.01);
  CHECK(std::abs(square / count - 1.0) < 0.02);
  CHECK(std::abs(uniform_mean / count - 0.5) < 0.005);
  std::array<int, 6> faces{};
  for (int i = 0; i < 6000; ++i) ++faces[generator.below(6)];
  for (int face : faces) CHECK(std::abs(face - 1000) < 150);
}

}  // namespace
}  // namespace pg
