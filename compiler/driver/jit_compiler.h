// The Compiler that programs install: compiles kernels in this process, keeps objects on disk.
// Files are parsed once, kernels checked once per settings, identical C++ texts share their machine
// code. Safe to use from several threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "compiler/driver/cache.h"
#include "compiler/driver/compile.h"

namespace tile {

/// How CpuKernels came to be.
struct JitStatistics {
  std::uint64_t compiled = 0;   // by clang, in this process
  std::uint64_t from_disk = 0;  // objects found in the cache
  std::uint64_t shared = 0;     // text was the same as that of another kernel
};

class JitCompiler final : public Compiler {
 public:
  /// An empty directory: no disk cache.
  explicit JitCompiler(std::string cache_directory);
  ~JitCompiler() override;

  std::variant<KernelSignature, CompileError> signature(const KernelSource& source,
                                                        std::string_view kernel,
                                                        const Settings& settings,
                                                        std::string_view target) override;
  std::variant<CpuKernel, CompileError> compile(const CompileRequest& request) override;
  std::variant<GpuKernel, CompileError> compile_gpu(const CompileRequest& request) override;
  std::variant<RealKernel, CompileError> compile_real(const CompileRequest& request) override;
  std::variant<WorkCounter, CompileError> work_counter(const CompileRequest& request) override;
  JitStatistics statistics() const;

 private:
  struct File;
  std::shared_ptr<File> file_for(const KernelSource& source);
  std::variant<std::shared_ptr<const void>, CompileError> code_for(const std::string& text,
                                                                   const std::string& processor,
                                                                   std::string_view kernel);

  Cache cache_;
  mutable std::mutex mutex_;                                 // for what follows
  std::map<std::string, std::shared_ptr<File>> files_;       // by name and text
  std::map<std::string, std::weak_ptr<const void>> loaded_;  // by cache key
  JitStatistics statistics_;
};

/// Installs one for the whole process (once; later calls do nothing). Cache:
/// default_cache_directory().
void install_jit_compiler();

}  // namespace tile
