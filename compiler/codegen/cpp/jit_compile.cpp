// See jit.h. The half that compiles text with clang's libraries, as `clang -cc1` would, but from
// memory to memory. Nothing on the machine is read: no headers, no configuration.
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

#include "compiler/base/check.h"

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

std::unique_ptr<clang::ASTFrontendAction> action_for(CodeForm form) {
  switch (form) {
    case CodeForm::Object:
      return std::make_unique<clang::EmitObjAction>();
    case CodeForm::Assembly:
      return std::make_unique<clang::EmitAssemblyAction>();
    case CodeForm::Llvm:
      return std::make_unique<clang::EmitLLVMAction>();
  }
  TILE_UNREACHABLE("form of code");
}

const char* action_flag(CodeForm form) {
  return form == CodeForm::Object ? "-emit-obj" : form == CodeForm::Assembly ? "-S" : "-emit-llvm";
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

std::variant<std::string, ToolError> compile_cpp(std::string_view text, std::string_view processor,
                                                 CodeForm form) {
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
  arguments.push_back(action_flag(form));
  arguments.push_back(text_name);
  auto invocation = std::make_shared<clang::CompilerInvocation>();
  if (!clang::CompilerInvocation::CreateFromArgs(*invocation, arguments, *diagnostics)) {
    return ToolError{messages};
  }

  clang::CompilerInstance compiler(std::move(invocation));
  compiler.setVirtualFileSystem(files);
  compiler.createDiagnostics(&printer, false);
  compiler.setVerboseOutputStream(message_stream);
  llvm::SmallString<0> code;
  compiler.setOutputStream(std::make_unique<llvm::raw_svector_ostream>(code));
  const auto action = action_for(form);
  if (!compiler.ExecuteAction(*action) || code.empty()) return ToolError{messages};
  return std::string(code.data(), code.size());
}

}  // namespace tile::codegen
