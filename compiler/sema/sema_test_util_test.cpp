// See sema_test_util.h.
#include "compiler/sema/sema_test_util.h"

#include <fmt/format.h>

#include "compiler/ir/verifier.h"

namespace tile::sema {

Checked::Checked(std::string_view text, std::string_view library) {
  std::vector<const Ast*> files;
  for (auto [name, content] : {std::pair("<stdlib>/test.tile", library), std::pair("-", text)}) {
    FileId file = sources.add(name, std::string(content));
    Tokens tokens = lex(sources, file, diagnostics);
    asts.push_back(std::make_unique<Ast>(parse(sources, file, tokens, diagnostics)));
    files.push_back(asts.back().get());
  }
  if (!diagnostics.has_errors()) program = std::make_unique<Program>(diagnostics, files);
}

std::string Checked::ir(const Settings& settings) {
  if (!program || diagnostics.has_errors()) return diagnostics.render(false);
  std::optional<ir::Module> module = program->instantiate(program->kernels()[0], settings);
  if (!module) return diagnostics.render(false);
  return ir::print(*module);
}

std::string Checked::codes() {
  if (program) program->check();
  std::string codes;
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    Span span = diagnostic.span;
    std::uint32_t line =
        span.file.is_none() ? 0 : sources.line_column(span.file, span.begin).line;
    codes += fmt::format("{}{}:{}", codes.empty() ? "" : " ", info(diagnostic.kind).code, line);
  }
  return codes;
}

}  // namespace tile::sema
