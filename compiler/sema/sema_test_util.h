// For tests of sema: from a text to its IR or its diagnostics, with a small library beside it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/lex/lexer.h"
#include "compiler/parse/parse.h"
#include "compiler/sema/check.h"

namespace tile::sema {

/// A user's file and, before it, a library file; both parsed and declared.
struct Checked {
  SourceSet sources;
  Diagnostics diagnostics{sources};
  std::vector<std::unique_ptr<Ast>> asts;
  std::unique_ptr<Program> program;

  explicit Checked(std::string_view text, std::string_view library = "");

  /// The only kernel's IR with these settings, or the messages.
  std::string ir(const Settings& settings = {});
  /// Checks everything: the reported kinds and lines, "T0302:4 T0201:7"; empty when all is right.
  std::string codes();
};

}  // namespace tile::sema
