// The tensors of a Hugging Face folder: model.safetensors, or the shards that
// model.safetensors.index.json names. Opening reads headers only.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "examples/llama/model/model.h"
#include "runtime/nn/safetensors.h"

namespace llama {

class HfFolder {
 public:
  /// Error when index and shards do not agree.
  explicit HfFolder(std::filesystem::path folder);

  /// Null when there is none.
  const pg::nn::SafetensorsEntry* find(std::string_view name) const;
  /// f32, whatever the file has. Error when it is missing.
  pg::Tensor read(std::string_view name) const;
  /// Of all tensors.
  std::vector<std::string> names() const;
  /// Throws one error with a table of all tensors that are missing, unknown or misshaped. With a
  /// tied head the embedding may be stored as lm_head.weight, alone or as a copy.
  void check(const Config& config) const;
  /// Every parameter of such a model, checked.
  std::vector<NamedTensor> read_parameters(const Config& config, pg::Device device) const;

 private:
  struct Place {
    std::size_t file = 0;
    const pg::nn::SafetensorsEntry* entry = nullptr;
  };
  void add(pg::nn::SafetensorsFile file);
  void open_shards(const std::filesystem::path& index_path);

  std::filesystem::path folder_;
  std::vector<pg::nn::SafetensorsFile> files_;
  std::map<std::string, Place, std::less<>> places_;
};

}  // namespace llama
