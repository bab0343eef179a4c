// The pool that runs a kernel's programs on several cores. Work is a number of chunks; the caller
// and the workers claim chunks one by one, the caller waits only for claimed ones. Workers spin
// about 100 us for more work, then sleep on a futex. Bits of results never depend on the number of
// threads.
#pragma once

#include <cstdint>
#include <memory>

namespace pg {

/// Calls body(context, chunk) once for each chunk in [0, chunks), on any threads, and returns when
/// all are done. `body` must not throw. While the pool is busy (another thread's launch, or a
/// nested one) the caller does everything itself.
using ChunkBody = void (*)(void* context, std::int64_t chunk);
void run_chunks(std::int64_t chunks, ChunkBody body, void* context);

/// Threads that work at once, the caller included. At first: the cores this process may use.
int thread_count();
/// 1 <= count <= 1024; Error otherwise. Waits for running work.
void set_thread_count(int count);

/// Memory private to the calling thread, 64-byte aligned, kept until the thread ends. Contents
/// undefined; the next call may move it. Null when the system has no memory.
void* thread_scratch(std::size_t bytes);

}  // namespace pg
