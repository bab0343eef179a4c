// See jit.h. The half that turns text into object bytes with clang's libraries, as `clang -cc1
// -emit-obj` would, but from memory to memory. Nothing on the machine is read: no headers, no
// configuration.
#include "compiler/codegen/cpp/jit.h"

#include <clang/Basic/DiagnosticOptions.h>
#include <clang/Basic/Version.h>
#include <clang/CodeGen/CodeGenAction.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/CompilerInvocation.h>
#include <clang/Frontend/TextDiagnosticPrinter.h>
#include <llvm/ADT/SmallString.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/VirtualFileSystem.h>
#include <llvm/Support/raw_ostream.h>

#include <mutex>

namespace tile::codegen {

namespace {

constexpr const char* text_name = "kernel.cpp";

void initialize_targets() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    llvm::InitializeNativeTargetAsmParser();
  });
}

}  // namespace

std::string clang_version() { return clang::getClangFullVersion(); }

// -O1 with the vectorisers left off: the text is vector code already, and higher levels take twice
// the time for the same speed. Wide vectors must be asked for, or some processors get halves.
std::vector<std::string> compile_flags(std::string_view processor) {
  return {"-triple",
          "x86_64-pc-linux-gnu",
          "-target-cpu",
          std::string(processor),
          "-mprefer-vector-width=512",
          "-x",
          "c++",
          "-std=c++17",
          "-O1",
          "-ffp-contract=off",
          "-fwrapv",
          "-fno-rounding-math",
          "-emit-obj",
          "-mrelocation-model",
          "pic",
          "-pic-level",
          "2",
          "-mframe-pointer=none",
          "-nostdsysteminc",
          "-nobuiltininc",
          "-fgnuc-version=4.2.1",
          "-disable-llvm-verifier",
          "-discard-value-names",
          "-main-file-name",
          text_name};
}

std::variant<std::string, ToolError> compile_to_object(std::string_view text,
                                                       std::string_view processor) {
  initialize_targets();
  std::string messages;
  llvm::raw_string_ostream message_stream(messages);
  clang::DiagnosticOptions diagnostic_options;
  clang::TextDiagnosticPrinter printer(message_stream, diagnostic_options);

  auto files = llvm::makeIntrusiveRefCnt<llvm::vfs::InMemoryFileSystem>();
  files->addFile(text_name, 0,
                 llvm::MemoryBuffer::getMemBuffer(llvm::StringRef(text.data(), text.size()),
                                                  text_name, /*RequiresNullTerminator=*/false));
  auto diagnostics =
      clang::CompilerInstance::createDiagnostics(*files, diagnostic_options, &printer, false);

  const std::vector<std::string> flags = compile_flags(processor);
  std::vector<const char*> arguments;
  for (const std::string& flag : flags) arguments.push_back(flag.c_str());
  arguments.push_back(text_name);
  auto invocation = std::make_shared<clang::CompilerInvocation>();
  if (!clang::CompilerInvocation::CreateFromArgs(*invocation, arguments, *diagnostics)) {
    return ToolError{messages};
  }

  clang::CompilerInstance compiler(std::move(invocation));
  compiler.setVirtualFileSystem(files);
  compiler.createDiagnostics(&printer, false);
  compiler.setVerboseOutputStream(message_stream);
  llvm::SmallString<0> object;
  compiler.setOutputStream(std::make_unique<llvm::raw_svector_ostream>(object));
  clang::EmitObjAction action;
  if (!compiler.ExecuteAction(action) || object.empty()) return ToolError{messages};
  return std::string(object.data(), object.size());
}

}  // namespace tile::codegen
