// See machines.h. Launches machine code without the framework, so that a failure here is the
// compiler's.
#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "tests/kernels/machines.h"

namespace tile::harness {

namespace {

struct AlignedDelete {
  void operator()(std::byte* memory) const { ::operator delete(memory, std::align_val_t(64)); }
};

/// Scratch memory filled with a pattern, so that code which relies on zeros fails, and with more of
/// the pattern behind it, which must survive.
class Scratch {
 public:
  explicit Scratch(std::size_t bytes)
      : bytes_(bytes),
        memory_(
            static_cast<std::byte*>(::operator new(bytes + guard_bytes, std::align_val_t(64)))) {
    std::fill_n(memory_.get(), bytes + guard_bytes, pattern);
  }
  std::byte* data() { return memory_.get(); }
  bool guard_intact() const {
    return std::all_of(memory_.get() + bytes_, memory_.get() + bytes_ + guard_bytes,
                       [](std::byte byte) { return byte == pattern; });
  }

 private:
  static constexpr std::size_t guard_bytes = 4096;
  static constexpr std::byte pattern{0x7f};

  std::size_t bytes_;
  std::unique_ptr<std::byte, AlignedDelete> memory_;
};

/// One call for all programs, or two threads that take one program at a time. False when a program
/// wrote behind its scratch memory.
bool run_programs(const CpuKernel& kernel, const std::int64_t* words,
                  const std::vector<std::int64_t>& extents, int threads) {
  std::int64_t total = 1;
  for (std::int64_t extent : extents) total *= extent;
  if (threads == 1) {
    Scratch scratch(kernel.scratch_bytes);
    if (total > 0) kernel.run(words, extents.data(), 0, total, scratch.data());
    return scratch.guard_intact();
  }
  std::atomic<std::int64_t> next = 0;
  std::atomic<bool> is_intact = true;
  {
    std::vector<std::jthread> workers;
    for (int t = 0; t < threads; ++t) {
      workers.emplace_back([&] {
        Scratch scratch(kernel.scratch_bytes);
        for (std::int64_t program; (program = next++) < total;) {
          kernel.run(words, extents.data(), program, program + 1, scratch.data());
        }
        if (!scratch.guard_intact()) is_intact = false;
      });
    }
  }
  return is_intact;
}

std::string key_of(const std::vector<StrideClass>& strides, const Settings& settings,
                   const std::string& target, int arm) {
  std::string key = fmt::format("{} {}", target, arm);
  for (const auto& [name, value] : settings) key += fmt::format(" {}={}", name, value);
  for (const StrideClass& stride : strides) {
    key += fmt::format(" {},{},{}", stride.unit_dim, stride.zero_dims, stride.aligned);
  }
  return key;
}

}  // namespace

std::expected<const CpuKernel*, std::string> CpuRunner::kernel_for(
    const std::vector<StrideClass>& strides, const Settings& settings, const std::string& target,
    int arm) {
  const std::string key = key_of(strides, settings, target, arm);
  if (const auto found = kernels_.find(key); found != kernels_.end()) return &found->second;
  CompileRequest request;
  request.source = &source_;
  request.kernel = kernel_;
  request.settings = settings;
  request.strides = strides;
  request.target = target;
  request.arm = arm;
  auto made = installed_compiler()->compile(request);
  if (const auto* error = std::get_if<CompileError>(&made)) return std::unexpected(error->message);
  return &kernels_.emplace(key, std::get<CpuKernel>(std::move(made))).first->second;
}

Outcome CpuRunner::run(const std::vector<Input>& inputs, const Settings& settings,
                       const std::string& target, int arm, int threads) {
  std::vector<PlacedTensor> placed;
  std::vector<StrideClass> strides;
  std::vector<std::int64_t> words;
  placed.reserve(inputs.size());
  for (const Input& input : inputs) {
    if (!input.is_tensor) {
      words.push_back(static_cast<std::int64_t>(input.scalar.bits));
      continue;
    }
    const PlacedTensor& tensor = placed.emplace_back(input.tensor, input.layout);
    strides.push_back(tensor.stride_class(/*on_gpu=*/false));
    words.push_back(static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(tensor.data())));
    words.insert(words.end(), tensor.sizes().begin(), tensor.sizes().end());
    words.insert(words.end(), tensor.strides().begin(), tensor.strides().end());
  }
  const auto kernel = kernel_for(strides, settings, target, arm);
  if (!kernel) return std::unexpected(kernel.error());
  constexpr std::size_t most_axes = 8;
  std::vector<std::int64_t> extents(most_axes, 1);
  (*kernel)->grid(words.data(), extents.data());
  if (!run_programs(**kernel, words.data(), extents, threads)) {
    return std::unexpected("machine code wrote behind its scratch memory");
  }
  Outputs outputs;
  std::size_t next = 0;
  for (const Input& input : inputs) {
    if (!input.is_tensor) continue;
    const PlacedTensor& tensor = placed[next++];
    if (!tensor.guards_intact()) return std::unexpected("stray write of machine code");
    if (input.is_written) {
      outputs.push_back(tensor.take());
    } else if (const auto difference = first_difference(tensor.take(), input.tensor)) {
      return std::unexpected("machine code wrote to an input");
    }
  }
  return outputs;
}

std::vector<std::string> runnable_targets() {
  std::vector<std::string> targets = {"x86-64-v3"};
  if (__builtin_cpu_supports("x86-64-v4")) {
    targets.emplace_back("x86-64-v4");
  } else {
    fmt::print("SKIP kernels on x86-64-v4: no AVX-512\n");  // tools/test counts it once
  }
  return targets;
}

}  // namespace tile::harness
