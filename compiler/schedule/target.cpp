// See target.h.
#include "compiler/schedule/target.h"

#include <cpuid.h>

#include <algorithm>
#include <array>

namespace tile::schedule {
namespace {

constexpr std::int64_t max_registers = 255;   // of a thread, on every GPU
constexpr std::int64_t register_granule = 8;  // threads are given registers in such steps

Target x86_64_v3() { return {.name = "x86-64-v3", .clang_cpu = "x86-64-v3"}; }

Target x86_64_v4() {
  return {.name = "x86-64-v4",
          .clang_cpu = "x86-64-v4",
          .vector_bytes = 64,
          .vector_registers = 32,
          .l1_bytes = 32 << 10,
          .l2_bytes = 1 << 20,
          .l3_bytes = 16 << 20};
}

Target zen5() {
  Target target = x86_64_v4();
  target.name = "zen5";
  target.clang_cpu = "znver5";
  target.l1_bytes = 48 << 10;
  target.l3_bytes = 32 << 20;
  return target;
}

/// From the CUDA C++ Programming Guide, "Technical Specifications per Compute Capability".
struct GpuRow {
  std::string_view name;
  std::int64_t shared_kibibytes;
  int resident_threads, resident_blocks;
};
constexpr std::array<GpuRow, 5> gpus = {{{"sm_80", 163, 2048, 32},
                                         {"sm_86", 99, 1536, 16},
                                         {"sm_89", 99, 1536, 24},
                                         {"sm_90", 227, 2048, 32},
                                         {"sm_90a", 227, 2048, 32}}};

/// PTX 8.3 has all that is used; drivers since 545 (CUDA 12.3) take it.
Target gpu(const GpuRow& row) {
  return {.kind = Target::Kind::Gpu,
          .name = std::string(row.name),
          .clang_cpu = std::string(row.name),
          .ptx_features = "+ptx83",
          .shared_bytes = row.shared_kibibytes << 10,
          .register_count = 65536,
          .resident_threads = row.resident_threads,
          .resident_blocks = row.resident_blocks,
          .has_wgmma = row.name == "sm_90a"};
}

/// AMD's family 1ah. (Compilers' own tests need a run-time library that knows it.)
bool is_zen5() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (!__builtin_cpu_is("amd") || __get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return false;
  const unsigned family = (eax >> 8 & 0xf) + (eax >> 20 & 0xff);
  return family == 0x1a && __builtin_cpu_supports("x86-64-v4");
}

Target host() {
  if (is_zen5()) return zen5();
  if (__builtin_cpu_supports("x86-64-v4")) return x86_64_v4();
  return x86_64_v3();
}

}  // namespace

std::int64_t Target::registers_of_thread(std::int64_t threads) const {
  return std::min(register_count / threads / register_granule * register_granule, max_registers);
}

std::optional<Target> find_target(std::string_view name) {
  if (name == "x86-64-v3") return x86_64_v3();
  if (name == "x86-64-v4") return x86_64_v4();
  if (name == "zen5") return zen5();
  if (name == "host") return host();
  for (const GpuRow& row : gpus) {
    if (name == row.name) return gpu(row);
  }
  return std::nullopt;
}

std::vector<std::string> target_names() {
  std::vector<std::string> names = {"x86-64-v3", "x86-64-v4", "zen5", "host"};
  for (const GpuRow& row : gpus) names.emplace_back(row.name);
  return names;
}

}  // namespace tile::schedule
