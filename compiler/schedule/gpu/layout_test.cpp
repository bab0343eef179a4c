// Layouts by their definition: element by element.
#include "compiler/schedule/gpu/layout.h"

#include <doctest/doctest.h>

#include <set>
#include <vector>

#include "compiler/schedule/gpu/planner.h"

using namespace tile::schedule;
namespace ir = tile::ir;

namespace {

/// How often each element is held.
std::vector<int> holders(const Layout& layout) {
  std::vector<int> counts(static_cast<std::size_t>(*ir::element_count(layout.extents)), 0);
  for (int w = 0; w < layout.warp_count(); ++w) {
    for (int l = 0; l < lanes_per_warp; ++l) {
      for (int r = 0; r < layout.register_count(); ++r) {
        ++counts[static_cast<std::size_t>(layout.element(r, l, w))];
      }
    }
  }
  return counts;
}

void check_covers(const Layout& layout) {
  const std::vector<int> counts = holders(layout);
  for (int count : counts) CHECK(count == counts[0]);
  CHECK(counts[0] >= 1);
}

}  // namespace

TEST_CASE("blocked layouts hold every element, neighbours in neighbouring lanes") {
  const std::vector<int> order{1, 0};
  const Layout layout = blocked_layout({48, 64}, order, 4, 4);
  CHECK(layout.extents == ir::Shape{64, 64});
  CHECK(layout.contiguous(1) == 4);
  CHECK(layout.contiguous(0) == 1);
  CHECK(layout.element(0, 1, 0) == 4);
  CHECK(layout.register_count() == 32);
  check_covers(layout);
  CHECK_FALSE(layout.has_copies());
  const Layout small = blocked_layout({8}, std::vector<int>{0}, 1, 2);
  CHECK(small.has_copies());
  check_covers(small);
}

TEST_CASE("ordered bits stay in registers") {
  const Layout layout = blocked_layout({4, 1024}, std::vector<int>{1, 0}, 1, 8, {1, 8});
  for (std::int64_t basis : layout.lanes) CHECK(layout.coordinate(basis, 1) < 256);
  for (std::int64_t basis : layout.warps) CHECK(layout.coordinate(basis, 1) < 256);
  check_covers(layout);
}

TEST_CASE("projection, permutation and reshape move elements with their threads") {
  const Layout layout = blocked_layout({16, 64}, std::vector<int>{1, 0}, 2, 4);
  const Layout rows = project(layout, 1);
  const Layout turned = permute(layout, std::vector<int>{1, 0});
  const Layout flat = reshape(layout, {1024});
  for (int l = 0; l < lanes_per_warp; ++l) {
    const std::int64_t from = layout.element(1, l, 3);
    CHECK(turned.element(1, l, 3) == from % 64 * 16 + from / 64);
    CHECK(flat.element(1, l, 3) == from);
    CHECK(rows.element(0, l, 3) == layout.element(0, l, 3) / 64);
  }
  CHECK(drop_dimension(layout, 1).extents == ir::Shape{16});
  CHECK(permute(turned, inverse(std::vector{1, 0})) == layout);
  CHECK(can_reshape({48}, {1, 48}));
  CHECK_FALSE(can_reshape({48}, {6, 8}));
}

TEST_CASE("dot layouts cover the result") {
  for (int warps : {1, 2, 4, 8}) {
    for (const ir::Shape& shape : std::vector<ir::Shape>{
             {128, 128}, {64, 64}, {1, 256}, {16, 8}, {8, 8}, {64, 1}, {2, 32, 32}, {100, 3}}) {
      check_covers(simt_dot_layout(shape, warps));
      if (shape[shape.size() - 2] >= 16 && shape.back() >= 8) {
        check_covers(mma_dot_layout(shape, warps));
      }
    }
  }
  const Layout layout = simt_dot_layout({128, 128}, 8);
  CHECK(layout.contiguous(1) == 4);
  CHECK(layout.register_count() == 64);
}
