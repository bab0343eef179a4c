// Tests of the buffer pool.
#include "runtime/device/buffer.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "runtime/device/error.h"

using namespace pg;

TEST_CASE("buffers are aligned, counted and reused") {
  release_cached_memory();
  reset_peak_memory();
  const MemoryStatistics before = memory_statistics();
  std::byte* first = nullptr;
  {
    Buffer a = allocate("test", 1000, 4);
    first = a.data();
    CHECK(reinterpret_cast<std::uintptr_t>(first) % 64 == 0);
    CHECK(a.size_bytes() == 4000);
    CHECK(memory_statistics().live_bytes - before.live_bytes >= 4000);
    CHECK(memory_statistics().live_bytes - before.live_bytes <= 4500);
  }
  CHECK(memory_statistics().live_bytes == before.live_bytes);
  CHECK(memory_statistics().cached_bytes >= 4000);
  Buffer b = allocate("test", 4001, 1);  // the same pool size
  CHECK(b.data() == first);
  const MemoryStatistics after = memory_statistics();
  CHECK(after.allocations == before.allocations + 2);
  CHECK(after.reuses == before.reuses + 1);
  CHECK(after.cached_bytes == 0);
  CHECK(after.peak_bytes == after.live_bytes);
}

TEST_CASE("moving a buffer moves the ownership") {
  Buffer a = allocate("test", 10, 4);
  std::byte* data = a.data();
  Buffer b = std::move(a);
  CHECK(b.data() == data);
  Buffer c;
  c = std::move(b);
  CHECK(c.data() == data);
  CHECK(allocate("test", 0, 4).data() == nullptr);
}

TEST_CASE("sizes are checked before anything is allocated") {
  CHECK_THROWS_AS(allocate("empty", -1, 4), Error);
  CHECK_THROWS_AS(allocate("empty", INT64_MAX / 2, 4), Error);
  CHECK_THROWS_AS(allocate("empty", INT64_MAX, 1), Error);
  std::string message;
  try {
    allocate("zeros", std::int64_t{1} << 50, 4);
  } catch (const Error& error) {
    message = error.what();
  }
  CHECK(message.starts_with("zeros: out of memory: 4503599627370496 bytes requested"));
}

TEST_CASE("poison shows uninitialised reads as NaN") {
  set_memory_poison(true);
  Buffer a = allocate("test", 3, 4);
  set_memory_poison(false);
  float values[3];
  std::memcpy(values, a.data(), sizeof values);
  for (float value : values) CHECK(value != value);
}

TEST_CASE("several threads allocate at once") {
  const std::size_t live = memory_statistics().live_bytes;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 1; i < 500; ++i) {
        Buffer a = allocate("test", i * (t + 1), 4);
        std::memset(a.data(), t, a.size_bytes());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(memory_statistics().live_bytes == live);
}
