// See pre_tokenizer.h.
#include "examples/llama/tokenizer/pre_tokenizer.h"

#include "examples/llama/tokenizer/byte_level.h"

namespace llama {

PreTokenizerStep split_step(Regex pattern, KeptParts kept) {
  return [pattern = std::move(pattern), kept](std::string_view part, bool, const VisitPart& visit) {
    pattern.split(part, [&](std::string_view piece, bool matched) {
      if (kept == KeptParts::All || matched == (kept == KeptParts::Matched)) visit(piece);
    });
  };
}

PreTokenizerStep prefix_space_step() {
  return [](std::string_view part, bool, const VisitPart& visit) {
    visit(part.starts_with(' ') ? std::string(part) : " " + std::string(part));
  };
}

PreTokenizerStep byte_level_step() {
  return
      [](std::string_view part, bool, const VisitPart& visit) { visit(bytes_to_characters(part)); };
}

PreTokenizerStep metaspace_step(std::string mark, MetaspacePrefix prefix, bool split) {
  return [=](std::string_view part, bool at_start, const VisitPart& visit) {
    std::string text = replace_all(part, " ", mark);
    const bool wanted =
        prefix == MetaspacePrefix::Always || (prefix == MetaspacePrefix::First && at_start);
    if (wanted && !text.starts_with(mark)) text = mark + text;
    std::string_view rest = text;
    while (split && !rest.empty()) {
      const std::size_t next = rest.find(mark, 1);
      if (next == std::string_view::npos) break;
      visit(rest.substr(0, next));
      rest.remove_prefix(next);
    }
    visit(rest);
  };
}

void pre_tokenize(std::span<const PreTokenizerStep> steps, std::string_view part, bool at_start,
                  const VisitPart& visit) {
  if (part.empty()) return;
  if (steps.empty()) return visit(part);
  bool first = at_start;
  steps.front()(part, at_start, [&](std::string_view piece) {
    pre_tokenize(steps.subspan(1), piece, first, visit);
    first = false;
  });
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  while (true) {
    const std::size_t at = text.find(from);
    result += text.substr(0, at);
    if (at == std::string_view::npos) return result;
    result += to;
    text.remove_prefix(at + from.size());
  }
}

}  // namespace llama
