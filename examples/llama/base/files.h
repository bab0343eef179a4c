// Whole files in and out, with errors that name the file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace llama {

inline constexpr std::size_t max_tokenizer_bytes = std::size_t{64} << 20;

/// The file's bytes. Throws pg::Error when it is not a readable regular file or exceeds `limit`
/// bytes.
std::string read_file(const std::filesystem::path& path, std::size_t limit);

/// Writes beside the target, then renames, so that the path never holds half a file.
void write_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace llama
