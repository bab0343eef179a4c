// See planner.h. Layout of the scratch memory.
#include <algorithm>

#include "compiler/schedule/lives.h"
#include "compiler/schedule/planner.h"

namespace tile::schedule {

namespace {

constexpr std::int64_t cache_line = 64;

std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Row-major. Rows are padded to whole vectors unless the buffer is dense, and one vector follows
/// the end, so that the last vector of a row can be read and written whole. Results of dots have
/// more to spare.
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

/// Buffers with memory of their own that anything uses.
std::vector<BufferId> by_size(const Plan& plan) {
  std::vector<BufferId> ids;
  for (std::uint32_t b = 0; b < plan.buffers.size(); ++b) {
    if (plan.buffers[BufferId{b}].same_memory.is_none()) ids.push_back(BufferId{b});
  }
  std::ranges::sort(ids, [&](BufferId a, BufferId b) {
    return std::pair(-plan.buffers[a].bytes, a) < std::pair(-plan.buffers[b].bytes, b);
  });
  return ids;
}

}  // namespace

/// Biggest first, each as low as the buffers that are alive with it allow.
void Planner::place_buffers() {
  for (Buffer& buffer : plan_.buffers) lay_out(buffer, target_.lanes());
  const auto lives = buffer_lives(function_, plan_, uses_);
  std::vector<BufferId> placed;
  for (const BufferId id : by_size(plan_)) {
    Buffer& buffer = plan_.buffers[id];
    std::vector<std::pair<std::int64_t, std::int64_t>> taken;
    for (const BufferId other : placed) {
      if (!lives[id].touches(lives[other])) continue;
      taken.emplace_back(plan_.buffers[other].offset,
                         plan_.buffers[other].offset + plan_.buffers[other].bytes);
    }
    std::ranges::sort(taken);
    buffer.offset = 0;
    for (const auto& [begin, end] : taken) {
      if (buffer.offset + buffer.bytes > begin) buffer.offset = std::max(buffer.offset, end);
    }
    placed.push_back(id);
    plan_.scratch_bytes = std::max(plan_.scratch_bytes, buffer.offset + buffer.bytes);
  }
  for (Buffer& buffer : plan_.buffers) {
    const Buffer* root = &buffer;
    while (root->same_memory) root = &plan_.buffers[root->same_memory];
    buffer.offset = root->offset;
  }
}

}  // namespace tile::schedule
