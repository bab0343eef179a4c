// Tests of the thread pool.
#include "runtime/device/thread_pool.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "runtime/device/error.h"

using namespace pg;

namespace {

struct Counts {
  std::vector<std::atomic<int>> seen;
  explicit Counts(std::size_t size) : seen(size) {}
  static void body(void* self, std::int64_t chunk) {
    static_cast<Counts*>(self)->seen[static_cast<std::size_t>(chunk)].fetch_add(1);
  }
  bool all_are(int value) const {
    for (const auto& count : seen) {
      if (count.load() != value) return false;
    }
    return true;
  }
};

}  // namespace

TEST_CASE("every chunk runs exactly once, for any number of threads and chunks") {
  const int at_start = thread_count();
  for (int threads : {1, 2, 3, 5}) {
    set_thread_count(threads);
    CHECK(thread_count() == threads);
    for (std::int64_t chunks : {0, 1, 2, 3, 17, 1000}) {
      Counts counts(static_cast<std::size_t>(chunks));
      run_chunks(chunks, Counts::body, &counts);
      CHECK(counts.all_are(1));
    }
  }
  set_thread_count(at_start);
}

TEST_CASE("thousands of short jobs, with pauses that let workers fall asleep") {
  const int at_start = thread_count();
  set_thread_count(3);
  for (int job = 0; job < 3000; ++job) {
    Counts counts(static_cast<std::size_t>(job % 7));
    run_chunks(job % 7, Counts::body, &counts);
    REQUIRE(counts.all_are(1));
    if (job % 500 == 0) usleep(2000);
  }
  set_thread_count(at_start);
}

TEST_CASE("several callers and nested jobs do not wait for each other") {
  const int at_start = thread_count();
  set_thread_count(2);
  std::vector<std::thread> callers;
  std::atomic<int> total = 0;
  auto inner = [](void* sum, std::int64_t) { static_cast<std::atomic<int>*>(sum)->fetch_add(1); };
  static ChunkBody inner_body = inner;
  auto outer = [](void* sum, std::int64_t) { run_chunks(4, inner_body, sum); };
  for (int caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&] {
      for (int i = 0; i < 200; ++i) run_chunks(3, outer, &total);
    });
  }
  for (auto& caller : callers) caller.join();
  CHECK(total.load() == 3 * 200 * 3 * 4);
  set_thread_count(at_start);
}

TEST_CASE("the number of threads is checked; scratch grows and stays aligned") {
  CHECK_THROWS_AS(set_thread_count(0), Error);
  CHECK_THROWS_AS(set_thread_count(1025), Error);
  void* small = thread_scratch(100);
  CHECK(thread_scratch(50) == small);
  void* large = thread_scratch(100000);
  CHECK(reinterpret_cast<std::uintptr_t>(large) % 64 == 0);
}
