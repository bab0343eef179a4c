// See rotary_rows.h.
#include "examples/llama/weights/rotary_rows.h"

#include <algorithm>

namespace llama {

namespace {

/// Calls copy(interleaved row, row in halves) for every row.
template <class Copy>
void for_each_row(std::int64_t heads, std::int64_t head_dim, Copy&& copy) {
  for (std::int64_t head = 0; head < heads * head_dim; head += head_dim) {
    for (std::int64_t i = 0; i < head_dim; ++i) {
      copy(head + i, head + (i % 2) * (head_dim / 2) + i / 2);
    }
  }
}

}  // namespace

std::vector<float> interleaved_to_halves(std::span<const float> rows, std::int64_t heads,
                                         std::int64_t head_dim, std::int64_t columns) {
  std::vector<float> result(rows.size());
  for_each_row(heads, head_dim, [&](std::int64_t interleaved, std::int64_t halves) {
    std::copy_n(rows.begin() + interleaved * columns, columns, result.begin() + halves * columns);
  });
  return result;
}

std::vector<float> halves_to_interleaved(std::span<const float> rows, std::int64_t heads,
                                         std::int64_t head_dim, std::int64_t columns) {
  std::vector<float> result(rows.size());
  for_each_row(heads, head_dim, [&](std::int64_t interleaved, std::int64_t halves) {
    std::copy_n(rows.begin() + halves * columns, columns, result.begin() + interleaved * columns);
  });
  return result;
}

}  // namespace llama
