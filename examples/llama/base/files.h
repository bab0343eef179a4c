// Whole files in, with errors that name the file. They go out by pg::nn::write_whole_file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace llama {

inline constexpr std::size_t max_tokenizer_bytes = std::size_t{64} << 20;

/// The file's bytes. Throws pg::Error when it is not a readable regular file or exceeds `limit`
/// bytes.
std::string read_file(const std::filesystem::path& path, std::size_t limit);

}  // namespace llama
