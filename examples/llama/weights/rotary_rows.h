// The two orders of a rotary projection's rows, [heads * head_dim, columns]: interleaved pairs
// (rows 2i and 2i + 1 of a head turn together: llama2.c, Meta) and halves (rows i and i + head_dim
// / 2: Hugging Face).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace llama {

std::vector<float> interleaved_to_halves(std::span<const float> rows, std::int64_t heads,
                                         std::int64_t head_dim, std::int64_t columns);
std::vector<float> halves_to_interleaved(std::span<const float> rows, std::int64_t heads,
                                         std::int64_t head_dim, std::int64_t columns);

}  // namespace llama
