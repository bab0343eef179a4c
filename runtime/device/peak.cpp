// See peak.h.
#include "runtime/device/peak.h"

#include <fmt/format.h>
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <vector>

#include "runtime/device/cuda_device.h"
#include "runtime/device/error.h"
#include "runtime/device/thread_pool.h"

namespace pg {

namespace {

/// Operations of a multiprocessor in a clock cycle, from NVIDIA's programming guide and data
/// sheets.
struct Architecture {
  int major, minor;
  double fp32_flops, tf32_flops;
};
constexpr std::array architectures = {
    Architecture{8, 0, 128, 1024},
    Architecture{8, 6, 256, 256},
    Architecture{8, 9, 256, 256},
    Architecture{9, 0, 256, 2048},
};

DevicePeak gpu_peak(int index) {
  const cuda::Gpu& gpu = cuda::gpu("device_peak", index);
  const auto attribute = [&](int which) {
    int value = 0;  // stays where a driver does not tell
    cuda::api("device_peak").cuDeviceGetAttribute(&value, which, gpu.handle);
    return static_cast<double>(value);
  };
  constexpr double hertz_per_kilohertz = 1e3, transfers_per_cycle = 2, bits_per_byte = 8;
  DevicePeak peak;
  peak.bytes_per_second = attribute(cuda::attribute_memory_clock) * hertz_per_kilohertz *
                          transfers_per_cycle * attribute(cuda::attribute_memory_bus_bits) /
                          bits_per_byte;
  const auto known = std::ranges::find_if(architectures, [&](const Architecture& architecture) {
    return architecture.major == gpu.major && architecture.minor == gpu.minor;
  });
  if (known == architectures.end()) return peak;
  const double cycles =
      attribute(cuda::attribute_clock) * hertz_per_kilohertz * gpu.multiprocessors;
  peak.fp32_flops = cycles * known->fp32_flops;
  peak.tf32_flops = cycles * known->tf32_flops;
  return peak;
}

// A short round is likely not to be interrupted, one of many is nearly sure not to.
constexpr int arithmetic_rounds = 30, copy_rounds = 5;
constexpr int chains = 12;  // enough that none waits for its own result
constexpr std::int64_t steps = 100'000;

/// Multiplies and adds numbers that the compiler cannot know, and sums so that nothing can be left
/// out; returns the operations done.
__attribute__((target("avx512f"))) double multiply_512(float* result) {
  __m512 sums[chains];
  __m512 factor = _mm512_set1_ps(0.5f);
  asm("" : "+v"(factor));
  for (__m512& sum : sums) asm("" : "=v"(sum) : "0"(factor));
  for (std::int64_t i = 0; i < steps; ++i) {
    for (__m512& sum : sums) sum = _mm512_fmadd_ps(sum, factor, factor);
  }
  for (int i = 1; i < chains; ++i) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  _mm512_storeu_ps(result, sums[0]);
  return 2.0 * 16 * chains * steps;
}

__attribute__((target("avx2,fma"))) double multiply_256(float* result) {
  __m256 sums[chains];
  __m256 factor = _mm256_set1_ps(0.5f);
  asm("" : "+x"(factor));
  for (__m256& sum : sums) asm("" : "=x"(sum) : "0"(factor));
  for (std::int64_t i = 0; i < steps; ++i) {
    for (__m256& sum : sums) sum = _mm256_fmadd_ps(sum, factor, factor);
  }
  for (int i = 1; i < chains; ++i) sums[0] = _mm256_add_ps(sums[0], sums[i]);
  _mm256_storeu_ps(result, sums[0]);
  return 2.0 * 8 * chains * steps;
}

/// The best rate of a few rounds in which every thread does `work` of `amount` (flops or bytes):
/// other processes only ever make it smaller.
template <class Work>
double best_rate(int rounds, int threads, double amount, Work& work) {
  double best = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    run_chunks(
        threads, [](void* self, std::int64_t thread) { (*static_cast<Work*>(self))(thread); },
        &work);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best = std::max(best, threads * amount / elapsed.count());
  }
  return best;
}

double measure_flops(int threads) {
  const auto multiply = __builtin_cpu_supports("avx512f") ? multiply_512 : multiply_256;
  std::vector<std::array<float, 16>> results(static_cast<std::size_t>(threads));
  const double amount = multiply(results[0].data());
  auto work = [&](std::int64_t thread) {
    multiply(results[static_cast<std::size_t>(thread)].data());
  };
  return best_rate(arithmetic_rounds, threads, amount, work);
}

/// Copies between buffers that no cache holds.
double measure_bandwidth(int threads) {
  const std::size_t bytes = std::max<std::size_t>((std::size_t{96} << 20) / threads, 4 << 20);
  std::vector<std::vector<std::byte>> from(static_cast<std::size_t>(threads)), to(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    from[i].resize(bytes, std::byte{1});
    to[i].resize(bytes);
  }
  auto work = [&](std::int64_t thread) {
    const auto i = static_cast<std::size_t>(thread);
    std::memcpy(to[i].data(), from[i].data(), bytes);
  };
  return best_rate(copy_rounds, threads, 2.0 * static_cast<double>(bytes), work);
}

DevicePeak measure_cpu() {
  const int threads = thread_count();
  const double flops = measure_flops(threads);
  return {flops, flops, measure_bandwidth(threads)};
}

}  // namespace

DevicePeak device_peak(Device device) {
  if (device.is_cuda()) return gpu_peak(device.index);
  static const DevicePeak measured = measure_cpu();
  return measured;
}

std::string to_string(const DevicePeak& peak) {
  const auto flops = [](double value) {
    if (value >= 1e13) return fmt::format("{:.1f} TFLOP/s", 1e-12 * value);
    return value > 0 ? fmt::format("{:.0f} GFLOP/s", 1e-9 * value) : std::string("unknown");
  };
  return fmt::format("fp32 {}, tf32 {}, memory {}", flops(peak.fp32_flops), flops(peak.tf32_flops),
                     peak.bytes_per_second > 0
                         ? fmt::format("{:.0f} GB/s", 1e-9 * peak.bytes_per_second)
                         : "unknown");
}

}  // namespace pg
