// Shared by this folder's tests: text in, printed tree and rendered diagnostics out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/lex/lexer.h"
#include "compiler/parse/parse.h"

namespace tile::testing {

struct Parsed {
  std::string tree;
  std::string messages;  // rendered without color
  std::string kinds;     // "MissingGrid ExpectedToken", in the order of reporting
  std::size_t count = 0;
  std::vector<std::string> texts;  // the messages alone
};

inline Parsed parse_text(std::string_view text) {
  SourceSet sources;
  FileId file = sources.add("test.tile", std::string(text));
  Diagnostics diagnostics(sources);
  Tokens tokens = lex(sources, file, diagnostics);
  Ast ast = parse(sources, file, tokens, diagnostics);
  Parsed result{print(ast), diagnostics.render(false), {}, diagnostics.all().size(), {}};
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    if (!result.kinds.empty()) result.kinds += ' ';
    result.kinds += info(diagnostic.kind).name;
    result.texts.push_back(diagnostic.message);
  }
  return result;
}

}  // namespace tile::testing
