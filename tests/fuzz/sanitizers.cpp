// The sanitizers' settings of every fuzzer, compiled in so that they hold wherever one runs. They
// make inputs two to three times as fast and leave each check on; ASAN_OPTIONS overrides them.
extern "C" const char* __asan_default_options() {
  return
      // Freed memory that waits before it is used again: an input frees far less.
      "quarantine_size_mb=16:"
      // Frames watched after their function returned. Each exception sweeps all of their places, so
      // there are 64 KiB of each size instead of 1 MiB.
      "max_uar_stack_size_log=16:"
      // Callers kept with each allocation. More for a finding: ASAN_OPTIONS=malloc_context_size=30.
      "malloc_context_size=6";
}
