// Counting what launches do: padding left out, conditions and loops, what lies in memory.
#include "compiler/interpret/work.h"

#include <cstring>

#include "compiler/interpret/test_kernels.h"

namespace tile::interpret {
namespace {

void read_nothing(std::uint64_t, void*, std::size_t) {
  FAIL("nothing decides that lies in memory");
}

// Each program adds a block of four to itself, a number of times that lies in memory.
constexpr std::string_view repeat =
    R"(kernel @repeat(%x: inout tensor<f32>[N], %times: tensor<i64>[1])
grid {
  %g0 = dim %x axis=0 : i64
  %g1 = constant 3 : i64
  %g2 = add %g0, %g1 : i64
  %g3 = constant 4 : i64
  %g4 = div %g2, %g3 : i64
  yield %g4
}
body {
  %i = program_id axis=0 : i64
  %four = constant 4 : i64
  %at = mul %i, %four : i64
  %pad = constant 0.0 : f32
  %value = load %x[%at +: 4 masked] fill %pad : f32[4]
  %zero = constant 0 : i64
  %one = constant 1 : i64
  %none = constant 0 : i64
  %end = load %times[%zero] fill %none : i64
  %sum = for %k = %zero to %end step %one carry (%acc = %value) : f32[4] {
    %next = add %acc, %acc : f32[4]
    yield %next
  }
  store %x[%at +: 4 masked] = %sum
  yield
}
)";

TEST_CASE("loops run as often as memory says, elements outside count nothing") {
  WorkCounter counter(module_of(repeat));
  std::int64_t times = 5;
  int reads = 0;
  const auto read = [&](std::uint64_t address, void* to, std::size_t bytes) {
    CHECK(address == 4096);
    REQUIRE(bytes == sizeof times);
    std::memcpy(to, &times, bytes);
    ++reads;
  };
  const std::vector<std::int64_t> words = {1024, 10, 1, 4096, 1, 1};
  KernelWork work = counter.count(words.data(), read);
  CHECK(work.fp32_flops == 10 * 5);
  CHECK(work.bytes == 2 * 10 * 4 + 8);  // times is read by every program, but is only 8 bytes
  CHECK(reads == 1);
  times = 3;  // the same sizes, another number in memory
  work = counter.count(words.data(), read);
  CHECK(work.fp32_flops == 10 * 3);
  times = 5;
  reads = 0;
  CHECK(counter.count(words.data(), read).fp32_flops == 10 * 5);
  CHECK(reads <= 2);  // to see which it is
}

// Each program looks for its number among ids, and doubles its element where it is there.
constexpr std::string_view search =
    R"(kernel @search(%x: inout tensor<f32>[N], %ids: tensor<i64>[T])
grid {
  %g0 = dim %x axis=0 : i64
  yield %g0
}
body {
  %i = program_id axis=0 : i64
  %t = dim %ids axis=0 : i64
  %pad = constant 0.0 : f32
  %value = load %x[%i] fill %pad : f32
  %zero = constant 0 : i64
  %one = constant 1 : i64
  %end = for %k = %zero to %t step %one carry (%acc = %value) : f32 {
    %id = load %ids[%k] fill %zero : i64
    %is_found = compare eq %id, %i : bool
    %next = if %is_found : f32 {
      %double = add %acc, %acc : f32
      yield %double
    } else {
      yield %acc
    }
    yield %next
  }
  store %x[%i] = %end
  yield
}
)";

TEST_CASE("a search reads nothing and finds nothing") {
  WorkCounter counter(module_of(search));
  const std::vector<std::int64_t> words = {1024, 1000, 1, 4096, 8192, 1};
  const KernelWork work = counter.count(words.data(), read_nothing);
  CHECK(work.fp32_flops == 0);
  CHECK(work.bytes == 2 * 1000 * 4 + 8192 * 8);
}

TEST_CASE("an empty grid does nothing") {
  WorkCounter counter(module_of(repeat));
  const std::vector<std::int64_t> words = {1024, 0, 1, 4096, 1, 1};
  const KernelWork work = counter.count(words.data(), read_nothing);
  CHECK(work.fp32_flops == 0);
  CHECK(work.bytes == 0);
}

}  // namespace
}  // namespace tile::interpret
