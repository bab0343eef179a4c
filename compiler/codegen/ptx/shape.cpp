// See kernel_emitter.h. Ops that move elements without computing. Broadcast, permute and most
// reshapes only rename registers, since the plan wants their operands in the layout that makes it
// so; the rest goes through scratch, by row-major index.
#include <array>

#include "compiler/base/check.h"
#include "compiler/codegen/ptx/kernel_emitter.h"

namespace tile::codegen::ptx {

using ir::Op;
using ir::OpCode;
using ir::OpId;

namespace {

/// The register of the broadcast's operand that result register r repeats: the bits of r whose
/// basis moves along a dimension that the operand has.
int repeated_register(const Layout& result, const ir::Shape& operand_shape, int r) {
  int repeated = 0, next = 0;
  for (std::size_t bit = 0; bit < result.registers.size(); ++bit) {
    bool is_kept = false;
    for (std::size_t d = 0; d < operand_shape.size(); ++d) {
      is_kept = is_kept || (operand_shape[d] != 1 &&
                            result.coordinate(result.registers[bit], static_cast<int>(d)) != 0);
    }
    if (!is_kept) continue;
    repeated |= (r >> bit & 1) << next;
    ++next;
  }
  return repeated;
}

}  // namespace

Registers KernelEmitter::repeat(const Registers& operand, const ir::Shape& operand_shape,
                                const Layout& result) {
  Registers registers;
  for (int r = 0; r < result.register_count(); ++r) {
    const int from = operand_shape.empty() ? 0 : repeated_register(result, operand_shape, r);
    registers.push_back(operand.at(static_cast<std::size_t>(from)));
  }
  return registers;
}

Registers KernelEmitter::rematerialize_shape_op(const Op& op, const Layout& layout) {
  const ir::Type& from = function_.type(op.operands[0]);
  const auto count = static_cast<std::size_t>(layout.register_count());
  if (from.is_scalar()) return {count, scalar(op.operands[0])};
  switch (op.code) {
    case OpCode::Broadcast:
      return repeat(in_layout(op.operands[0], schedule::broadcast_operand(layout, from.shape)),
                    from.shape, layout);
    case OpCode::Reshape:
      TILE_CHECK(schedule::can_reshape(from.shape, function_.type(op.results[0]).shape),
                 "a reshape without a layout moves nothing");
      return in_layout(op.operands[0], schedule::reshape(layout, from.shape));
    case OpCode::Permute: {
      const auto order = schedule::inverse(std::get<ir::PermuteAttrs>(op.attributes).order);
      return in_layout(op.operands[0], schedule::permute(layout, order));
    }
    default:
      TILE_UNREACHABLE("a value without a layout is made of constants and indices");
  }
}

/// The registers of a tile whose element (c0, c1, ...) is element (c0 + offsets[0], ...) of the
/// tile in scratch. Where that is outside, any element: dead, or replaced by the caller.
Registers KernelEmitter::read_scratch_box(const Layout& layout, const ir::Type& type,
                                          const ir::Shape& scratch_shape,
                                          std::span<const std::int64_t> offsets) {
  Registers registers;
  for (int r = 0; r < layout.register_count(); ++r) {
    llvm::Value* flat = i32(0);
    llvm::Value* is_inside = builder_.getTrue();
    for (std::size_t d = 0; d < type.shape.size(); ++d) {
      llvm::Value* index =
          builder_.CreateAdd(coordinate(layout, static_cast<int>(d), r), i32(offsets[d]));
      flat = builder_.CreateAdd(builder_.CreateMul(flat, i32(scratch_shape[d])), index);
      if (offsets[d] >= 0 && layout.extents[d] + offsets[d] <= scratch_shape[d]) continue;
      is_inside =
          builder_.CreateAnd(is_inside, builder_.CreateICmpULT(index, i32(scratch_shape[d])));
    }
    registers.push_back(read_scratch(builder_.CreateSelect(is_inside, flat, i32(0)), type.element));
  }
  return registers;
}

void KernelEmitter::emit_reshape(OpId id) {
  const Op& op = function_.ops[id];
  const ir::Type& from = function_.type(op.operands[0]);
  const ir::Type& to = function_.type(op.results[0]);
  const Registers registers = operand(id, 0);
  if (to.is_scalar()) return bind(op.results[0], {registers[0]});
  const Layout& layout = *plan_.layouts[op.results[0]];
  if (from.is_scalar()) return bind(op.results[0], repeat(registers, {}, layout));
  if (schedule::can_reshape(from.shape, to.shape)) return bind(op.results[0], registers);
  write_scratch(registers, *plan_.operands[id][0], from);
  Registers moved;
  for (int r = 0; r < layout.register_count(); ++r) {
    llvm::Value* flat = flat_index(layout, to.shape, r);
    if (llvm::Value* alive = is_alive(layout, to.shape, r)) {
      flat = builder_.CreateSelect(alive, flat, i32(0));
    }
    moved.push_back(read_scratch(flat, to.element));
  }
  bind(op.results[0], std::move(moved));
}

void KernelEmitter::emit_slice(OpId id) {
  const Op& op = function_.ops[id];
  const ir::Type& from = function_.type(op.operands[0]);
  write_scratch(operand(id, 0), *plan_.operands[id][0], from);
  bind(op.results[0],
       read_scratch_box(*plan_.layouts[op.results[0]], function_.type(op.results[0]), from.shape,
                        std::get<ir::SliceAttrs>(op.attributes).offsets));
}

void KernelEmitter::emit_concat(OpId id) {
  const Op& op = function_.ops[id];
  const auto axis = static_cast<std::size_t>(std::get<ir::AxisAttrs>(op.attributes).axis);
  const ir::Type& type = function_.type(op.results[0]);
  const Layout& layout = *plan_.layouts[op.results[0]];
  const std::int64_t seam = function_.type(op.operands[0]).shape[axis];
  // One after the other, so that scratch holds one operand at a time.
  std::array<Registers, 2> parts;
  for (std::size_t side = 0; side < 2; ++side) {
    const ir::Type& from = function_.type(op.operands[side]);
    std::vector<std::int64_t> offsets(type.shape.size(), 0);
    if (side == 1) offsets[axis] = -seam;
    write_scratch(operand(id, side), *plan_.operands[id][side], from);
    parts[side] = read_scratch_box(layout, type, from.shape, offsets);
  }
  Registers joined;
  for (int r = 0; r < layout.register_count(); ++r) {
    llvm::Value* is_left =
        builder_.CreateICmpULT(coordinate(layout, static_cast<int>(axis), r), i32(seam));
    const auto i = static_cast<std::size_t>(r);
    joined.push_back(builder_.CreateSelect(is_left, parts[0][i], parts[1][i]));
  }
  bind(op.results[0], std::move(joined));
}

void KernelEmitter::emit_shape_op(OpId id) {
  const Op& op = function_.ops[id];
  const ir::Type& to = function_.type(op.results[0]);
  switch (op.code) {
    case OpCode::Broadcast:
      if (to.is_scalar()) return bind(op.results[0], operand(id, 0));
      return bind(op.results[0], repeat(operand(id, 0), function_.type(op.operands[0]).shape,
                                        *plan_.layouts[op.results[0]]));
    case OpCode::Permute:
      return bind(op.results[0], operand(id, 0));
    case OpCode::Reshape:
      return emit_reshape(id);
    case OpCode::Slice:
      return emit_slice(id);
    case OpCode::Concat:
      return emit_concat(id);
    default:
      TILE_UNREACHABLE("not a shape op");
  }
}

}  // namespace tile::codegen::ptx
