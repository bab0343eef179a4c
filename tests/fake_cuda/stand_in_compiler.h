// The compiler that goes with the stand-in driver (fake_cuda.h): "GPU" kernels are CPU kernels.
#pragma once

#include <deque>
#include <mutex>

#include "compiler/driver/compile.h"

class StandInCompiler final : public tile::Compiler {
 public:
  explicit StandInCompiler(tile::Compiler& real) : real_(real) {}

  std::variant<tile::KernelSignature, tile::CompileError> signature(
      const tile::KernelSource& source, std::string_view kernel, const tile::Settings& settings,
      std::string_view target) override;
  std::variant<tile::CpuKernel, tile::CompileError> compile(
      const tile::CompileRequest& request) override;
  std::variant<tile::GpuKernel, tile::CompileError> compile_gpu(
      const tile::CompileRequest& request) override;
  std::variant<tile::RealKernel, tile::CompileError> compile_real(
      const tile::CompileRequest& request) override {
    return real_.compile_real(request);
  }
  std::variant<tile::WorkCounter, tile::CompileError> work_counter(
      const tile::CompileRequest& request) override;

 private:
  tile::Compiler& real_;
  std::mutex mutex_;
  std::deque<tile::CpuKernel> kernels_;  // images point at them
};
