// Tests of overlap questions, against listing all addresses.
#include "runtime/device/overlap.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <set>
#include <vector>

using namespace pg;

namespace {

struct View {
  std::int64_t offset;
  std::vector<std::int64_t> sizes, strides;
  std::int64_t bytes = 4;

  StridedView strided() const {
    auto address = static_cast<std::uintptr_t>((1 << 20) + offset);
    return {reinterpret_cast<void*>(address), bytes, static_cast<int>(sizes.size()), sizes.data(),
            strides.data()};
  }
  std::vector<std::int64_t> addresses() const {
    std::vector<std::int64_t> result{offset};
    for (std::size_t d = 0; d < sizes.size(); ++d) {
      std::vector<std::int64_t> next;
      for (std::int64_t address : result) {
        for (std::int64_t i = 0; i < sizes[d]; ++i)
          next.push_back(address + i * strides[d] * bytes);
      }
      result = next;
    }
    return result;
  }
};

bool slow_overlap(const View& a, const View& b) {
  std::set<std::int64_t> touched;
  for (std::int64_t address : a.addresses()) {
    for (std::int64_t byte = 0; byte < a.bytes; ++byte) touched.insert(address + byte);
  }
  for (std::int64_t address : b.addresses()) {
    for (std::int64_t byte = 0; byte < b.bytes; ++byte) {
      if (touched.contains(address + byte)) return true;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("interleaved columns of one matrix are apart, overlapping ones are not") {
  const View q{0, {8, 16}, {64, 1}}, k{64, {8, 16}, {64, 1}}, near{60, {8, 16}, {64, 1}};
  CHECK_FALSE(overlap(q.strided(), k.strided()));
  CHECK(overlap(q.strided(), near.strided()));
  const View even{0, {100}, {2}}, odd{4, {100}, {2}}, reversed{99 * 8, {100}, {-2}};
  CHECK_FALSE(overlap(even.strided(), odd.strided()));
  CHECK(overlap(even.strided(), reversed.strided()));
}

TEST_CASE("random views agree with listing every address") {
  std::mt19937 random(7);
  auto draw = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  int overlapping = 0, self_overlapping = 0;
  for (int round = 0; round < 4000; ++round) {
    View views[2];
    for (View& view : views) {
      view.offset = draw(0, 200);
      view.bytes = draw(0, 3) == 0 ? 8 : 4;
      for (int rank = draw(0, 3); rank > 0; --rank) {
        view.sizes.push_back(draw(0, 9) == 0 ? 0 : draw(1, 4));
        view.strides.push_back(draw(-9, 9));
      }
    }
    const bool expected = slow_overlap(views[0], views[1]);
    overlapping += expected;
    CHECK(overlap(views[0].strided(), views[1].strided()) == expected);
    const auto addresses = views[0].addresses();
    const bool itself = std::set(addresses.begin(), addresses.end()).size() != addresses.size();
    self_overlapping += itself;
    CHECK(overlaps_itself(views[0].strided()) == itself);
  }
  CHECK(overlapping > 500);
  CHECK(self_overlapping > 500);
}

TEST_CASE("ranges are exact and refuse to wrap around") {
  ByteRange range;
  REQUIRE(byte_range(View{100, {3, 5}, {-10, 2}}.strided(), range));
  CHECK(range.begin == (1 << 20) + 100 - 20 * 4);
  CHECK(range.end == (1 << 20) + 100 + 8 * 4 + 4);
  REQUIRE(byte_range(View{100, {3, 0}, {-10, 2}}.strided(), range));
  CHECK(range.is_empty());
  CHECK_FALSE(byte_range(View{0, {INT64_MAX, 2}, {INT64_MAX, 1}}.strided(), range));
  CHECK_FALSE(byte_range(View{0, {INT64_MAX}, {1}}.strided(), range));
  CHECK_FALSE(byte_range(View{0, {1 << 20}, {-1}}.strided(), range));
}
