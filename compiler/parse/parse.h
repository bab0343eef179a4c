// Tokens to the syntax tree. The grammar stands in docs/language.md; what the parser accepts and
// what is written there are kept in step.
#pragma once

#include "compiler/lex/token.h"
#include "compiler/parse/ast.h"
#include "compiler/source/diagnostics.h"

namespace tile {

/// Blocks, parentheses and operators nest at most this deep, so that every walk over a tree may
/// recurse.
constexpr int nesting_limit = 256;

/// The tree of one file. After a mistake the parser goes on behind the next `;` or `}`; the tree
/// then lacks the broken parts, and what follows parsing should not run.
Ast parse(const SourceSet& sources, FileId file, const Tokens& tokens, Diagnostics& diagnostics);

}  // namespace tile
