// The kernels of examples/: the first lights of every back end.
#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "tests/kernels/harness.h"

namespace tile::harness {
namespace {

TEST_CASE("examples") {
  run_row({.file = "examples/01_vector_add.tile",
           .kernel = "vector_add",
           .tunes = {{{"B", "16"}}, {{"B", "1"}}, {{"B", "37"}}, {{"B", "256"}}},
           .sizes = product_of({{"N", {1, 0, 15, 16, 17, 31, 1000}}}),
           .reference = [](Values& v) {
             std::ranges::transform(v["a"], v["b"], v["c"].begin(), std::plus<>());
           }});
}

}  // namespace
}  // namespace tile::harness
