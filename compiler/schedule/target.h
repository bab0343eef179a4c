// Facts about the machines that kernels are compiled for. A target is data only: the planners read
// vector width, cache and shared memory sizes here, the code generators lane counts and the names
// that clang and LLVM know it by.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tile::schedule {

struct Target {
  enum class Kind : std::uint8_t { Cpu, Gpu };
  Kind kind = Kind::Cpu;
  std::string name;       // "x86-64-v4"
  std::string clang_cpu;  // clang's -target-cpu, LLVM's -mcpu

  // CPUs.
  int vector_bytes = 32;
  int vector_registers = 16;
  std::int64_t l1_bytes = 32 << 10;
  std::int64_t l2_bytes = 512 << 10;
  std::int64_t l3_bytes = 8 << 20;
  /// Memory for a program's tiles, per thread. A tile that no cache can hold is a mistake.
  std::int64_t scratch_limit_bytes = 64 << 20;

  // GPUs.
  std::string ptx_features = {};    // LLVM's -mattr: the version of PTX that is written
  std::int64_t shared_bytes = 0;    // the most that a block may have
  std::int64_t register_count = 0;  // of a multiprocessor, 32 bits each
  int resident_threads = 0;         // of a multiprocessor; its blocks share 1 KiB more than one has
  int resident_blocks = 0;          // of a multiprocessor
  /// wgmma, and the tensor memory accelerator (TMA) that feeds it.
  bool has_wgmma = false;

  bool is_gpu() const { return kind == Kind::Gpu; }
  /// 32-bit elements in a vector. All element types use this many lanes, so that they mix freely.
  int lanes() const { return vector_bytes / 4; }
  /// Of a GPU's thread, when so many are to run on a multiprocessor at once.
  std::int64_t registers_of_thread(std::int64_t threads) const;
};

/// "x86-64-v3", "x86-64-v4", "zen5", or "host" for the best of them that this machine can run;
/// "sm_80" (A100), "sm_86", "sm_89", "sm_90" (code for anything newer too), "sm_90a" (H100).
std::optional<Target> find_target(std::string_view name);

/// Names that find_target accepts, for messages: of CPUs, then of GPUs.
std::vector<std::string> target_names();

}  // namespace tile::schedule
