// See nvtx.h.
#include "runtime/device/nvtx.h"

#include <dlfcn.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace pg::detail {

namespace {

using Function = void (*)();

// Function tables by module. A tool fills in what it wants to hear of, at numbers that never
// change.
constexpr unsigned core_module = 1, module_count = 7;
constexpr std::size_t push_slot = 9, pop_slot = 11;  // RangePushA, RangePop
constexpr unsigned table_size = 16;                  // slot 0 is none's

struct Tables {
  std::array<std::array<Function, table_size>, module_count> functions{};
  std::array<std::array<Function*, table_size + 1>, module_count> slots{};  // a null ends each

  Tables() {
    for (std::size_t module = 0; module < module_count; ++module) {
      for (std::size_t i = 1; i < table_size; ++i) slots[module][i] = &functions[module][i];
    }
  }
};

Tables& tables() {
  static Tables instance;
  return instance;
}

/// Asked by the tool: where to put the functions of a module. 1: it exists.
int find_module(int module, Function*** slots, unsigned* size) {
  if (module < 1 || module >= static_cast<int>(module_count)) return 0;
  if (slots != nullptr) *slots = tables().slots[static_cast<std::size_t>(module)].data();
  if (size != nullptr) *size = table_size;
  return 1;
}

struct CallbacksExport {
  std::size_t bytes;
  int (*find_module)(int, Function***, unsigned*);
};
struct VersionExport {
  std::size_t bytes;
  std::uint32_t version;
  std::uint32_t reserved;
  void (*set_tool_version)(std::uint32_t);
};

/// Asked by the tool, by number.
const void* find_export(std::uint32_t number) {
  static const CallbacksExport callbacks = {sizeof callbacks, find_module};
  static const VersionExport version = {sizeof version, 3, 0, [](std::uint32_t) {}};
  if (number == 1) return &callbacks;
  return number == 3 ? &version : nullptr;
}

bool attach_tool() {
  const char* path = std::getenv("NVTX_INJECTION64_PATH");
  if (path == nullptr || *path == '\0') return false;
  using Initialize = int (*)(const void* (*)(std::uint32_t));
  void* library = ::dlopen(path, RTLD_LAZY);
  auto initialize =
      library == nullptr
          ? nullptr
          : reinterpret_cast<Initialize>(::dlsym(library, "InitializeInjectionNvtx2"));
  if (initialize == nullptr) {
    std::fprintf(stderr, "warning: NVTX_INJECTION64_PATH: %s\n", ::dlerror());
    return false;
  }
  const auto& core = tables().functions[core_module];
  return initialize(find_export) == 1 && core[push_slot] != nullptr && core[pop_slot] != nullptr;
}

}  // namespace

bool has_nvtx_tool() {
  static const bool is_there = attach_tool();
  return is_there;
}

NvtxRange::NvtxRange(const char* name) {
  reinterpret_cast<int (*)(const char*)>(tables().functions[core_module][push_slot])(name);
}
NvtxRange::~NvtxRange() {
  reinterpret_cast<int (*)()>(tables().functions[core_module][pop_slot])();
}

}  // namespace pg::detail
