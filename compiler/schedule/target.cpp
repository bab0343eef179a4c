// See target.h.
#include "compiler/schedule/target.h"

#include <cpuid.h>

namespace tile::schedule {
namespace {

Target x86_64_v3() {
  return {.name = "x86-64-v3", .clang_cpu = "x86-64-v3", .lineage = {"x86-64-v3", "cpu"}};
}

Target x86_64_v4() {
  return {.name = "x86-64-v4",
          .clang_cpu = "x86-64-v4",
          .lineage = {"x86-64-v4", "x86-64-v3", "cpu"},
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
  target.lineage.insert(target.lineage.begin(), "zen5");
  target.l1_bytes = 48 << 10;
  target.l3_bytes = 32 << 20;
  return target;
}

/// PTX 8.3 has all that is used; drivers since 545 (CUDA 12.3) take it.
Target sm_90a() {
  return {.kind = Target::Kind::Gpu,
          .name = "sm_90a",
          .clang_cpu = "sm_90a",
          .lineage = {"sm_90a", "sm_90", "cuda"},
          .ptx_features = "+ptx83",
          .shared_bytes = 227 << 10,
          .register_count = 65536};
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

std::optional<Target> find_target(std::string_view name) {
  if (name == "x86-64-v3") return x86_64_v3();
  if (name == "x86-64-v4") return x86_64_v4();
  if (name == "zen5") return zen5();
  if (name == "host") return host();
  if (name == "sm_90a") return sm_90a();
  return std::nullopt;
}

std::vector<std::string> target_names() {
  return {"x86-64-v3", "x86-64-v4", "zen5", "host", "sm_90a"};
}

}  // namespace tile::schedule
