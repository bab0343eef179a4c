// See lines.h.
#include "compiler/codegen/ptx/lines.h"

#include <llvm/BinaryFormat/Dwarf.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/Module.h>

namespace tile::codegen::ptx {

LineInformation::LineInformation(llvm::Function& entry, const SourceSet& sources, Span span)
    : sources_(sources), kernel_(span), builder_(*entry.getParent()) {
  llvm::Module& module = *entry.getParent();
  module.addModuleFlag(llvm::Module::Warning, "Debug Info Version", llvm::DEBUG_METADATA_VERSION);
  builder_.createCompileUnit(llvm::DISourceLanguageName(llvm::dwarf::DW_LANG_C), file(span.file),
                             "tilec", false, "", 0, "", llvm::DICompileUnit::DebugDirectivesOnly);
  const unsigned line = sources.line_column(span.file, span.begin).line;
  auto* type = builder_.createSubroutineType(builder_.getOrCreateTypeArray({}));
  subprogram_ = builder_.createFunction(file(span.file), entry.getName(), entry.getName(),
                                        file(span.file), line, type, line, llvm::DINode::FlagZero,
                                        llvm::DISubprogram::SPFlagDefinition);
  entry.setSubprogram(subprogram_);
}

llvm::DIFile* LineInformation::file(FileId id) {
  llvm::DIFile*& made = files_[id];
  if (made == nullptr) made = builder_.createFile(sources_.file(id).name, "");
  return made;
}

llvm::DIScope* LineInformation::scope(FileId id) {
  if (id == kernel_.file) return subprogram_;
  llvm::DIScope*& made = scopes_[id];
  if (made == nullptr) made = builder_.createLexicalBlockFile(subprogram_, file(id));
  return made;
}

llvm::DebugLoc LineInformation::location(Span span) {
  if (span == Span{}) span = kernel_;
  const LineColumn at = sources_.line_column(span.file, span.begin);
  return llvm::DILocation::get(subprogram_->getContext(), at.line, at.column, scope(span.file));
}

}  // namespace tile::codegen::ptx
