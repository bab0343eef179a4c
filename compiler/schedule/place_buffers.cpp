// See planner.h. Layout of the scratch memory.
#include <algorithm>

#include "compiler/schedule/planner.h"

namespace tile::schedule {

namespace {

constexpr std::int64_t cache_line = 64;

std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Row-major. Rows are padded to whole vectors unless the buffer is dense, and one vector follows the end,
/// so that the last vector of a row can be read and written whole. Results of dots have more to spare.
void lay_out(Buffer& buffer, int lanes) {
  const std::size_t rank = buffer.shape.size();
  const bool is_matrix = buffer.spare_rows > 0;
  buffer.strides.assign(rank, 0);
  std::int64_t count = 1;
  bool is_innermost = true;
  for (std::size_t d = rank; d-- > 0;) {
    const bool is_column = is_matrix && d + 1 == rank;
    if (buffer.shape[d] == 1 && !is_column && !(is_matrix && d + 2 == rank)) continue;
    buffer.strides[d] = count;
    count *= buffer.shape[d];
    if (is_innermost && !buffer.is_dense) {
      count = round_up(count, std::max<std::int64_t>(lanes, buffer.row_multiple));
      // Rows a power of two apart would crowd into few sets of the first cache.
      if (is_matrix && count % 256 == 0) count += lanes;
    }
    if (is_matrix && d + 2 == rank) count += buffer.spare_rows * buffer.strides[d];
    is_innermost = false;
  }
  buffer.bytes = round_up((count + lanes) * ir::byte_size(buffer.element), cache_line);
}

}  // namespace

void Planner::share_buffers() {
  std::int64_t offset = 0;
  for (Buffer& buffer : plan_.buffers) {
    lay_out(buffer, target_.lanes());
    if (buffer.same_memory) continue;
    buffer.offset = offset;
    offset += buffer.bytes;
  }
  for (Buffer& buffer : plan_.buffers) {
    if (buffer.same_memory) buffer.offset = plan_.buffers[buffer.same_memory].offset;
  }
  plan_.scratch_bytes = offset;
}

}  // namespace tile::schedule
