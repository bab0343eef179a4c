// Training text: files read whole.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace llama {

/// The files' bytes, one after the other. Throws pg::Error naming a file that is missing or empty.
std::string read_texts(const std::vector<std::filesystem::path>& paths);

}  // namespace llama
