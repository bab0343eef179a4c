// Conversions between random layouts, carried out on numbers: every register must end up with the
// element that its layout says, and no access may have bank conflicts.
#include "compiler/schedule/gpu/conversion.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>

#include "compiler/schedule/gpu/scratch.h"

namespace tile::schedule {

namespace {

/// What a layout without registers gives a thread.
int thread_part(const Layout& map, int lane, int warp) {
  return static_cast<int>(map.element(0, lane, warp));
}

bool is_in_round(int r, const std::vector<int>& positions, int round) {
  for (std::size_t i = 0; i < positions.size(); ++i) {
    if ((r >> positions[i] & 1) != (round >> i & 1)) return false;
  }
  return true;
}

/// Elements that a conversion delivers to every register of every thread, in order.
std::vector<std::int64_t> carried_out(const Conversion& how, const Layout& from, const Layout& to) {
  std::vector<std::int64_t> result;
  std::map<std::pair<int, std::int64_t>, std::int64_t> scratch;  // round, address -> element
  if (how.kind == Conversion::Kind::Scratch) {
    for (int round = 0; round < 1 << how.write_rounds.size(); ++round) {
      for (int warp = 0; warp < from.warp_count(); ++warp) {
        for (int lane = 0; lane < lanes_per_warp; ++lane) {
          for (int r = 0; r < from.register_count(); ++r) {
            if (!is_in_round(r, how.write_rounds, round)) continue;
            const auto [at, is_new] = scratch.emplace(
                std::pair(round, how.write.element(r, lane, warp)), from.element(r, lane, warp));
            REQUIRE(at->second == from.element(r, lane, warp));  // one address, one element
          }
        }
      }
    }
  }
  for (int warp = 0; warp < to.warp_count(); ++warp) {
    for (int lane = 0; lane < lanes_per_warp; ++lane) {
      for (int r = 0; r < to.register_count(); ++r) {
        if (how.kind == Conversion::Kind::Warp) {
          const auto i = static_cast<std::size_t>(r);
          const int number = how.registers[i] ^ thread_part(how.choice, lane, warp);
          const int source = how.lanes[i] ^ thread_part(how.source, lane, warp);
          if (!how.moves_lanes) REQUIRE(source == lane);
          result.push_back(from.element(number, source, warp));
          continue;
        }
        int round = 0;
        for (std::size_t i = 0; i < how.read_rounds.size(); ++i) {
          round |= (r >> how.read_rounds[i] & 1) << i;
        }
        result.push_back(scratch.at({round, how.read.element(r, lane, warp)}));
      }
    }
  }
  return result;
}

std::vector<std::int64_t> elements(const Layout& layout) {
  std::vector<std::int64_t> result;
  for (int warp = 0; warp < layout.warp_count(); ++warp) {
    for (int lane = 0; lane < lanes_per_warp; ++lane) {
      for (int r = 0; r < layout.register_count(); ++r) {
        result.push_back(layout.element(r, lane, warp));
      }
    }
  }
  return result;
}

void check_conversion(const Layout& from, const Layout& to, int element_bytes) {
  const Conversion how = conversion(from, to, element_bytes);
  CAPTURE(to_string(from));
  CAPTURE(to_string(to));
  CHECK(carried_out(how, from, to) == elements(to));
  if (how.kind == Conversion::Kind::Warp) return;
  if (element_bytes < 4) return;  // bytes may share a bank's word
  CHECK(conflict_degree(how.write, 1 << how.write_vector.size(), element_bytes) == 1);
  CHECK(conflict_degree(how.read, 1 << how.read_vector.size(), element_bytes) == 1);
}

/// A layout of single bits in random places.
Layout random_layout(std::mt19937& random, int bits, int warp_bits) {
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::vector<std::int64_t> bases;
  for (int bit = 0; bit < bits; ++bit) bases.push_back(std::int64_t{1} << bit);
  for (int i = 0; i < below(6); ++i) bases.push_back(0);
  while (static_cast<int>(bases.size()) < 5 + warp_bits) bases.push_back(0);
  std::ranges::shuffle(bases, random);
  Layout layout{{std::int64_t{1} << bits}, {}, {}, {}};
  layout.lanes.assign(bases.begin(), bases.begin() + 5);
  layout.warps.assign(bases.begin() + 5, bases.begin() + 5 + warp_bits);
  layout.registers.assign(bases.begin() + 5 + warp_bits, bases.end());
  std::erase(layout.registers, 0);
  return layout;
}

}  // namespace

TEST_CASE("random conversions deliver every element without bank conflicts") {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    const int warp_bits = static_cast<int>(random() % 4);
    const int bits = 1 + static_cast<int>(random() % 12);
    const Layout from = random_layout(random, bits, warp_bits);
    const Layout to = random_layout(random, bits, warp_bits);
    for (int element_bytes : {1, 4, 8}) check_conversion(from, to, element_bytes);
  }
}

TEST_CASE("cheap conversions stay within the warp") {
  const int rows_first[] = {0, 1}, columns_first[] = {1, 0};
  const Layout by_columns = blocked_layout({32, 4}, columns_first, 4, 1);
  SUBCASE("the same") {
    const Conversion how = conversion(by_columns, by_columns, 4);
    CHECK(how.kind == Conversion::Kind::Warp);
    CHECK_FALSE(how.moves_lanes);
    CHECK(how.registers == std::vector<int>{0, 1, 2, 3});
  }
  SUBCASE("other registers") {
    Layout to = by_columns;
    std::swap(to.registers[0], to.registers[1]);
    const Conversion how = conversion(by_columns, to, 4);
    CHECK(how.kind == Conversion::Kind::Warp);
    CHECK(how.registers == std::vector<int>{0, 2, 1, 3});
  }
  SUBCASE("copies to one element each: a choice, without exchange") {
    const Layout copies = project(blocked_layout({4, 32}, columns_first, 1, 1), 1);
    Layout one_each = copies;
    one_each.lanes = {copies.registers[0], copies.registers[1], 0, 0, 0};
    one_each.registers.clear();
    const Conversion how = conversion(copies, one_each, 4);
    CHECK(how.kind == Conversion::Kind::Warp);
    CHECK_FALSE(how.moves_lanes);
  }
  SUBCASE("a transposition needs scratch, of exactly its size") {
    const Layout by_rows = blocked_layout({64, 64}, rows_first, 4, 4);
    const Layout across = blocked_layout({64, 64}, columns_first, 4, 4);
    CHECK(conversion_bytes(by_rows, across, ir::ElementType::F32) == 64 * 64 * 4);
    CHECK(conversion(by_rows, across, 4).kind == Conversion::Kind::Scratch);
  }
}

TEST_CASE("conflicts of a column of 32 words are counted") {
  Layout column{{1024}, {}, {32, 64, 128, 256, 512}, {}};
  CHECK(conflict_degree(column, 1, 4) == 32);
  column.lanes = {33, 66, 132, 264, 528};  // shifted by one bank a row
  CHECK(conflict_degree(column, 1, 4) == 1);
  column.lanes = {4, 8, 16, 32, 64};
  CHECK(conflict_degree(column, 4, 4) == 1);
  CHECK(conflict_degree(column, 1, 4) == 4);
}

TEST_CASE("a large tile goes through scratch in rounds") {
  const int rows_first[] = {0, 1}, columns_first[] = {1, 0};
  const Layout from = blocked_layout({128, 256}, columns_first, 4, 8);
  const Layout to = blocked_layout({128, 256}, rows_first, 4, 8);
  const Conversion how = conversion(from, to, 4);
  CHECK(how.bytes == (128 * 256 * 4) >> how.write_rounds.size());
  CHECK(carried_out(how, from, to) == elements(to));
}

TEST_CASE("scratch of reductions and scans") {
  const int columns_first[] = {1, 0};
  // 4 rows x 256 columns over 4 warps: lanes and two warp bits along the row.
  const Layout layout = blocked_layout({4, 256}, columns_first, 2, 4);
  const ir::ElementType f32[] = {ir::ElementType::F32};
  // The order of a sum has the warps' bits first, when both column registers are still apart.
  CHECK(reduce_bytes(layout, {ir::ReduceKind::Sum, 1}, f32) ==
        std::int64_t{layout.register_count()} * 128 * 4);
  CHECK(reduce_bytes(layout, {ir::ReduceKind::Max, 1}, f32) ==
        std::int64_t{layout.register_count()} / 2 * 128 * 4);
  CHECK(reduce_bytes(layout, {ir::ReduceKind::ArgMax, 1}, f32) ==
        std::int64_t{layout.register_count()} / 2 * 128 * 8);
  CHECK(reduce_bytes(layout, {ir::ReduceKind::Max, 0}, f32) == 0);
  CHECK(scan_strides({4, 64}, 1) == std::vector<std::int64_t>{65, 1});
  CHECK(scan_strides({4, 64}, 0) == std::vector<std::int64_t>{64, 1});
  CHECK(scan_bytes(ir::Type::tile(ir::ElementType::F32, {4, 64}), 1) == (3 * 65 + 64) * 4 + 4);
}

}  // namespace tile::schedule
