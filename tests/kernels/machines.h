// What runs a kernel for the harness: the interpreter, and machine code for CPUs and a GPU.
// HARNESS_DEVICES=cpu,cuda chooses; both when it is not set. `ptx` compiles for the GPU without
// running anything, and assembles when PTXAS names ptxas.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/driver/compile.h"
#include "compiler/interpret/interpreter.h"
#include "tests/kernels/host_tensor.h"

namespace tile::harness {

/// One argument by value.
struct Input {
  bool is_tensor = true;
  bool is_written = false;
  HostTensor tensor = {};
  Layout layout = Layout::Packed;
  ir::Scalar scalar = {};
};

/// The written tensors, in parameter order.
using Outputs = std::vector<HostTensor>;
using Outcome = std::expected<Outputs, std::string>;

struct InterpretMode {
  interpret::ProgramOrder order = interpret::ProgramOrder::Ascending;
  bool requires_all_written = true;
};
/// On placed tensors, with all checks.
Outcome run_interpreter(const ir::Module& module, const std::vector<Input>& inputs,
                        const InterpretMode& mode);

/// In real mode; the written tensors as doubles.
std::expected<std::vector<std::vector<double>>, std::string> run_real(
    const ir::Module& module, const std::vector<Input>& inputs);

/// Machine code through the installed compiler; variants are compiled once per key.
class CpuRunner {
 public:
  explicit CpuRunner(const KernelSource& source, std::string kernel)
      : source_(source), kernel_(std::move(kernel)) {}
  Outcome run(const std::vector<Input>& inputs, const Settings& settings, const std::string& target,
              int arm, int threads);

 private:
  std::expected<const CpuKernel*, std::string> kernel_for(const std::vector<StrideClass>& strides,
                                                          const Settings& settings,
                                                          const std::string& target, int arm);

  const KernelSource& source_;
  std::string kernel_;
  std::map<std::string, CpuKernel> kernels_;
};

/// One compilation for the GPU.
struct GpuVariant {
  Settings settings;
  int arm = 0;
  /// Code for tensors at any address, although all that it is given are aligned.
  bool ignores_alignment = false;
};

/// Machine code for the first GPU. Every tensor is placed as for a CPU, guards included, and the
/// whole memory is copied there and back.
class GpuRunner {
 public:
  GpuRunner(const KernelSource& source, std::string kernel);
  ~GpuRunner();
  /// Compiles and loads on all cores what runs of these inputs will need. Mistakes are kept for the
  /// run.
  void prepare(const std::vector<Input>& inputs, std::span<const GpuVariant> variants);
  void finish_preparing();
  /// The outputs; none when HARNESS_DEVICES asks for compilation alone.
  Outcome run(const std::vector<Input>& inputs, const GpuVariant& variant);

 private:
  struct Code;
  const KernelSource& source_;
  std::string kernel_;
  std::map<std::string, std::unique_ptr<Code>> codes_;
};

/// HARNESS_GPU_TARGET, at first sm_90a. A GPU also runs what is compiled for older ones.
std::string gpu_target();
/// Does HARNESS_DEVICES name it?
bool is_chosen(std::string_view device);
/// The GPU was asked for (or `ptx`), and is there. Says once why not.
bool compares_gpu();

/// Targets that this machine can run, of x86-64-v3 and x86-64-v4.
std::vector<std::string> runnable_targets();

}  // namespace tile::harness
