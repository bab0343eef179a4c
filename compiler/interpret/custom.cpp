// Reductions and scans with a region: one ascending chain of combines per result, each a run of the
// region on scalars (left..., right...). Slow beside the built-in kinds, and exact.
#include <algorithm>
#include <cstring>

#include "compiler/interpret/prepare.h"

namespace tile::interpret {

namespace {

struct Stream {
  std::size_t bytes = 0;  // of an element
  const std::byte* values = nullptr;
  std::byte* result = nullptr;
  std::byte* left = nullptr;
  std::byte* right = nullptr;
};

struct CustomPlan {
  std::int64_t outer = 1;
  std::int64_t length = 1;
  std::int64_t inner = 1;
  bool reverse = false;
  bool keeps_all = false;  // a scan
  std::vector<Stream> streams;
  Code region;
};

void copy_element(std::byte* to, const std::byte* from, std::size_t bytes) {
  std::memcpy(to, from, bytes);
}

/// Combines what is in left and right, into left.
void combine(Machine& machine, const CustomPlan& plan) {
  run_code(machine, plan.region);
  constexpr std::size_t cell = 8;
  std::byte* staged = scratch_bytes(machine, plan.streams.size() * cell);
  for (std::size_t s = 0; s < plan.streams.size(); ++s) {
    copy_element(staged + s * cell, plan.region.yields[s], plan.streams[s].bytes);
  }
  for (std::size_t s = 0; s < plan.streams.size(); ++s) {
    copy_element(plan.streams[s].left, staged + s * cell, plan.streams[s].bytes);
  }
}

void run_custom(Machine& machine, const Step& step) {
  const auto& plan = *static_cast<const CustomPlan*>(step.detail);
  for (std::int64_t line = 0; line < plan.outer * plan.inner; ++line) {
    const std::int64_t first = line / plan.inner * plan.length * plan.inner + line % plan.inner;
    for (std::int64_t t = 0; t < plan.length; ++t) {
      const auto at =
          static_cast<std::size_t>(first + (plan.reverse ? plan.length - 1 - t : t) * plan.inner);
      for (const Stream& stream : plan.streams) {
        copy_element(t == 0 ? stream.left : stream.right, stream.values + at * stream.bytes,
                     stream.bytes);
      }
      if (t > 0) combine(machine, plan);
      const bool last = t == plan.length - 1;
      if (!plan.keeps_all && !last) continue;
      const std::size_t to = plan.keeps_all ? at : static_cast<std::size_t>(line);
      for (const Stream& stream : plan.streams) {
        copy_element(stream.result + to * stream.bytes, stream.left, stream.bytes);
      }
    }
  }
}

}  // namespace

void prepare_custom(Preparation& preparation, Step& step) {
  const ir::Op& op = *step.op;
  CustomPlan plan;
  std::size_t axis = 0;
  if (op.code == ir::OpCode::Scan) {
    const auto& attributes = std::get<ir::ScanAttrs>(op.attributes);
    axis = static_cast<std::size_t>(attributes.axis);
    plan.reverse = attributes.reverse;
    plan.keeps_all = true;
  } else {
    axis = static_cast<std::size_t>(std::get<ir::ReduceAttrs>(op.attributes).axis);
  }
  const ir::Shape& shape = preparation.type(op.operands[0]).shape;
  plan.length = shape[axis];
  for (std::size_t d = 0; d < axis; ++d) plan.outer *= shape[d];
  for (std::size_t d = axis + 1; d < shape.size(); ++d) plan.inner *= shape[d];
  const auto& arguments = preparation.function.blocks[op.regions[0]].arguments;
  const std::size_t count = op.operands.size();
  for (std::size_t s = 0; s < count; ++s) {
    plan.streams.push_back({preparation.element_bytes(op.operands[s]),
                            preparation.address(op.operands[s]), preparation.address(op.results[s]),
                            preparation.address(arguments[s]),
                            preparation.address(arguments[count + s])});
  }
  plan.region = prepare_block(preparation, op.regions[0]);
  step.run = run_custom;
  step.detail = preparation.keep(std::move(plan));
}

}  // namespace tile::interpret
