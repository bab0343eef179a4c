// Hugging Face's tokenizer.json: byte-pair models, byte-level (GPT-2, llama 3) or with byte
// fallback (llama 1 and 2). What this program does not do is refused by the name of its type.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "examples/llama/base/json.h"
#include "examples/llama/tokenizer/bpe.h"
#include "examples/llama/tokenizer/utf8.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

constexpr std::int64_t max_vocab_size = std::int64_t{1} << 20;
constexpr std::size_t max_merges = std::size_t{1} << 21;
constexpr std::size_t max_added_tokens = std::size_t{1} << 14;
constexpr int max_nesting = 4;  // of Sequence in Sequence

[[noreturn]] void refuse_type(const JsonField& field) {
  field["type"].refuse(fmt::format("\"{}\" is not supported", field["type"].text()));
}

// Calls `read` with the field, or with every member of a Sequence; null is none.
void each_step(const JsonField& field, const std::string& list, int depth,
               const std::function<void(const JsonField&)>& read) {
  if (field.is_null()) return;
  if (field["type"].text() != "Sequence") return read(field);
  if (depth == max_nesting) field.refuse("is nested too deep");
  field[list].each([&](const JsonField& step) { each_step(step, list, depth + 1, read); });
}

// "pattern": {"String": ...} or {"Regex": ...}, as a regular expression.
Regex read_pattern(const JsonField& field) {
  const JsonField text = field["pattern"]["String"], regex = field["pattern"]["Regex"];
  if (!text.is_null()) return {quote_pattern(text.text()), text.name()};
  return {regex.text(), regex.name()};
}

class Reader {
 public:
  explicit Reader(JsonField root) : root_(std::move(root)) {}

  BpeParts read() {
    root_["truncation"].require_null();
    root_["padding"].require_null();
    read_model();
    read_vocabulary();
    read_merges();
    read_unknown();
    each_step(root_["normalizer"], "normalizers", 0, [&](auto& step) { read_normalizer(step); });
    each_step(root_["pre_tokenizer"], "pretokenizers", 0, [&](auto& step) { read_step(step); });
    each_step(root_["decoder"], "decoders", 0, [&](auto& step) { read_decoder(step); });
    read_ends();
    return std::move(parts_);
  }

 private:
  void read_model() {
    const JsonField model = root_["model"];
    // Older files lack the key; theirs are byte-pair models when they have merges.
    if (!model["type"].is_null() && model["type"].text() != "BPE") refuse_type(model);
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (!model[key].text_or("").empty()) model[key].refuse("is not supported");
    }
    model["dropout"].require_null();
    parts_.whole_words_first = model["ignore_merges"].flag_or(false);
    parts_.byte_fallback = model["byte_fallback"].flag_or(false);
    parts_.fuse_unknown = model["fuse_unk"].flag_or(false);
  }

  // Every id from 0 to the largest must have one piece, in the model or among the added tokens.
  void read_vocabulary() {
    auto place = [&](const JsonField& field, std::int64_t id, const std::string& piece) {
      if (piece.empty()) field.refuse("is an empty token");
      auto at = static_cast<std::size_t>(id);
      if (at >= parts_.pieces.size()) parts_.pieces.resize(at + 1);
      if (!parts_.pieces[at].empty() && parts_.pieces[at] != piece) {
        field.refuse(fmt::format("has id {}, which \"{}\" has too", id, parts_.pieces[at]));
      }
      parts_.pieces[at] = piece;
    };
    root_["model"]["vocab"].each_member([&](const std::string& piece, const JsonField& field) {
      const std::int64_t id = field.count(max_vocab_size - 1);
      place(field, id, piece);
      parts_.ids.emplace(piece, static_cast<std::int32_t>(id));
    });
    const JsonField added = root_["added_tokens"];
    if (!added.is_null()) {
      if (added.size() > max_added_tokens) {
        added.refuse(fmt::format("has {} tokens, more than {}", added.size(), max_added_tokens));
      }
      added.each([&](const JsonField& token) {
        for (const char* flag : {"single_word", "lstrip", "rstrip"}) {
          if (token[flag].flag_or(false)) token[flag].refuse("is not supported");
        }
        if (token["normalized"].flag_or(false) && !root_["normalizer"].is_null()) {
          token["normalized"].refuse("is not supported together with a normalizer");
        }
        const std::int64_t id = token["id"].count(max_vocab_size - 1);
        const std::string& content = token["content"].text();
        if (auto other = added_ids_.find(content); other != added_ids_.end()) {
          token["content"].refuse(fmt::format("\"{}\" has id {} already", content, other->second));
        }
        place(token["content"], id, content);
        parts_.added.push_back(static_cast<std::int32_t>(id));
        added_ids_.emplace(content, static_cast<std::int32_t>(id));
      });
    }
    if (parts_.pieces.empty()) root_["model"]["vocab"].refuse("is empty");
    auto hole = std::ranges::find(parts_.pieces, "");
    if (hole != parts_.pieces.end()) {
      root_["model"]["vocab"].refuse(fmt::format("has {} ids, but none is {}", parts_.pieces.size(),
                                                 hole - parts_.pieces.begin()));
    }
  }

  // "a b", or ["a", "b"] in newer files.
  void read_merges() {
    const JsonField merges = root_["model"]["merges"];
    if (merges.size() > max_merges) {
      merges.refuse(fmt::format("has {} merges, more than {}", merges.size(), max_merges));
    }
    std::int32_t rank = 0;
    merges.each([&](const JsonField& merge) {
      std::string left, right;
      if (merge.is_text()) {
        const std::string& text = merge.text();
        const std::size_t space = text.find(' ');
        if (space == std::string::npos) merge.refuse("is not two tokens with a space between");
        left = text.substr(0, space), right = text.substr(space + 1);
      } else {
        if (merge.size() != 2) merge.refuse("must be two tokens");
        std::string* side = &left;
        merge.each([&](const JsonField& token) { *side = token.text(), side = &right; });
      }
      auto id_of = [&](const std::string& piece) {
        auto found = parts_.ids.find(piece);
        if (found == parts_.ids.end()) {
          merge.refuse(fmt::format("needs \"{}\", which is not in the vocabulary", piece));
        }
        return found->second;
      };
      if (!parts_.merges.add(id_of(left), id_of(right), rank++, id_of(left + right))) {
        merge.refuse("is there twice");
      }
    });
  }

  void read_unknown() {
    const JsonField unknown = root_["model"]["unk_token"];
    if (unknown.is_null()) return;
    auto found = parts_.ids.find(unknown.text());
    if (found == parts_.ids.end()) unknown.refuse("is not in the vocabulary");
    parts_.unknown = found->second;
  }

  void read_normalizer(const JsonField& step) {
    const std::string& type = step["type"].text();
    if (type == "Prepend") {
      parts_.normalizers.push_back([prefix = step["prepend"].text()](std::string_view text) {
        return prefix + std::string(text);
      });
    } else if (type == "Replace") {
      const std::string from = step["pattern"]["String"].text(), to = step["content"].text();
      if (from.empty()) step["pattern"].refuse("is empty");
      parts_.normalizers.push_back(
          [=](std::string_view text) { return replace_all(text, from, to); });
    } else {
      refuse_type(step);
    }
  }

  void read_step(const JsonField& step) {
    const std::string& type = step["type"].text();
    if (type == "ByteLevel") {
      if (step["add_prefix_space"].flag_or(true)) parts_.steps.push_back(prefix_space_step());
      if (step["use_regex"].flag_or(true)) {
        parts_.steps.push_back(split_step({gpt2_pattern, step.name()}, KeptParts::All));
      }
      parts_.steps.push_back(byte_level_step());
    } else if (type == "Split") {
      const std::string& behavior = step["behavior"].text();
      const bool invert = step["invert"].flag_or(false);
      if (behavior != "Isolated" && behavior != "Removed") {
        step["behavior"].refuse(fmt::format("\"{}\" is not supported", behavior));
      }
      const KeptParts kept = behavior == "Isolated" ? KeptParts::All
                             : invert               ? KeptParts::Matched
                                                    : KeptParts::Unmatched;
      parts_.steps.push_back(split_step(read_pattern(step), kept));
    } else if (type == "Digits") {
      const char* pattern = step["individual_digits"].flag_or(false) ? "\\p{N}" : "\\p{N}+";
      parts_.steps.push_back(split_step({pattern, step.name()}, KeptParts::All));
    } else if (type == "Metaspace") {
      read_metaspace(step);
    } else {
      refuse_type(step);
    }
  }

  void read_metaspace(const JsonField& step) {
    step["replacement"].require_text(space_mark);
    MetaspacePrefix prefix = MetaspacePrefix::Always;
    if (const JsonField scheme = step["prepend_scheme"]; !scheme.is_null()) {
      const std::array<std::string_view, 3> names = {"always", "first", "never"};
      auto name = std::ranges::find(names, scheme.text());
      if (name == names.end()) scheme.refuse("must be \"always\", \"first\" or \"never\"");
      prefix = static_cast<MetaspacePrefix>(name - names.begin());
    } else if (!step["add_prefix_space"].flag_or(true)) {
      prefix = MetaspacePrefix::Never;
    }
    parts_.steps.push_back(
        metaspace_step(std::string(space_mark), prefix, step["split"].flag_or(true)));
  }

  // Decoding is by Spelling, so the steps must be those that undo it.
  void read_decoder(const JsonField& step) {
    const std::string& type = step["type"].text();
    if (type == "ByteLevel") {
      parts_.spelling = Spelling::ByteLevel;
    } else if (type == "Metaspace") {
      step["replacement"].require_text(space_mark);
      parts_.spelling = Spelling::Metaspace;
      parts_.strip_first_space = step["prepend_scheme"].text_or("always") != "never";
    } else if (type == "Replace") {
      step["pattern"]["String"].require_text(space_mark);
      step["content"].require_text(" ");
      parts_.spelling = Spelling::Metaspace;
    } else if (type == "Strip") {
      step["content"].require_text(" ");
      if (step["start"].integer(1) != 1) step["start"].refuse("must be 1");
      step["stop"].integer(0);
      parts_.strip_first_space = true;
    } else if (type != "ByteFallback" && type != "Fuse") {
      refuse_type(step);
    }
  }

  // What begins and ends a text: the post-processor's template says, or else the usual names.
  void read_ends() {
    each_step(root_["post_processor"], "processors", 0, [&](const JsonField& step) {
      if (step["type"].text() == "ByteLevel") return;  // changes offsets only
      if (step["type"].text() != "TemplateProcessing") refuse_type(step);
      bool before_text = true;
      step["single"].each([&](const JsonField& part) {
        const JsonField special = part["SpecialToken"];
        if (special.is_null()) {
          before_text = false;
          return;
        }
        auto found = added_ids_.find(special["id"].text());
        if (found == added_ids_.end()) special["id"].refuse("is not an added token");
        (before_text ? parts_.bos : parts_.eos) = found->second;
      });
    });
    auto set_by_name = [&](std::int32_t& id, std::initializer_list<std::string_view> names) {
      for (std::string_view name : names) {
        auto found = added_ids_.find(name);
        if (id < 0 && found != added_ids_.end()) id = found->second;
      }
    };
    set_by_name(parts_.bos, {"<s>", "<|begin_of_text|>", "<|endoftext|>"});
    set_by_name(parts_.eos, {"</s>", "<|end_of_text|>", "<|endoftext|>"});
  }

  JsonField root_;
  BpeParts parts_;
  PieceIds added_ids_;
};

}  // namespace

std::unique_ptr<Tokenizer> parse_hf_json(std::string bytes, const std::string& origin) {
  const nlohmann::json document = parse_json_object(bytes, origin);
  BpeParts parts = Reader(JsonField(document, origin)).read();
  parts.file_name = "tokenizer.json";
  parts.contents = std::move(bytes);
  return make_bpe_tokenizer(std::move(parts));
}

}  // namespace llama
