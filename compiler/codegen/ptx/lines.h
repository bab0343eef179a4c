// Line information: which source line an instruction comes from, as LLVM debug locations. Nothing
// else is described, so the code is the same with and without.
#pragma once

#include <llvm/IR/DIBuilder.h>
#include <llvm/IR/DebugLoc.h>

#include <map>
#include <string>

#include "compiler/source/source_file.h"

namespace tile::codegen::ptx {

class LineInformation {
 public:
  /// Of `entry`, defined at `span`.
  LineInformation(llvm::Function& entry, const SourceSet& sources, Span span);
  /// The place of an op; the kernel's own for what the compiler made itself.
  llvm::DebugLoc location(Span span);
  /// When all locations are made.
  void finish() { builder_.finalize(); }

 private:
  llvm::DIFile* file(FileId id);
  llvm::DIScope* scope(FileId id);

  const SourceSet& sources_;
  Span kernel_;
  llvm::DIBuilder builder_;
  std::map<FileId, llvm::DIFile*> files_;
  llvm::DISubprogram* subprogram_ = nullptr;
  std::map<FileId, llvm::DIScope*> scopes_;  // of functions of other files
};

}  // namespace tile::codegen::ptx
