// Numbers for people: "1.5 GiB", "260K", "12.3 GFLOP".
#pragma once

#include <cstdint>
#include <string>

namespace llama {

/// Powers of 1024: "512 B", "1.5 KiB", "40.0 GiB".
std::string bytes_text(std::int64_t bytes);
/// Powers of 1000: "950", "1.24G".
std::string count_text(double count);

}  // namespace llama
