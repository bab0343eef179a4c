// Indexing against places worked out by hand or by plain loops; gradients: gradients_test.cpp.
#include "runtime/autograd/index.h"

#include <doctest/doctest.h>

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"

namespace pg {
namespace {

using Ints = std::vector<std::int64_t>;

/// 0, 1, 2, ... as i64.
Tensor counted(const Shape& shape) { return arange(element_count("test", shape)).reshape(shape); }

Ints ints(const Tensor& x) { return x.to_vector<std::int64_t>(); }

Tensor ids(std::initializer_list<std::int64_t> values) { return tensor_of(values); }

TEST_CASE("integers, slices, None and Ellipsis are views") {
  const Tensor x = counted({2, 3, 4});
  CHECK(ints(x[1, 2]) == Ints{20, 21, 22, 23});
  CHECK(ints(x[-1, Slice(), 0]) == Ints{12, 16, 20});
  CHECK(ints(x[Ellipsis, -1]) == Ints{3, 7, 11, 15, 19, 23});
  CHECK(ints(x[0, Slice(None, 2), Slice(1, None, 2)]) == Ints{1, 3, 5, 7});
  CHECK(x[None, Ellipsis, None].shape() == Shape{1, 2, 3, 4, 1});
  CHECK(x[Slice(5, 9)].shape() == Shape{0, 3, 4});
  CHECK(x[1].shares_storage(x));
  CHECK(x[Ellipsis].shares_storage(x));
  CHECK_FALSE(x[Ellipsis].is_same(x));
}

TEST_CASE("index tensors") {
  const Tensor x = counted({3, 4, 5});
  CHECK(ints(x[ids({2, 0}), 1, Slice(0, 2)]) == Ints{45, 46, 5, 6});
  // Neighbours: their dimensions stand in their place.
  CHECK(x[Slice(), ids({1, 2}), ids({-1, 0})].shape() == Shape{3, 2});
  CHECK(ints(x[Slice(), ids({1, 2}), ids({-1, 0})]) == Ints{9, 10, 29, 30, 49, 50});
  // Apart: they come first.
  const Tensor apart = x[ids({0, 2}), Slice(), ids({1, 3})];
  CHECK(apart.shape() == Shape{2, 4});
  CHECK(ints(apart) == Ints{1, 6, 11, 16, 43, 48, 53, 58});
  // They broadcast.
  CHECK(ints(x[ids({0, 1}).unsqueeze(1), ids({3, 0}), 4]) == Ints{19, 4, 39, 24});
  CHECK(x[zeros({2, 3}, DType::I64)].shape() == Shape{2, 3, 4, 5});
  CHECK(ints(x[zeros({}, DType::I32), 0, 1]) == Ints{1});
  CHECK(x[zeros({0}, DType::I64)].shape() == Shape{0, 4, 5});
  // A table of embeddings, rows of any width.
  for (std::int64_t width : {1, 2, 64, 65, 300}) {
    const Tensor table = counted({7, width});
    const Tensor rows = table[ids({6, 0, 6, 3})];
    bool agrees = true;
    for (std::int64_t i = 0; i < width; ++i) {
      const Ints found = ints(rows.select(1, i));
      agrees = agrees && found == Ints{6 * width + i, i, 6 * width + i, 3 * width + i};
    }
    CHECK(agrees);
  }
}

TEST_CASE("masks") {
  const Tensor x = counted({2, 3});
  CHECK(ints(x[x > 2.0]) == Ints{3, 4, 5});
  CHECK(ints(x[from_bools({false, true}, {2})]) == Ints{3, 4, 5});
  CHECK(ints(x[Slice(), from_bools({true, false, true}, {3})]) == Ints{0, 2, 3, 5});
  CHECK(x[x > 9.0].shape() == Shape{0});
  CHECK(ints(x.masked_select(from_bools({true, false, true}, {3}))) == Ints{0, 2, 3, 5});
  CHECK(ints(nonzero(remainder(x, 2.0))) == Ints{0, 1, 1, 0, 1, 2});
  CHECK(nonzero(x).shape() == Shape{5, 2});
  for (std::int64_t n : {255, 256, 257, 1000}) {
    const Tensor all = counted({n});
    const Tensor every_third = eq(remainder(all, 3.0), 0.0);
    Ints expected;
    for (std::int64_t i = 0; i < n; i += 3) expected.push_back(i);
    CHECK(ints(all[every_third]) == expected);
  }
}

TEST_CASE("assigning to places") {
  const Tensor x = zeros({2, 3});
  x[0, Slice(1, None)] = 5.0;
  x[1] = tensor({1, 2, 3});
  CHECK(x.to_vector<float>() == std::vector<float>{0, 5, 5, 1, 2, 3});
  x[ids({0, 1}), ids({0, 2})] = tensor({7, 8});
  x[x == 5.0] = -1.0;
  CHECK(x.to_vector<float>() == std::vector<float>{7, -1, -1, 1, 2, 8});
  x[0] += 1.0;
  x[Slice(), 0] *= tensor({2, 3});
  CHECK(x.to_vector<float>() == std::vector<float>{16, 0, 0, 3, 2, 8});
  x[Slice(), ids({2, 1})] = tensor({{1, 2}, {3, 4}});
  CHECK(x.to_vector<float>() == std::vector<float>{16, 2, 1, 3, 4, 3});
  x.t()[ids({0, 0})] = tensor({{1, 2}, {3, 4}});  // of several the last stays
  CHECK(x.to_vector<float>() == std::vector<float>{3, 2, 1, 4, 4, 3});
  x.index_put_({ids({0, 0, 1})}, tensor({{1, 0, 0}, {2, 0, 0}, {0, 0, 1}}), true);
  CHECK(x.to_vector<float>() == std::vector<float>{6, 2, 1, 4, 4, 4});
  Tensor row = x[0];
  row = x[1];  // another tensor, as in Python
  CHECK(x.to_vector<float>()[0] == 6);
  const Tensor counts = zeros({3, 3}, DType::I32);
  for (int i : {0, 1, 1}) counts[i, 2] += 1.0;
  CHECK(counts.to_vector<std::int32_t>() == std::vector<std::int32_t>{0, 0, 1, 0, 0, 2, 0, 0, 0});
}

TEST_CASE("values for one place are added in ascending order") {
  // 2^24 + 1 is lost, 1 + 1 + 2^24 is not: the order shows.
  const Tensor big = tensor({16777216.0f, 1, 1, 0});
  const Tensor first = zeros({1}).index_put_({ids({0, 0, 0, 0})}, big, true);
  CHECK(first.item() == 16777216.0);
  const Tensor last = zeros({1}).index_put_({ids({0, 0, 0, 0})}, big.flip(0), true);
  CHECK(last.item() == 16777218.0);
  CHECK(scatter_add(zeros({1}), 0, ids({0, 0, 0, 0}), big.flip(0)).item() == 16777218.0);
}

TEST_CASE("gather and scatter") {
  const Tensor x = counted({2, 3, 4});
  const Tensor along = from_data(Ints{2, 0, 1, 1, 0, 2, 2, 2}, {2, 1, 4});
  CHECK(ints(gather(x, 1, along)) == Ints{8, 1, 6, 7, 12, 21, 22, 23});
  CHECK(ints(gather(x, -1, ids({3, 0}).reshape({2, 1, 1}))) == Ints{3, 12});
  CHECK(ints(gather(x.transpose(0, 2), 0, zeros({1, 3, 2}, DType::I64))) ==
        Ints{0, 12, 4, 16, 8, 20});
  const Tensor y = zeros({2, 3});
  const Tensor places = from_data(Ints{0, 0, 2, 1}, {2, 2});
  const Tensor source = tensor({{1, 2}, {3, 4}});
  CHECK(scatter(y, 1, places, source).to_vector<float>() == std::vector<float>{2, 0, 0, 0, 4, 3});
  CHECK(scatter_add(y, 1, places, source).to_vector<float>() ==
        std::vector<float>{3, 0, 0, 0, 4, 3});
  CHECK(scatter(y, 1, places, 9.0).to_vector<float>() == std::vector<float>{9, 0, 0, 0, 9, 9});
  CHECK(y.to_vector<float>() == std::vector<float>(6, 0.0f));
  // Ids smaller than x and the source: the rest stays, the rest is not used.
  const Tensor few = from_data(Ints{2}, {1, 1});
  CHECK(scatter(y, 1, few, source).to_vector<float>() == std::vector<float>{0, 0, 1, 0, 0, 0});
  CHECK(scatter_add(ones({2, 3}), 0, from_data(Ints{1, 1}, {1, 2}), source).to_vector<float>() ==
        std::vector<float>{1, 1, 1, 2, 3, 1});
  CHECK(scatter(y, 0, from_data(Ints{0, 1, 0}, {3, 1}), 5.0).to_vector<float>() ==
        std::vector<float>{5, 0, 0, 5, 0, 0});
  CHECK(ints(one_hot(ids({2, 0}))) == Ints{0, 0, 1, 1, 0, 0});
  CHECK(one_hot(ids({2, 0}), 5).shape() == Shape{2, 5});
}

TEST_CASE("what indexing refuses") {
  const Tensor x = counted({2, 3});
  CHECK_THROWS_WITH_AS((x[ids({0, 2})]),
                       "index: index 2 at position 1 is out of range for axis 0 of size 2", Error);
  CHECK_THROWS_WITH_AS((x[Slice(), ids({-4})]),
                       "index: index -4 at position 0 is out of range for axis 1 of size 3", Error);
  CHECK_THROWS_WITH_AS((x[0, 0, 0]), "index: 3 indices for 2 dimensions", Error);
  CHECK_THROWS_WITH_AS((x[Ellipsis, Ellipsis]), "index: more than one Ellipsis", Error);
  CHECK_THROWS_WITH_AS((x[2]), "select: index 2 is out of range for axis 0 of size 2", Error);
  CHECK_THROWS_WITH_AS((x[tensor({1})]), "index: indices are f32, not i32 or i64", Error);
  CHECK_THROWS_WITH_AS((x[from_bools({true}, {1})]),
                       "index: the mask [1] does not fit [2, 3] from axis 0 on", Error);
  CHECK_THROWS_WITH_AS((x[ids({0, 1, 1}), ids({0, 1})]),
                       "index: shapes [3] and [2] do not broadcast: sizes 3 and 2 differ", Error);
  CHECK_THROWS_WITH_AS(gather(x, 1, ids({0})), "gather: the index has 1 dimensions, the tensor 2",
                       Error);
  CHECK_THROWS_WITH_AS(gather(x, 1, from_data(Ints{0, -1}, {2, 1})),
                       "gather: index -1 at position 1 is out of range for axis 1 of size 3",
                       Error);
  CHECK_THROWS_WITH_AS(scatter(x, 1, from_data(Ints{0, 1}, {2, 1}), counted({1, 1})),
                       "scatter: the source is [1, 1], not [2, 1]", Error);
  CHECK_THROWS_WITH_AS(scatter(x, 1, from_data(Ints{0, 1}, {2, 1}), 0.5),
                       "scatter: 0.5 is not an i64", Error);
  CHECK_THROWS_WITH_AS((x[0, 1] = 0.5), "index_put_: 0.5 is not an i64", Error);
  CHECK_THROWS_WITH_AS(x.index_put_({0}, tensor({1})),
                       "index_put_: the values are f32 [1], the tensor i64 [2, 3]", Error);
  CHECK_THROWS_WITH_AS(one_hot(ids({0, 5}), 5), "one_hot: ids from 0 to 5 are not among 5 classes",
                       Error);
}

}  // namespace
}  // namespace pg
