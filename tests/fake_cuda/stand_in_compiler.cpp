// See stand_in_compiler.h.
#include "tests/fake_cuda/stand_in_compiler.h"

#include <fmt/format.h>

namespace {

std::string_view cpu_target(std::string_view target) {
  return target.starts_with("sm_") ? "host" : target;
}

/// Parameters of the launch: the arguments' words and the grid's extents.
int word_count(const tile::KernelSignature& signature) {
  int count = signature.grid_rank;
  for (const tile::KernelParameter& parameter : signature.parameters) {
    count += parameter.kind == tile::KernelParameter::Kind::Scalar
                 ? 1
                 : 1 + 2 * static_cast<int>(parameter.sizes.size());
  }
  return count;
}

/// One program, whatever the arguments: the stand-in driver asks the kernel itself for its grid.
tile::HostProgram unit_grid(int rank) {
  tile::HostProgram grid;
  grid.steps.push_back({tile::HostProgram::Step::Op::Constant, 1});
  grid.results.assign(static_cast<std::size_t>(rank), 0);
  return grid;
}

}  // namespace

std::variant<tile::KernelSignature, tile::CompileError> StandInCompiler::signature(
    const tile::KernelSource& source, std::string_view kernel, const tile::Settings& settings,
    std::string_view target) {
  return real_.signature(source, kernel, settings, cpu_target(target));
}

std::variant<tile::CpuKernel, tile::CompileError> StandInCompiler::compile(
    const tile::CompileRequest& request) {
  return real_.compile(request);
}

std::variant<tile::WorkCounter, tile::CompileError> StandInCompiler::work_counter(
    const tile::CompileRequest& request) {
  tile::CompileRequest on_cpu = request;
  on_cpu.target = cpu_target(request.target);
  return real_.work_counter(on_cpu);
}

std::variant<tile::GpuKernel, tile::CompileError> StandInCompiler::compile_gpu(
    const tile::CompileRequest& request) {
  tile::CompileRequest on_cpu = request;
  on_cpu.target = cpu_target(request.target);
  for (tile::StrideClass& strides : on_cpu.strides) strides.aligned = false;
  auto signature =
      real_.signature(*request.source, request.kernel, request.settings, on_cpu.target);
  if (auto* error = std::get_if<tile::CompileError>(&signature)) return *error;
  auto compiled = real_.compile(on_cpu);
  if (auto* error = std::get_if<tile::CompileError>(&compiled)) return *error;
  const auto& facts = std::get<tile::KernelSignature>(signature);
  const std::lock_guard lock(mutex_);
  const void* code = &kernels_.emplace_back(std::get<tile::CpuKernel>(std::move(compiled)));
  tile::GpuKernel result;
  result.image = fmt::format("run {} {} {}", code, word_count(facts), facts.grid_rank);
  result.entry = std::string(request.kernel);
  result.threads = 128;
  result.grid = unit_grid(facts.grid_rank);
  return result;
}
