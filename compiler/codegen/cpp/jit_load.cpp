// See jit.h. The half that links and loads object bytes with ORC. Each object lives in a dynamic
// library of its own, so that all kernels may use the same symbol names and unloading one frees all
// that belongs to it.
#include "compiler/codegen/cpp/jit.h"

#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <fstream>

namespace tile::codegen {

namespace {

using namespace llvm::orc;

/// The process's one JIT. It is never destroyed: kernels may be dropped by static destructors.
struct Session {
  std::unique_ptr<LLJIT> jit;
  std::string error;

  Session() {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    LLJITBuilder builder;
    builder.setPlatformSetUp(setUpInactivePlatform);
    builder.setObjectLinkingLayerCreator(
        [](ExecutionSession& session) { return std::make_unique<ObjectLinkingLayer>(session); });
    if (auto made = builder.create()) {
      jit = std::move(*made);
    } else {
      error = llvm::toString(made.takeError());
    }
  }
};

Session& session() {
  static auto* instance = new Session;
  return *instance;
}

/// With TILEC_PERF_MAP=1: tells `perf` the names of loaded functions, in the file it looks for.
void write_perf_map(LLJIT& jit, JITDylib& library, llvm::StringRef object, std::string_view name) {
  const char* set = std::getenv("TILEC_PERF_MAP");
  if (set == nullptr || llvm::StringRef(set) != "1") return;
  auto file = llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(object, "object"));
  if (!file) return llvm::consumeError(file.takeError());
  const std::string path = "/tmp/perf-" + std::to_string(::getpid()) + ".map";
  std::ofstream map(path, std::ios::app);
  for (const llvm::object::ELFSymbolRef symbol : (*file)->symbols()) {
    auto symbol_name = symbol.getName();
    if (!symbol_name || symbol.getELFType() != llvm::ELF::STT_FUNC) continue;
    auto address = jit.lookup(library, *symbol_name);
    if (!address) return llvm::consumeError(address.takeError());
    map << std::hex << address->getValue() << " " << symbol.getSize() << " " << name << "."
        << symbol_name->str() << "\n";
  }
}

class OrcCode final : public LoadedCode {
 public:
  OrcCode(LLJIT& jit, JITDylib& library) : jit_(jit), library_(&library) {}
  ~OrcCode() override {
    if (auto error = jit_.getExecutionSession().removeJITDylib(*library_)) {
      llvm::consumeError(std::move(error));  // nothing can be done, and nothing depends on it
    }
  }
  void* find(std::string_view symbol) const override {
    auto address = jit_.lookup(*library_, llvm::StringRef(symbol.data(), symbol.size()));
    if (address) return address->toPtr<void*>();
    llvm::consumeError(address.takeError());
    return nullptr;
  }

 private:
  LLJIT& jit_;
  JITDylibSP library_;
};

}  // namespace

std::variant<std::shared_ptr<const LoadedCode>, ToolError> load_object(std::string object,
                                                                       std::string_view name) {
  if (!session().jit) return ToolError{"no JIT: " + session().error};
  LLJIT& jit = *session().jit;
  static std::atomic<std::uint64_t> serial = 0;
  auto library = jit.createJITDylib("kernel" + std::to_string(serial++));
  if (!library) return ToolError{llvm::toString(library.takeError())};
  auto code = std::make_shared<OrcCode>(jit, *library);
  auto buffer =
      llvm::MemoryBuffer::getMemBufferCopy(object, llvm::StringRef(name.data(), name.size()));
  if (auto error = jit.addObjectFile(*library, std::move(buffer))) {
    return ToolError{llvm::toString(std::move(error))};
  }
  write_perf_map(jit, *library, object, name);
  return code;
}

}  // namespace tile::codegen
