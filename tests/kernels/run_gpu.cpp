// See machines.h. Launches without the framework's tensors, so that a failure here is the
// compiler's.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "runtime/device/cuda_device.h"
#include "runtime/device/cuda_kernel.h"
#include "runtime/device/device.h"
#include "runtime/device/error.h"
#include "tests/kernels/machines.h"

namespace tile::harness {

namespace {

constexpr std::size_t most_axes = 8;

/// Fills all shared memory that a block can have with a pattern, so that code which relies on zeros
/// fails. Its one argument is the grid's extent.
constexpr const char* poison_text = R"(
.version 8.0
.target sm_80
.address_size 64
.extern .shared .align 16 .b8 memory[];
.visible .entry poison(.param .u64 extent) {
  .reg .pred %last;
  .reg .b32 %at, %size, %step, %base, %address, %pattern;
  mov.u32 %at, %tid.x;
  shl.b32 %at, %at, 2;
  mov.u32 %step, %ntid.x;
  shl.b32 %step, %step, 2;
  mov.u32 %size, %dynamic_smem_size;
  mov.u32 %base, memory;
  mov.u32 %pattern, 0x7f7f7f7f;
again:
  setp.ge.u32 %last, %at, %size;
  @%last bra done;
  add.u32 %address, %base, %at;
  st.shared.u32 [%address], %pattern;
  add.u32 %at, %at, %step;
  bra again;
done:
  ret;
}
)";

const pg::cuda::LoadedKernel& poison() {
  static const auto* kernel = [] {
    const pg::cuda::Gpu& gpu = pg::cuda::gpu("harness", 0);
    GpuKernel code;
    code.image = poison_text;
    code.entry = "poison";
    code.threads = 1024;
    code.shared_bytes = gpu.shared_bytes;
    HostProgram::Step blocks;
    blocks.op = HostProgram::Step::Op::Constant;
    blocks.constant = gpu.multiprocessors;
    code.grid.steps = {blocks};
    code.grid.results = {0};
    return new pg::cuda::LoadedKernel("poison", 0, std::move(code), 0, 1);
  }();
  return *kernel;
}

/// HARNESS_POISON=0 leaves it out: racecheck follows every one of its stores.
bool poisons_shared_memory() {
  const char* setting = std::getenv("HARNESS_POISON");
  return setting == nullptr || std::string_view(setting) != "0";
}

/// What made the GPU unusable for the rest of the process.
std::atomic<bool> is_lost = false;

/// Says at the end how many kernels ran there: a suite that skipped them all looks like a good one.
void count_launch() {
  struct Count {
    std::int64_t value = 0;
    ~Count() { std::printf("%lld launches on the GPU\n", static_cast<long long>(value)); }
  };
  static Count launches;
  ++launches.value;
}

bool only_compiles() { return !is_chosen("cuda") || pg::cuda_device_count() == 0; }

std::string key_of(const std::vector<StrideClass>& strides, const GpuVariant& variant) {
  std::string key = fmt::format("arm {}", variant.arm);
  for (const auto& [name, value] : variant.settings) key += fmt::format(" {}={}", name, value);
  for (const StrideClass& stride : strides) {
    key += fmt::format(" {},{},{}", stride.unit_dim, stride.zero_dims, stride.aligned);
  }
  return key;
}

std::vector<StrideClass> stride_classes(const std::vector<Input>& inputs,
                                        const GpuVariant& variant) {
  std::vector<StrideClass> strides;
  for (const Input& input : inputs) {
    if (!input.is_tensor) continue;
    strides.push_back(PlacedTensor(input.tensor, input.layout).stride_class(/*on_gpu=*/true));
    if (variant.ignores_alignment) strides.back().aligned = false;
  }
  return strides;
}

int count_words(const std::vector<Input>& inputs) {
  int count = 0;
  for (const Input& input : inputs) {
    count += input.is_tensor ? 1 + 2 * static_cast<int>(input.tensor.sizes.size()) : 1;
  }
  return count;
}

/// What ptxas says to this text; nothing when it is content or is not asked for.
std::optional<std::string> assembler_complaint(const std::string& text) {
  const char* assembler = std::getenv("PTXAS");
  if (assembler == nullptr) return std::nullopt;
  std::string name = "/tmp/harness_XXXXXX";
  const int file = ::mkstemp(name.data());
  if (file < 0) return "cannot write to /tmp";
  ::fclose(::fdopen(file, "w"));
  std::ofstream(name) << text;
  std::string output;
  std::FILE* pipe = ::popen(
      fmt::format("{} -arch={} -o /dev/null {} 2>&1", assembler, gpu_target(), name).c_str(), "r");
  if (pipe == nullptr) return "cannot start ptxas";
  for (int next; (next = std::fgetc(pipe)) != EOF;) output.push_back(static_cast<char>(next));
  if (::pclose(pipe) == 0) {
    std::remove(name.c_str());
    return std::nullopt;
  }
  return fmt::format("ptxas: {} (the text is in {})", output, name);
}

/// The placed tensors of one launch in one piece of device memory.
class DeviceTensors {
 public:
  explicit DeviceTensors(const std::vector<Input>& inputs) {
    for (const Input& input : inputs) {
      if (input.is_tensor) placed_.emplace_back(input.tensor, input.layout);
    }
    for (const PlacedTensor& tensor : placed_) {
      offsets_.push_back(bytes_);
      bytes_ += (tensor.memory().size() + spacing - 1) / spacing * spacing;
    }
    staging_.resize(std::max<std::size_t>(bytes_, 1));
    memory_ = pg::allocate("harness", static_cast<std::int64_t>(staging_.size()), 1, gpu_);
    for (std::size_t i = 0; i < placed_.size(); ++i) {
      std::ranges::copy(placed_[i].memory(),
                        staging_.begin() + static_cast<std::ptrdiff_t>(offsets_[i]));
    }
    pg::copy_bytes(memory_.data(), gpu_, staging_.data(), pg::cpu_device, staging_.size());
  }

  const PlacedTensor& operator[](std::size_t i) const { return placed_[i]; }
  std::int64_t address(std::size_t i) const {
    return static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(memory_.data())) +
           static_cast<std::int64_t>(offsets_[i] + placed_[i].first());
  }
  /// Waits for the launch.
  void copy_back() {
    pg::copy_bytes(staging_.data(), pg::cpu_device, memory_.data(), gpu_, staging_.size());
    for (std::size_t i = 0; i < placed_.size(); ++i) {
      std::copy_n(staging_.begin() + static_cast<std::ptrdiff_t>(offsets_[i]),
                  placed_[i].memory().size(), placed_[i].memory().begin());
    }
  }

 private:
  static constexpr std::size_t spacing = 512;

  pg::Device gpu_ = pg::cuda_device();
  std::vector<PlacedTensor> placed_;
  std::vector<std::size_t> offsets_;
  std::size_t bytes_ = 0;
  std::vector<std::byte> staging_;
  pg::Buffer memory_;
};

std::vector<std::int64_t> pack_words(const std::vector<Input>& inputs,
                                     const DeviceTensors& tensors) {
  std::vector<std::int64_t> words;
  std::size_t next = 0;
  for (const Input& input : inputs) {
    if (!input.is_tensor) {
      words.push_back(static_cast<std::int64_t>(input.scalar.bits));
      continue;
    }
    const PlacedTensor& tensor = tensors[next];
    words.push_back(tensors.address(next++));
    words.insert(words.end(), tensor.sizes().begin(), tensor.sizes().end());
    words.insert(words.end(), tensor.strides().begin(), tensor.strides().end());
  }
  words.resize(words.size() + most_axes, 1);
  return words;
}

}  // namespace

struct GpuRunner::Code {
  CompileRequest request;  // views what is below
  Settings settings;
  int word_count = 0;
  bool is_made = false;
  std::string error;
  std::unique_ptr<pg::cuda::LoadedKernel> kernel;

  void make(const std::string& label);
};

void GpuRunner::Code::make(const std::string& label) {
  is_made = true;
  auto made = installed_compiler()->compile_gpu(request);
  if (const auto* mistake = std::get_if<CompileError>(&made)) {
    error = mistake->message;
    return;
  }
  auto& code = std::get<GpuKernel>(made);
  if (const auto complaint = assembler_complaint(code.image)) error = *complaint;
  if (only_compiles() || !error.empty() || is_lost) return;
  const int grid_rank = static_cast<int>(code.grid.results.size());
  try {
    kernel =
        std::make_unique<pg::cuda::LoadedKernel>(label, 0, std::move(code), word_count, grid_rank);
  } catch (const std::exception& problem) {
    error = problem.what();
  }
}

GpuRunner::GpuRunner(const KernelSource& source, std::string kernel)
    : source_(source), kernel_(std::move(kernel)) {}
GpuRunner::~GpuRunner() = default;

void GpuRunner::prepare(const std::vector<Input>& inputs, std::span<const GpuVariant> variants) {
  for (const GpuVariant& variant : variants) {
    std::vector<StrideClass> strides = stride_classes(inputs, variant);
    std::unique_ptr<Code>& code = codes_[key_of(strides, variant)];
    if (code != nullptr) continue;
    code = std::make_unique<Code>();
    code->request.source = &source_;
    code->request.kernel = kernel_;
    code->request.settings = variant.settings;
    code->request.strides = std::move(strides);
    code->request.target = gpu_target();
    code->request.arm = variant.arm;
    code->word_count = count_words(inputs);
  }
}

void GpuRunner::finish_preparing() {
  std::vector<std::pair<std::string, Code*>> waiting;
  for (const auto& [key, code] : codes_) {
    if (!code->is_made) waiting.emplace_back(kernel_ + " " + key, code.get());
  }
  std::atomic<std::size_t> next = 0;
  const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::jthread> workers;
  for (std::size_t i = 0; i < std::min(cores, waiting.size()); ++i) {
    workers.emplace_back([&] {
      for (std::size_t job; (job = next++) < waiting.size();) {
        waiting[job].second->make(waiting[job].first);
      }
    });
  }
}

Outcome GpuRunner::run(const std::vector<Input>& inputs, const GpuVariant& variant) {
  Code& code = *codes_.at(key_of(stride_classes(inputs, variant), variant));
  if (is_lost) return std::unexpected("not run: the GPU failed before");
  if (!code.error.empty()) return std::unexpected(code.error);
  if (code.kernel == nullptr) return Outputs();
  try {
    DeviceTensors tensors(inputs);
    std::vector<std::int64_t> words = pack_words(inputs, tensors);
    std::int64_t extents[most_axes] = {};
    if (poisons_shared_memory()) poison().launch(extents, {});
    code.kernel->launch(words.data(), {});
    count_launch();
    tensors.copy_back();
    Outputs outputs;
    std::size_t next = 0;
    for (const Input& input : inputs) {
      if (!input.is_tensor) continue;
      const PlacedTensor& tensor = tensors[next++];
      if (!tensor.guards_intact()) return std::unexpected("stray write");
      if (input.is_written) {
        outputs.push_back(tensor.take());
      } else if (first_difference(tensor.take(), input.tensor)) {
        return std::unexpected("an input was written to");
      }
    }
    return outputs;
  } catch (const pg::DeviceFault& fault) {
    is_lost = true;
    return std::unexpected(fault.what());
  } catch (const pg::Error& problem) {
    return std::unexpected(problem.what());
  }
}

std::string gpu_target() {
  const char* chosen = std::getenv("HARNESS_GPU_TARGET");
  return chosen != nullptr ? chosen : "sm_90a";
}

bool is_chosen(std::string_view device) {
  const char* chosen = std::getenv("HARNESS_DEVICES");
  const std::string list = fmt::format(",{},", chosen != nullptr ? chosen : "cpu,cuda");
  return list.find(fmt::format(",{},", device)) != std::string::npos;
}

bool compares_gpu() {
  static const bool compares = [] {
    if (installed_compiler() == nullptr) return false;
    if (is_chosen("ptx")) return true;
    if (!is_chosen("cuda")) return false;
    if (pg::cuda_device_count() > 0) return true;
    fmt::print("SKIP kernels on the GPU: no GPU\n");
    return false;
  }();
  return compares;
}

}  // namespace tile::harness
