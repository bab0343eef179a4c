// See nvrtc.h.
#include "runtime/device/nvrtc.h"

#include <dlfcn.h>

#include <cstdlib>
#include <type_traits>

#include "runtime/device/error.h"

namespace pg::cuda {

namespace {

using NvrtcResult = int;
using Program = struct ProgramTag*;

/// The functions that we call; their parameters are those of nvrtc.h of CUDA 12 and 13.
struct Nvrtc {
  NvrtcResult (*version)(int*, int*) = nullptr;
  const char* (*error_string)(NvrtcResult) = nullptr;
  NvrtcResult (*create_program)(Program*, const char* source, const char* name, int headers,
                                const char* const* texts, const char* const* names) = nullptr;
  NvrtcResult (*destroy_program)(Program*) = nullptr;
  NvrtcResult (*compile_program)(Program, int, const char* const* options) = nullptr;
  NvrtcResult (*log_size)(Program, std::size_t*) = nullptr;
  NvrtcResult (*log)(Program, char*) = nullptr;
  NvrtcResult (*cubin_size)(Program, std::size_t*) = nullptr;
  NvrtcResult (*cubin)(Program, char*) = nullptr;
  NvrtcResult (*add_name)(Program, const char*) = nullptr;
  NvrtcResult (*lowered_name)(Program, const char*, const char**) = nullptr;
  std::string library;
};

constexpr const char* libraries[] = {
    "libnvrtc.so.13",
    "libnvrtc.so.12",
    "/usr/local/cuda/lib64/libnvrtc.so.13",
    "/usr/local/cuda/lib64/libnvrtc.so.12",
};

bool find_symbols(void* library, Nvrtc& nvrtc) {
  bool found = true;
  const auto find = [&](auto& function, const char* symbol) {
    function =
        reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, symbol));
    found = found && function != nullptr;
  };
  find(nvrtc.version, "nvrtcVersion");
  find(nvrtc.error_string, "nvrtcGetErrorString");
  find(nvrtc.create_program, "nvrtcCreateProgram");
  find(nvrtc.destroy_program, "nvrtcDestroyProgram");
  find(nvrtc.compile_program, "nvrtcCompileProgram");
  find(nvrtc.log_size, "nvrtcGetProgramLogSize");
  find(nvrtc.log, "nvrtcGetProgramLog");
  find(nvrtc.cubin_size, "nvrtcGetCUBINSize");
  find(nvrtc.cubin, "nvrtcGetCUBIN");
  find(nvrtc.add_name, "nvrtcAddNameExpression");
  find(nvrtc.lowered_name, "nvrtcGetLoweredName");
  return found;
}

/// Null when there is no usable library.
const Nvrtc* find_nvrtc() {
  static const Nvrtc* const instance = []() -> const Nvrtc* {
    auto* nvrtc = new Nvrtc;
    const char* chosen = std::getenv("PICOGRAD_NVRTC");
    std::vector<std::string> names(std::begin(libraries), std::end(libraries));
    if (chosen != nullptr && *chosen != '\0') names = {chosen};
    for (const std::string& name : names) {
      void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
      nvrtc->library = name;
      if (library != nullptr && find_symbols(library, *nvrtc)) return nvrtc;
    }
    delete nvrtc;
    return nullptr;
  }();
  return instance;
}

/// Destroys the program when it goes.
struct Compilation {
  const Nvrtc& nvrtc;
  const std::string& kernel;
  Program program = nullptr;

  Compilation(const Nvrtc& with, const std::string& name) : nvrtc(with), kernel(name) {}
  Compilation(const Compilation&) = delete;
  ~Compilation() {
    if (program != nullptr) nvrtc.destroy_program(&program);
  }

  void check(const char* call, NvrtcResult result) const {
    if (result != 0) fail(kernel, "{} failed: {}", call, nvrtc.error_string(result));
  }
  std::string log() const {
    std::size_t bytes = 0;
    if (nvrtc.log_size(program, &bytes) != 0 || bytes == 0) return {};
    std::string text(bytes, '\0');
    if (nvrtc.log(program, text.data()) != 0) return {};
    text.resize(bytes - 1);  // it ends with a zero
    return text;
  }
};

}  // namespace

std::optional<std::string> nvrtc_version() {
  const Nvrtc* nvrtc = find_nvrtc();
  int major = 0;
  int minor = 0;
  if (nvrtc == nullptr || nvrtc->version(&major, &minor) != 0) return std::nullopt;
  return fmt::format("{}.{} ({})", major, minor, nvrtc->library);
}

CompiledSource compile_source(const std::string& source, const std::string& name,
                              const std::vector<std::string>& options, const std::string& target) {
  const Nvrtc* nvrtc = find_nvrtc();
  if (nvrtc == nullptr) {
    throw Unavailable(
        fmt::format("{}: CUDA C++ needs NVRTC (libnvrtc.so.13 or .12) in the library path or in "
                    "/usr/local/cuda/lib64; PICOGRAD_NVRTC names another",
                    name));
  }
  Compilation compilation(*nvrtc, name);
  const std::string file = name + ".cu";
  compilation.check("nvrtcCreateProgram",
                    nvrtc->create_program(&compilation.program, source.c_str(), file.c_str(), 0,
                                          nullptr, nullptr));
  compilation.check("nvrtcAddNameExpression", nvrtc->add_name(compilation.program, name.c_str()));
  const std::string architecture = "--gpu-architecture=" + target;
  std::vector<const char*> all = {architecture.c_str()};
  for (const std::string& option : options) all.push_back(option.c_str());
  const NvrtcResult compiled =
      nvrtc->compile_program(compilation.program, static_cast<int>(all.size()), all.data());
  if (compiled != 0) {
    fail(name, "the CUDA source does not compile: {}\n{}", nvrtc->error_string(compiled),
         compilation.log());
  }
  CompiledSource result;
  const char* lowered = nullptr;
  compilation.check("nvrtcGetLoweredName",
                    nvrtc->lowered_name(compilation.program, name.c_str(), &lowered));
  result.entry = lowered;
  std::size_t bytes = 0;
  compilation.check("nvrtcGetCUBINSize", nvrtc->cubin_size(compilation.program, &bytes));
  result.image.resize(bytes);
  compilation.check("nvrtcGetCUBIN", nvrtc->cubin(compilation.program, result.image.data()));
  return result;
}

}  // namespace pg::cuda
