// What runs a kernel for the harness: the interpreter, and machine code.
#pragma once

#include <expected>
#include <map>
#include <string>
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

/// Targets that this machine can run, of x86-64-v3 and x86-64-v4.
std::vector<std::string> runnable_targets();

}  // namespace tile::harness
