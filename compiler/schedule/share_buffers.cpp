// See planner.h. Copies that need not happen: a tile that a dot, a loop or a yield takes over is
// computed in the taker's own buffer whenever the two buffers' lives do not overlap.
#include <algorithm>
#include <numeric>

#include "compiler/schedule/lives.h"
#include "compiler/schedule/planner.h"

namespace tile::schedule {

void Planner::share_buffers() {
  bool has_merged = true;
  while (has_merged) {
    has_merged = false;
    const auto lives = buffer_lives(function_, plan_, uses_);
    for (std::uint32_t n = 0; n < plan_.nests.size() && !has_merged; ++n) {
      for (const Sink& sink : plan_.nests[NestId{n}].sinks) {
        if (!is_copy(sink)) continue;
        const BufferId from = plan_.places[sink.value].buffer;
        if (from == sink.buffer || lives[from].overlaps(lives[sink.buffer])) continue;
        merge(from, sink.buffer);
        has_merged = true;
        break;
      }
    }
  }
}

/// Whether the sink only moves a stored tile to another buffer of the same form.
bool Planner::is_copy(const Sink& sink) const {
  if (sink.kind != Sink::Kind::Fill || sink.buffer.is_none() || !sink.offsets.empty()) return false;
  if (sink.source) return false;
  const Place& place = plan_.places[sink.value];
  if (place.kind != Place::Kind::Stored) return false;
  const Buffer& from = plan_.buffers[place.buffer];
  const Buffer& to = plan_.buffers[sink.buffer];
  const bool is_alias = from.is_dense || to.is_dense;
  return from.shape == to.shape && from.element == to.element && !is_alias;
}

void Planner::merge(BufferId from, BufferId into) {
  for (Place& place : plan_.places) {
    if (place.buffer == from) place.buffer = into;
  }
  for (Nest& nest : plan_.nests) {
    for (Sink& sink : nest.sinks) {
      if (sink.buffer == from) sink.buffer = into;
    }
  }
  for (Dot& dot : plan_.dots) {
    if (dot.buffer == from) dot.buffer = into;
  }
  Buffer& kept = plan_.buffers[into];
  Buffer& gone = plan_.buffers[from];
  kept.spare_rows = std::max(kept.spare_rows, gone.spare_rows);
  kept.row_multiple = std::lcm(kept.row_multiple, gone.row_multiple);
  if (kept.name.empty()) kept.name = gone.name;
  gone.same_memory = into;
}

/// Fills whose tile is in place already, and nests that have nothing left to do.
void Planner::drop_copies() {
  for (Nest& nest : plan_.nests) {
    std::erase_if(nest.sinks, [&](const Sink& sink) {
      return is_copy(sink) && sink.op && plan_.places[sink.value].buffer == sink.buffer;
    });
  }
  for (std::vector<Step>& steps : plan_.steps) {
    std::erase_if(steps, [&](const Step& step) {
      return step.kind == Step::Kind::Nest && plan_.nests[step.nest].sinks.empty();
    });
  }
}

}  // namespace tile::schedule
