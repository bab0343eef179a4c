// See cuda_api.h: opening the driver, and what its errors mean.
#include "runtime/device/cuda_api.h"

#include <dlfcn.h>

#include <cstdlib>
#include <string>

#include "runtime/device/error.h"

namespace pg::cuda {

namespace {

/// Empty when all required symbols are there, else the first that is missing.
std::string find_symbols(void* library, Api& api) {
  std::string missing;
  const auto find = [&](auto& function, const char* symbol, bool is_required) {
    function =
        reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, symbol));
    if (function == nullptr && is_required && missing.empty()) missing = symbol;
  };
#define CUDA_FUNCTION(name, symbol, ...) find(api.name, symbol, true);
#define CUDA_OPTIONAL(name, symbol, ...) find(api.name, symbol, false);
#include "runtime/device/cuda_functions.def"
  return missing;
}

/// Codes after which nothing runs on the device any more in this process.
bool is_fault(Result code) {
  switch (code) {
    case 214:  // ECC
    case 220:  // NVLink
    case 700:
    case 702:
    case 709:
    case 710:
    case 714:
    case 715:
    case 716:
    case 717:
    case 718:
    case 719:
    case 999:
      return true;
    default:
      return false;
  }
}

const char* advice(Result code) {
  switch (code) {
    case 1:
      return "this is a mistake of picograd or of a kernel's description; please report it";
    case error_out_of_memory:
      return "use a smaller batch or model, or free the GPU (nvidia-smi lists who uses it)";
    case 46:
    case 802:
      return "the GPU is busy or not ready; nvidia-smi shows its state";
    case 200:
    case 209:
    case 218:
      return "the code is not for this GPU; remove the kernel cache (tilec doctor shows its "
             "folder) "
             "and try again";
    case 221:
      return "the driver's PTX compiler (libnvidia-ptxjitcompiler.so) is missing; reinstall the "
             "driver";
    case error_unsupported_ptx_version:
      return "the driver is too old for this PTX; a newer driver is needed";
    case 701:
      return "the kernel needs more registers or shared memory than a block can have; smaller "
             "tiles "
             "help";
    case 803:
      return "driver and kernel module differ in version; a reboot helps";
    default:
      return "";
  }
}

/// The driver of this process.
const Driver& loaded() {
  static const auto* instance = [] {
    const char* chosen = std::getenv("PICOGRAD_LIBCUDA");
    const bool is_chosen = chosen != nullptr && *chosen != '\0';
    return new Driver(open_driver(is_chosen ? chosen : "libcuda.so.1"));
  }();
  return *instance;
}

}  // namespace

Driver open_driver(const std::string& library_name) {
  Driver loaded;
  Api& api = loaded.api;
  api.library = library_name;
  void* library = dlopen(api.library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* problem = dlerror();
    loaded.reason =
        fmt::format("no NVIDIA driver found ({}); a driver for CUDA {} or newer is needed",
                    problem != nullptr ? problem : api.library, version_text(oldest_driver));
    return loaded;
  }
  const std::string missing = find_symbols(library, api);
  if (api.cuDriverGetVersion != nullptr) api.cuDriverGetVersion(&api.driver_version);
  if (!missing.empty() || api.driver_version < oldest_driver) {
    loaded.reason =
        fmt::format("the NVIDIA driver is for CUDA {}{}; {} or newer is needed",
                    version_text(api.driver_version),
                    missing.empty() ? "" : " and has no " + missing, version_text(oldest_driver));
    return loaded;
  }
  const Result started = api.cuInit(0);
  int count = 0;
  if (started == success) api.cuDeviceGetCount(&count);
  if (started != success && started != error_no_device) {
    const char* name = nullptr;
    const char* meaning = nullptr;
    api.cuGetErrorName(started, &name);
    api.cuGetErrorString(started, &meaning);
    loaded.reason = fmt::format("the NVIDIA driver ({}) does not start: {} ({}): {}",
                                version_text(api.driver_version), name ? name : "error", started,
                                meaning ? meaning : "unknown");
    return loaded;
  }
  if (count == 0) {
    const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
    loaded.reason =
        fmt::format("the NVIDIA driver ({}) finds no GPU{}", version_text(api.driver_version),
                    visible == nullptr ? std::string()
                                       : fmt::format("; CUDA_VISIBLE_DEVICES is \"{}\"", visible));
    return loaded;
  }
  loaded.works = true;
  return loaded;
}

const Api* find_api() { return loaded().works ? &loaded().api : nullptr; }
const std::string& missing_reason() { return loaded().reason; }

const Api& api(std::string_view op) {
  if (loaded().works) return loaded().api;
  throw Unavailable(
      fmt::format("{}: {}. The CPU works without: --device cpu", op, loaded().reason));
}

std::string name_of(Result code) {
  const char* name = nullptr;
  const char* meaning = nullptr;
  if (const Api* driver = find_api()) {
    driver->cuGetErrorName(code, &name);
    driver->cuGetErrorString(code, &meaning);
  }
  return fmt::format("{} ({}): {}", name != nullptr ? name : "CUDA error", code,
                     meaning != nullptr ? meaning : "unknown");
}

void check(std::string_view op, const char* call, Result code, std::string_view where) {
  if (code == success) return;
  std::string text = fmt::format("{}: {} failed{}{}: {}", op, call, where.empty() ? "" : " for ",
                                 where, name_of(code));
  if (const std::string_view help = advice(code); !help.empty()) text += fmt::format("; {}", help);
  if (code == error_out_of_memory) throw OutOfMemory(text);
  if (!is_fault(code)) throw Error(text);
  if (where.empty()) {
    text +=
        "; a kernel launched earlier has failed. Kernels run after their launch returned: "
        "PICOGRAD_SYNC=1 waits for each and names the one that fails";
  }
  throw DeviceFault(text + ". The device takes no more work from this process");
}

std::string version_text(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

}  // namespace pg::cuda
