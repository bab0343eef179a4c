// See jit_compiler.h.
#include "compiler/driver/jit_compiler.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "compiler/codegen/cpp/emit.h"
#include "compiler/codegen/cpp/jit.h"
#include "compiler/driver/gpu_kernel.h"
#include "compiler/driver/gpu_steps.h"
#include "compiler/driver/pipeline.h"
#include "compiler/driver/real_kernel.h"
#include "compiler/driver/trace.h"
#include "compiler/interpret/work.h"

namespace tile {

namespace {

using codegen::LoadedCode;
using codegen::ToolError;

void print_warning(const std::string& message) {
  std::fprintf(stderr, "warning: %s\n", message.c_str());
}

/// Generated text that the C++ compiler or the linker refuses is our bug; the text is kept for a
/// report.
CompileError generated_text_refused(std::string_view kernel, const std::string& text,
                                    const std::string& words) {
  const char* directory = std::getenv("TMPDIR");
  std::string path = std::string(directory != nullptr ? directory : "/tmp") + "/tilec_XXXXXX.cpp";
  const int fd = ::mkstemps(path.data(), 4);
  const bool saved =
      fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) ::close(fd);
  return {"internal error: the C++ generated for kernel `" + std::string(kernel) +
          "` does not compile; please report it" +
          (saved ? " with the text saved in " + path : std::string()) + "\n" + words};
}

Selection selection_of(const CompileRequest& request) {
  Selection selection;
  selection.kernel = request.kernel;
  selection.settings = request.settings;
  selection.target = request.target;
  selection.arm = request.arm;
  selection.strides = request.strides;
  return selection;
}

bool is_gpu(std::string_view target) {
  const auto facts = schedule::find_target(target);
  return facts && facts->is_gpu();
}

const std::string& gpu_compiler_version() {
  static const std::string version =
      std::string(compiler_fingerprint) + " " + codegen::clang_version();
  return version;
}

CompileError rendered(LoadedFile& file) { return {file.diagnostics().render(/*color=*/false)}; }

}  // namespace

struct JitCompiler::File {
  explicit File(const KernelSource& source) : loaded(source) {}
  std::mutex mutex;
  LoadedFile loaded;
};

JitCompiler::JitCompiler(std::string cache_directory)
    : cache_(std::move(cache_directory), print_warning) {}
JitCompiler::~JitCompiler() = default;

std::shared_ptr<JitCompiler::File> JitCompiler::file_for(const KernelSource& source) {
  const std::string key = source.name + '\n' + source.text;
  const std::lock_guard lock(mutex_);
  auto& file = files_[key];
  // A file with mistakes is loaded afresh, so that each request hears of its own mistakes only.
  if (file == nullptr || file->loaded.diagnostics().has_errors()) {
    file = std::make_shared<File>(source);
  }
  return file;
}

std::variant<KernelSignature, CompileError> JitCompiler::signature(const KernelSource& source,
                                                                   std::string_view kernel,
                                                                   const Settings& settings,
                                                                   std::string_view target) {
  const auto file = file_for(source);
  const std::lock_guard lock(file->mutex);
  Selection selection;
  selection.kernel = kernel;
  selection.settings = settings;
  selection.target = target;
  auto signature = kernel_signature(file->loaded, selection);
  if (!signature) return rendered(file->loaded);
  return *std::move(signature);
}

std::variant<CpuKernel, CompileError> JitCompiler::compile(const CompileRequest& request) {
  if (is_gpu(request.target)) return CompileError{"target `" + request.target + "` is no CPU"};
  std::optional<Compilation> made;
  {
    const auto file = file_for(*request.source);
    const std::lock_guard lock(file->mutex);
    made = compile_kernel(file->loaded, selection_of(request));
    if (!made) return rendered(file->loaded);
  }
  auto code = code_for(made->text, made->target.clang_cpu, request.kernel);
  if (auto* error = std::get_if<CompileError>(&code)) return std::move(*error);
  auto& handle = std::get<std::shared_ptr<const void>>(code);
  const auto* loaded = static_cast<const LoadedCode*>(handle.get());
  CpuKernel kernel;
  kernel.grid = reinterpret_cast<CpuKernel::GridFunction>(loaded->find(codegen::grid_symbol));
  kernel.run = reinterpret_cast<CpuKernel::RunFunction>(loaded->find(codegen::run_symbol));
  if (kernel.grid == nullptr || kernel.run == nullptr) {
    return generated_text_refused(request.kernel, made->text, "its entry points are missing");
  }
  kernel.scratch_bytes = static_cast<std::size_t>(made->plan.scratch_bytes);
  kernel.code = std::move(handle);
  return kernel;
}

std::variant<GpuKernel, CompileError> JitCompiler::compile_gpu(const CompileRequest& request) {
  if (!is_gpu(request.target)) return CompileError{"target `" + request.target + "` is no GPU"};
  const std::string key =
      CacheKey{describe(request), request.target, {}, gpu_compiler_version()}.describe();
  if (const auto entry = cache_.load(key)) {
    if (auto kernel = decode_gpu_kernel(*entry)) {
      const std::lock_guard lock(mutex_);
      ++statistics_.from_disk;
      return *std::move(kernel);
    }
  }
  std::optional<Compilation> made;
  const auto file = file_for(*request.source);
  {
    const std::lock_guard lock(file->mutex);
    made = compile_kernel(file->loaded, selection_of(request), Until::Plan);
    if (!made) return rendered(file->loaded);
  }
  // LLVM's part reads only the file's text: other threads may go on with it.
  emit_for_gpu(file->loaded, *made);
  const GpuKernel kernel = gpu_kernel_of(*std::move(made));
  cache_.store(key, encode(kernel));
  const std::lock_guard lock(mutex_);
  ++statistics_.compiled;
  return kernel;
}

std::variant<RealKernel, CompileError> JitCompiler::compile_real(const CompileRequest& request) {
  const auto file = file_for(*request.source);
  const std::lock_guard lock(file->mutex);
  auto made = compile_kernel(file->loaded, selection_of(request), Until::Check);
  if (!made) return rendered(file->loaded);
  return real_kernel_of(std::move(made->checked), file->loaded.sources());
}

std::variant<WorkCounter, CompileError> JitCompiler::work_counter(const CompileRequest& request) {
  const auto file = file_for(*request.source);
  const std::lock_guard lock(file->mutex);
  auto made = compile_kernel(file->loaded, selection_of(request), Until::Check);
  if (!made) return rendered(file->loaded);
  const auto counter = std::make_shared<interpret::WorkCounter>(std::move(made->checked));
  return WorkCounter{[counter](ArgumentWords words, const WorkCounter::ReadMemory& read) {
    return counter->count(words, read);
  }};
}

/// Text -> loaded machine code: from this process, from disk, or made.
std::variant<std::shared_ptr<const void>, CompileError> JitCompiler::code_for(
    const std::string& text, const std::string& processor, std::string_view kernel) {
  static const std::string version = codegen::clang_version();
  const std::string key =
      CacheKey{text, processor, codegen::compile_flags(processor), version}.describe();
  {
    const std::lock_guard lock(mutex_);
    if (auto shared = loaded_[key].lock()) {
      ++statistics_.shared;
      return shared;
    }
  }
  auto object = cache_.load(key);
  const bool from_disk = object.has_value();
  if (!from_disk) {
    const TraceSpan span("compile C++", kernel);
    auto compiled = codegen::compile_cpp(text, processor, codegen::CodeForm::Object);
    if (auto* error = std::get_if<ToolError>(&compiled)) {
      return generated_text_refused(kernel, text, error->message);
    }
    object = std::move(std::get<std::string>(compiled));
    cache_.store(key, *object);
  }
  auto loaded = codegen::load_object(*std::move(object), kernel);
  if (auto* error = std::get_if<ToolError>(&loaded)) {
    return generated_text_refused(kernel, text, error->message);
  }
  const std::shared_ptr<const void> code = std::get<std::shared_ptr<const LoadedCode>>(loaded);
  const std::lock_guard lock(mutex_);
  ++(from_disk ? statistics_.from_disk : statistics_.compiled);
  loaded_[key] = code;
  return code;
}

JitStatistics JitCompiler::statistics() const {
  const std::lock_guard lock(mutex_);
  return statistics_;
}

void install_jit_compiler() {
  // Never destroyed: kernels in static variables may outlive main.
  static auto* compiler = [] {
    const std::string directory = default_cache_directory();
    if (directory.empty() && std::getenv("TILEC_CACHE_DIR") == nullptr) {
      print_warning("kernel cache: there is no home directory; kernels are kept in memory only");
    }
    return new JitCompiler(directory);
  }();
  install_compiler(compiler);
}

}  // namespace tile
