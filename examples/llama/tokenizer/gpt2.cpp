// GPT-2's two files: vocab.json ({"piece": id}) and merges.txt (a comment, then a pair a line).
// They say what a tokenizer.json says, which is what they become here and beside a model.
#include <fmt/format.h>

#include "examples/llama/base/json.h"
#include "examples/llama/tokenizer/hf_json_writer.h"
#include "examples/llama/tokenizer/merge.h"
#include "examples/llama/tokenizer/tokenizer.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

constexpr std::string_view end_of_text = "<|endoftext|>";

std::vector<std::string> read_vocab(const std::string& bytes, const std::string& origin) {
  const nlohmann::json document = parse_json_object(bytes, origin);
  std::vector<std::string> pieces(document.size());
  const auto last = static_cast<std::int64_t>(pieces.size()) - 1;
  JsonField(document, origin).each_member([&](const std::string& piece, const JsonField& id) {
    if (piece.empty()) id.refuse("is an empty token");
    std::string& place = pieces[static_cast<std::size_t>(id.count(last))];
    if (!place.empty()) id.refuse(fmt::format("has the id of \"{}\"", place));
    place = piece;
  });
  if (pieces.empty()) throw pg::Error(origin + ": no tokens");
  return pieces;
}

}  // namespace

std::unique_ptr<Tokenizer> parse_gpt2(const std::string& vocab, const std::string& vocab_origin,
                                      std::string_view merges, const std::string& merges_origin) {
  ByteLevelModel model{.pieces = read_vocab(vocab, vocab_origin), .merges = {}, .special = {}};
  PieceIds ids;
  for (const std::string& piece : model.pieces) ids.emplace(piece, 0);
  if (ids.contains(end_of_text)) model.special.emplace_back(end_of_text);

  std::size_t number = 0;
  while (!merges.empty()) {
    ++number;
    const std::size_t end = merges.find('\n');
    std::string_view line = merges.substr(0, end);
    merges.remove_prefix(end == std::string_view::npos ? merges.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (number == 1 && line.starts_with("#version"))) continue;
    auto refuse = [&](const std::string& why) {
      throw pg::Error(fmt::format("{}: line {} {}", merges_origin, number, why));
    };
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) refuse("is not two tokens with a space between");
    const std::string left(line.substr(0, space)), right(line.substr(space + 1));
    for (const std::string& piece : {left, right, left + right}) {
      if (!ids.contains(piece)) {
        refuse(fmt::format("needs \"{}\", which is not in {}", piece, vocab_origin));
      }
    }
    model.merges.emplace_back(left, right);
  }
  return parse_hf_json(to_hf_json(model), merges_origin);
}

}  // namespace llama
