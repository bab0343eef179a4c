// See thread_pool.h. One 64-bit word holds the generation of the current job and how many of its
// chunks are unclaimed; claiming is a compare-and-swap on it, so a worker that wakes up late finds
// either a newer job or nothing left and can never touch a finished one.
#include "runtime/device/thread_pool.h"

#include <immintrin.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/device/error.h"

namespace pg {

namespace {

constexpr int spin_pauses = 6000;  // about 100 us
constexpr std::int64_t chunk_limit = std::int64_t{1} << 31;
constexpr std::uint64_t unclaimed_mask = 0xffffffffu;

/// The processors this process may run on.
std::vector<int> usable_processors() {
  std::vector<int> result;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int i = 0; i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(i, &set)) result.push_back(i);
    }
  }
  return result;
}

class ThreadPool {
 public:
  explicit ThreadPool(int threads) : threads_(threads) {
    const std::vector<int> processors = usable_processors();
    for (int i = 1; i < threads; ++i) {
      workers_.emplace_back([this] { work(); });
      // A worker that the system may move lands on the spinning caller's core now and then and
      // stalls it.
      if (threads <= static_cast<int>(processors.size())) {
        pin(workers_.back(), processors[processors.size() - static_cast<std::size_t>(i)]);
      }
    }
  }

  ~ThreadPool() {
    stopping_.store(true);
    wake_workers();
    for (std::thread& worker : workers_) worker.join();
  }

  int threads() const { return threads_; }

  bool try_run(std::int64_t chunks, ChunkBody body, void* context) {
    if (workers_.empty() || chunks >= chunk_limit || !busy_.try_lock()) return false;
    const std::lock_guard lock(busy_, std::adopt_lock);
    const std::uint64_t generation = (claim_.load(std::memory_order_relaxed) >> 32) + 1;
    // Nobody reads these while nothing is unclaimed.
    body_.store(body, std::memory_order_relaxed);
    context_.store(context, std::memory_order_relaxed);
    chunks_.store(chunks, std::memory_order_relaxed);
    finished_.store(0, std::memory_order_relaxed);
    claim_.store(generation << 32 | static_cast<std::uint64_t>(chunks), std::memory_order_seq_cst);
    wake_workers();
    run_claimed();
    // Only chunks that somebody claimed are waited for; a sleeping worker costs nothing.
    for (int i = 0; finished_.load(std::memory_order_acquire) != chunks; ++i) {
      if (i < spin_pauses) {
        _mm_pause();
      } else {
        std::this_thread::yield();  // more threads than processors
      }
    }
    return true;
  }

 private:
  static void pin(std::thread& thread, int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    pthread_setaffinity_np(thread.native_handle(), sizeof set, &set);  // a hint; failing is fine
  }

  void wake_workers() {
    wakeups_.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) == 0) return;
    syscall(SYS_futex, &wakeups_, FUTEX_WAKE_PRIVATE, threads_, nullptr, nullptr, 0);
  }

  /// Runs chunks until none is left to claim; says whether there was any.
  bool run_claimed() {
    bool any = false;
    std::uint64_t claim = claim_.load(std::memory_order_acquire);
    while ((claim & unclaimed_mask) != 0) {
      const ChunkBody body = body_.load(std::memory_order_relaxed);
      void* context = context_.load(std::memory_order_relaxed);
      const std::int64_t chunks = chunks_.load(std::memory_order_relaxed);
      // Success proves that the job of `claim` had unclaimed chunks all the while, so it is
      // unfinished and the three values are its own.
      if (!claim_.compare_exchange_weak(claim, claim - 1, std::memory_order_acq_rel,
                                        std::memory_order_acquire)) {
        continue;
      }
      body(context, chunks - static_cast<std::int64_t>(claim & unclaimed_mask));
      finished_.fetch_add(1, std::memory_order_release);
      any = true;
      claim = claim_.load(std::memory_order_acquire);
    }
    return any;
  }

  void work() {
    _mm_setcsr(0x1f80);  // the default: no flushing of subnormals, round to nearest
    while (!stopping_.load(std::memory_order_relaxed)) {
      if (!run_claimed()) wait();
    }
  }

  void wait() {
    const std::uint32_t seen = wakeups_.load(std::memory_order_seq_cst);
    if (has_work() || stopping_.load()) return;
    for (int i = 0; i < spin_pauses; ++i) {
      if (wakeups_.load(std::memory_order_relaxed) != seen) return;
      _mm_pause();
    }
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    syscall(SYS_futex, &wakeups_, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
    sleepers_.fetch_sub(1, std::memory_order_seq_cst);
  }

  bool has_work() const { return (claim_.load(std::memory_order_seq_cst) & unclaimed_mask) != 0; }

  const int threads_;
  std::vector<std::thread> workers_;
  std::mutex busy_;
  alignas(64) std::atomic<std::uint64_t> claim_ = 0;  // generation << 32 | unclaimed chunks
  alignas(64) std::atomic<std::int64_t> finished_ = 0;
  alignas(64) std::atomic<std::uint32_t> wakeups_ = 0;
  std::atomic<int> sleepers_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<ChunkBody> body_ = nullptr;
  std::atomic<void*> context_ = nullptr;
  std::atomic<std::int64_t> chunks_ = 0;
};

/// The current pool; leaked at exit, so that no worker runs into destroyed statics.
struct Current {
  std::mutex mutex;
  std::atomic<ThreadPool*> pool = nullptr;
  std::atomic<int> users = 0;

  ThreadPool& get() {
    ThreadPool* now = pool.load(std::memory_order_acquire);
    return now != nullptr ? *now : make(0);
  }

  ThreadPool& make(int threads) {
    const std::lock_guard lock(mutex);
    ThreadPool* old = pool.load();
    if (old != nullptr && (threads == 0 || threads == old->threads())) return *old;
    if (threads == 0) threads = std::clamp(static_cast<int>(usable_processors().size()), 1, 1024);
    auto* made = new ThreadPool(threads);
    pool.store(made, std::memory_order_seq_cst);
    if (old == nullptr) return *made;
    while (users.load(std::memory_order_seq_cst) != 0) std::this_thread::yield();
    delete old;
    return *made;
  }
};

Current& current() {
  static auto* instance = new Current;
  return *instance;
}

struct Scratch {
  void* data = nullptr;
  std::size_t bytes = 0;
  ~Scratch() { std::free(data); }
};

}  // namespace

void run_chunks(std::int64_t chunks, ChunkBody body, void* context) {
  if (chunks > 1) {
    Current& state = current();
    state.users.fetch_add(1, std::memory_order_seq_cst);  // keeps the pool from being replaced
    const bool done = state.get().try_run(chunks, body, context);
    state.users.fetch_sub(1, std::memory_order_seq_cst);
    if (done) return;
  }
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) body(context, chunk);
}

int thread_count() { return current().get().threads(); }

void set_thread_count(int count) {
  if (count < 1 || count > 1024) fail("set_thread_count", "{} is not within 1 .. 1024", count);
  current().make(count);
}

void* thread_scratch(std::size_t bytes) {
  thread_local Scratch scratch;
  if (bytes <= scratch.bytes) return scratch.data;
  std::free(scratch.data);
  scratch.bytes = (bytes + 63) / 64 * 64;
  scratch.data = std::aligned_alloc(64, scratch.bytes);
  if (scratch.data == nullptr) scratch.bytes = 0;
  return scratch.data;
}

}  // namespace pg
