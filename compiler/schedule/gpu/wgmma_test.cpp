// The layouts of wgmma.h against the formulas of the PTX ISA.
#include "compiler/schedule/gpu/wgmma.h"

#include <doctest/doctest.h>

namespace tile::schedule {
namespace {

/// In floats: row n of a K-major side with 128-byte swizzle, whose columns of 32 k follow each
/// other.
std::int64_t swizzled(std::int64_t n, std::int64_t slot, std::int64_t rows) {
  return slot / 32 * rows * 32 + n * 32 + ((slot % 32 / 4) ^ (n % 8)) * 4 + slot % 4;
}

std::int64_t place_of(const std::vector<std::int64_t>& places, std::int64_t flat) {
  std::int64_t place = 0;
  for (std::size_t bit = 0; bit < places.size(); ++bit) {
    if ((flat >> bit & 1) != 0) place ^= places[bit];
  }
  return place;
}

TEST_CASE("accumulators") {
  const std::int64_t rows = 256, columns = 32;
  for (const int warps : {4, 8}) {
    const Layout layout = wgmma_layout(rows, columns, 0, warps);
    const int per_block = static_cast<int>(columns / 2);
    const std::int64_t group_rows = rows / (warps / 4);
    for (int warp = 0; warp < warps; ++warp) {
      for (int lane = 0; lane < 32; ++lane) {
        for (int r = 0; r < layout.register_count(); ++r) {
          const int i = r % per_block;
          const std::int64_t row =
              warp / 4 * group_rows + r / per_block * 64 + warp % 4 * 16 + lane / 4 + i / 2 % 2 * 8;
          const std::int64_t column = i / 4 * 8 + lane % 4 * 2 + i % 2;
          REQUIRE(layout.element(r, lane, warp) == row * columns + column);
        }
      }
    }
  }
}

TEST_CASE("sides in shared memory") {
  const auto a = wgmma_places({64, 128}, 1, false), b = wgmma_places({128, 16}, 0, false);
  for (std::int64_t k = 0; k < 128; ++k) {
    for (std::int64_t m = 0; m < 64; ++m) {
      REQUIRE(place_of(a, m * 128 + k) == swizzled(m, k, 64));
    }
    for (std::int64_t n = 0; n < 16; ++n) {
      REQUIRE(place_of(b, k * 16 + n) == swizzled(n, k, 16));
    }
  }
}

/// Register i of a fragment of A is row lane / 4 + 8 (i mod 2), k lane mod 4 + 4 (i / 2). What an
/// accumulator's registers 0, 2, 1, 3 hold there must meet the same k of B.
TEST_CASE("an accumulator is a left side when the right one's k are permuted") {
  const std::int64_t depth = 64, columns = 128;
  const Layout left = wgmma_layout(128, depth, 0, 8);
  const auto places = wgmma_places({depth, columns}, 0, true);
  const int order[] = {0, 2, 1, 3};
  for (int lane = 0; lane < 32; ++lane) {
    for (int step = 0; step < depth / 8; ++step) {
      for (int i = 0; i < 4; ++i) {
        const std::int64_t element = left.element(4 * step + order[i], lane, 5);
        CHECK(element / depth == 64 + 16 + lane / 4 + i % 2 * 8);
        const std::int64_t slot = step * 8 + lane % 4 + i / 2 * 4;
        for (std::int64_t n = 0; n < columns; ++n) {
          REQUIRE(place_of(places, element % depth * columns + n) == swizzled(n, slot, columns));
        }
      }
    }
  }
}

TEST_CASE("loads fill chunks, and every element has one place") {
  const ir::Shape shape = {32, 64};
  const Layout layout = wgmma_load_layout(shape, 0, true, 8);
  const auto places = wgmma_places(shape, 0, true);
  std::vector<int> seen(static_cast<std::size_t>(wgmma_bytes(shape, 0) / 4));
  for (int thread = 0; thread < 256; ++thread) {
    for (int r = 0; r < layout.register_count(); ++r) {
      const std::int64_t place = place_of(places, layout.element(r, thread % 32, thread / 32));
      ++seen[static_cast<std::size_t>(place)];
      CHECK(place % 4 == r % 4);
    }
  }
  for (int count : seen) CHECK(count == 1);
}

}  // namespace
}  // namespace tile::schedule
