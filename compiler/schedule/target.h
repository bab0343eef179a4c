// Facts about the machines that kernels are compiled for. A target is data only: the planner reads
// vector width and cache sizes here, the code generator the lane count, the JIT the name clang
// knows it by.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tile::schedule {

struct Target {
  std::string name;                  // "x86-64-v4"
  std::string clang_cpu;             // clang's -target-cpu
  std::vector<std::string> lineage;  // names a schedule may give, most special first
  int vector_bytes = 32;
  int vector_registers = 16;
  std::int64_t l1_bytes = 32 << 10;
  std::int64_t l2_bytes = 512 << 10;
  std::int64_t l3_bytes = 8 << 20;
  /// Memory for a program's tiles, per thread. A tile that no cache can hold is a mistake.
  std::int64_t scratch_limit_bytes = 64 << 20;

  /// 32-bit elements in a vector. All element types use this many lanes, so that they mix freely.
  int lanes() const { return vector_bytes / 4; }
};

/// "x86-64-v3", "x86-64-v4", "zen5", or "host" for the best of them that this machine can run.
std::optional<Target> find_target(std::string_view name);

/// Names that find_target accepts, for messages.
std::vector<std::string> target_names();

}  // namespace tile::schedule
