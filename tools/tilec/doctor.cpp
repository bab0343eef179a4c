// tilec doctor: what this machine has for compiling and running kernels, and what is missing.
#include <fmt/format.h>

#include <cstdio>

#include "compiler/driver/cache.h"
#include "runtime/device/buffer.h"
#include "runtime/device/device.h"
#include "runtime/device/error.h"
#include "runtime/device/nvrtc.h"
#include "runtime/device/peak.h"
#include "tools/tilec/command.h"
#include "tools/tilec/toolkit.h"
#include "tools/tilec/version.h"

namespace tilec {

namespace {

void line(std::string_view what, std::string_view found) { fmt::print("{:<14}{}\n", what, found); }

double gibibytes(std::size_t bytes) { return static_cast<double>(bytes) / (1 << 30); }

void print_gpu(pg::Device device) {
  try {
    const pg::DeviceMemory memory = pg::device_memory(device);
    line("GPU", fmt::format("{}, {:.1f} of {:.1f} GiB free", pg::describe(device),
                            gibibytes(memory.free_bytes), gibibytes(memory.total_bytes)));
    pg::check_device("tilec doctor", device);
    line("", "at most " + to_string(pg::device_peak(device)));
  } catch (const pg::Error& error) {
    line("", error.what());
  }
}

int run() {
  fmt::print("{}\n", version_text());
  line("CPU", pg::describe(pg::cpu_device));
  line("", "measured: " + to_string(pg::device_peak(pg::cpu_device)));
  const std::string driver = pg::describe_cuda_driver();
  line("CUDA driver", driver);
  for (int i = 0; i < pg::cuda_device_count(); ++i) print_gpu(pg::cuda_device(i));
  line("NVRTC",
       pg::cuda::nvrtc_version().value_or("not found; only kernels written in CUDA C++ need it"));
  line("ptxas", find_program("ptxas").value_or(
                    "not found; only --emit=sass and cubins ahead of time need it"));
  const std::string cache = tile::default_cache_directory();
  line("kernel cache", cache.empty() ? "off" : cache);
  return exit_ok;
}

}  // namespace

Command add_doctor(CLI::App& app) {
  app.add_subcommand("doctor",
                     "Print what this machine has: devices, driver, CUDA programs, cache");
  return run;
}

}  // namespace tilec
