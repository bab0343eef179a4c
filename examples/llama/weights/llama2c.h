// llama2.c's checkpoints of f32 numbers, in and out: v0 (a header of seven int32, and after the
// last norm tables of rotary angles that nobody reads) and v1 (magic "ak42", a header of 256
// bytes). Each kind of tensor lies there for all layers at once; rotary rows come in interleaved
// pairs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "examples/llama/model/model.h"

namespace llama {

struct Llama2cHeader {
  int version = 0;
  Config config;
  std::uint64_t file_bytes = 0;  // what such a file must have
};

/// Looks at the first llama2c_header_bytes (or what the file has of them). Throws pg::Error
/// "<origin>: ..." that names the field.
inline constexpr std::size_t llama2c_header_bytes = 256;
Llama2cHeader parse_llama2c_header(std::span<const std::byte> start, const std::string& origin);
Llama2cHeader read_llama2c_header(const std::filesystem::path& path);

Model load_llama2c(const std::filesystem::path& path, pg::Device device);

/// cos, then sin, of every position and pair: the tables of a v0 file, as training in llama2.c
/// computes them, and as a file has them (they differ in last bits). Empty for a v1 file.
std::vector<float> llama2c_tables(const Config& config);
std::vector<float> read_llama2c_tables(const std::filesystem::path& path);

/// `tables` go into a v0 file. Throws pg::Error for a model that the format cannot state.
void save_llama2c(const Model& model, const std::filesystem::path& path, int version,
                  std::span<const float> tables);

}  // namespace llama
