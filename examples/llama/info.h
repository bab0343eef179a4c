// `llama info`: what a model is and costs, said before anything of it is loaded.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace llama {

struct InfoOptions {
  std::string model;            // preset, folder, config.json or .bin
  std::int64_t vocab_size = 0;  // of a preset; 0: its own, or 256 where it leaves that open
  std::int64_t seq = 0;         // for the arithmetic of attention; 0: the model's context
};

/// Reads configuration and headers only; a folder's tensors must fit its config.json.
nlohmann::ordered_json model_info(const InfoOptions& options);
/// The same as a table.
std::string to_text(const nlohmann::ordered_json& info);

}  // namespace llama
