// `llama convert`: any form of weights that can be read to any that can be written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>

namespace llama {

struct ConvertOptions {
  std::filesystem::path from;  // as load_model takes it
  std::filesystem::path to;    // ends in .bin: a llama2.c checkpoint, else a Hugging Face folder
  int llama2c_version = 0;
  std::int64_t shard_bytes = std::numeric_limits<std::int64_t>::max();
};

/// Throws pg::Error when `to` exists or cannot hold the model; then nothing is left there. Between
/// folders tokenizer files go along. A v0 file's tables of rotary angles differ in last bits with
/// the library that made them; the folder keeps them, so that converting back gives the same bytes.
void convert(const ConvertOptions& options);

}  // namespace llama
