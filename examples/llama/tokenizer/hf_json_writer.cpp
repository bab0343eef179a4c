// See hf_json_writer.h.
#include "examples/llama/tokenizer/hf_json_writer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace llama {

std::string to_hf_json(const ByteLevelModel& model) {
  using Json = nlohmann::ordered_json;
  const Json byte_level = {{"type", "ByteLevel"},
                           {"add_prefix_space", false},
                           {"trim_offsets", true},
                           {"use_regex", true}};
  Json added = Json::array(), vocab = Json::object(), merges = Json::array();
  // A key at a time: ordered_json looks for an equal key before each insertion, which is quadratic.
  auto& members = vocab.get_ref<Json::object_t&>();
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    members.emplace_back(model.pieces[id], id);
    if (std::ranges::find(model.special, model.pieces[id]) == model.special.end()) continue;
    added.push_back({{"id", id},
                     {"content", model.pieces[id]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  for (const auto& [left, right] : model.merges) merges.push_back(left + " " + right);
  const Json document = {{"version", "1.0"},
                         {"truncation", nullptr},
                         {"padding", nullptr},
                         {"added_tokens", added},
                         {"normalizer", nullptr},
                         {"pre_tokenizer", byte_level},
                         {"post_processor", byte_level},
                         {"decoder", byte_level},
                         {"model",
                          {{"type", "BPE"},
                           {"dropout", nullptr},
                           {"unk_token", nullptr},
                           {"continuing_subword_prefix", nullptr},
                           {"end_of_word_suffix", nullptr},
                           {"fuse_unk", false},
                           {"byte_fallback", false},
                           {"ignore_merges", false},
                           {"vocab", vocab},
                           {"merges", merges}}}};
  return document.dump(1) + "\n";
}

}  // namespace llama
