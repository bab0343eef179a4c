// The manifest of a checkpoint: where the run stands, what shapes it, and what every file beside it
// must hold. Its first line holds the hash of the rest, so a manifest that reads is the one that
// was written; it is the last file of a checkpoint to be written.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "examples/llama/data/data_source.h"
#include "runtime/nn/file.h"

namespace llama {

struct Manifest {
  std::string code;          // the build that wrote it
  std::int64_t step = 0;     // done
  std::int64_t skipped = 0;  // of these without an update
  DataPosition data;         // of the next batch; with the seed all there is of random numbers
  std::string data_hash;     // of the tokens for training and for validation
  std::string weights_hash;
  std::optional<double> validation_loss;  // when it was measured at this step
  nlohmann::json settings = nlohmann::json::object();
  std::map<std::string, pg::nn::FileSeal> files;
  bool operator==(const Manifest&) const = default;
};

inline constexpr const char* manifest_name = "manifest.json";
inline constexpr std::uint64_t max_manifest_bytes = 1 << 20;

std::string to_text(const Manifest& manifest);
/// Throws pg::Error "<origin>: ..." that names the field.
Manifest parse_manifest(std::string_view text, const std::string& origin = manifest_name);
/// The same without the line of the hash: what a fuzzer can get into.
Manifest parse_manifest_body(std::string_view json, const std::string& origin = manifest_name);

}  // namespace llama
