// What a Kernel handle points to: per target, the checked signature in a form that a launch can
// walk quickly, and the table of compiled variants. Private to kernel.cpp and launch.cpp.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/device/cuda_kernel.h"
#include "runtime/device/kernel.h"

namespace pg {

inline constexpr int max_rank = 8;
inline constexpr int max_tensors = 16;
inline constexpr int max_parameters = 32;
inline constexpr int max_grid_rank = 8;
/// Base address, sizes and strides of each tensor; one word for a scalar.
inline constexpr int max_words = max_tensors * (1 + 2 * max_rank) + max_parameters;
inline constexpr int cpu_target_count = 4;
/// CPU targets, then the devices by slot: each has its own table, since code is loaded per GPU.
inline constexpr int target_count = cpu_target_count + device_slots;

/// What is compiled in: 16 bits per tensor parameter (unit dimension + 1, zero dimensions,
/// alignment) and the schedule arm.
struct VariantKey {
  std::array<std::uint64_t, max_tensors / 4> strides{};
  std::uint64_t arm = 0;

  bool operator==(const VariantKey&) const = default;
  std::uint64_t hash() const;
};

struct Variant {
  VariantKey key;
  tile::CpuKernel code;                           // on a CPU
  std::shared_ptr<const cuda::LoadedKernel> gpu;  // on a GPU
  tile::RealKernel real;                          // on the device `real`
  tile::WorkCounter work = {};                    // made when a profile first asks
};

/// Open addressing; slots only ever go from null to a variant. A full table is replaced by a larger
/// one and kept until the kernel goes, because launches may be reading it.
struct VariantTable {
  explicit VariantTable(std::size_t slot_count) : slots(slot_count) {}
  std::vector<std::atomic<Variant*>> slots;  // a power of two

  Variant* find(const VariantKey& key) const;
  void insert(Variant* variant);
};

/// sizes[dimension] of tensor `parameter` must equal another size, or a constant.
struct SizeRule {
  int parameter = 0;
  int dimension = 0;
  int same_parameter = -1;  // -1: the constant
  int same_dimension = 0;
  std::int64_t constant = 0;
};

struct ParameterFacts {
  Element element = Element::F32;
  std::int8_t rank = -1;  // -1: a scalar
  std::int8_t element_bytes = 4;
  bool is_written = false;
  bool is_read = true;
};

/// A kernel on one target.
struct Prepared {
  Device device;
  std::string target;  // "host", "sm_90a"
  tile::KernelSignature signature;
  std::vector<ParameterFacts> parameters;
  std::vector<SizeRule> size_rules;
  int word_count = 0;

  std::atomic<VariantTable*> table;
  std::deque<Variant> variants;                       // under State::mutex
  std::vector<std::unique_ptr<VariantTable>> tables;  // under State::mutex
};

struct Kernel::State {
  tile::KernelSource source;
  std::string name;
  tile::Settings settings;

  std::mutex mutex;
  std::array<std::atomic<Prepared*>, target_count> prepared{};
  std::array<std::unique_ptr<Prepared>, target_count> owned;

  /// "map_unary F=silu", for the profile.
  std::string label() const;
  /// For a device (a CPU: the current target); asks the compiler the first time.
  Prepared& prepare(Device device);
  Variant& compile_variant(Prepared& prepared, const VariantKey& key);
  /// What a launch does; nothing where the compiler cannot count.
  tile::KernelWork work_of(Prepared& prepared, Variant& variant, const std::int64_t* words);

 private:
  tile::CompileRequest request_for(const Prepared& prepared, const VariantKey& key) const;
};

/// The class that a key's 16 bits stand for.
tile::StrideClass unpack_stride_class(std::uint64_t bits);

}  // namespace pg
