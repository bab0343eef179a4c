// See buffers.h.
#include "compiler/interpret/buffers.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "compiler/interpret/types.h"

namespace tile::interpret {

namespace {

constexpr std::size_t alignment = 64;

std::size_t aligned(std::size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

/// A first-fit allocator of offsets.
class Arena {
 public:
  std::size_t take(std::size_t bytes) {
    for (auto hole = holes_.begin(); hole != holes_.end(); ++hole) {
      if (hole->bytes < bytes) continue;
      const std::size_t offset = hole->offset;
      hole->offset += bytes;
      hole->bytes -= bytes;
      if (hole->bytes == 0) holes_.erase(hole);
      return offset;
    }
    end_ += bytes;
    return end_ - bytes;
  }

  void give_back(std::size_t offset, std::size_t bytes) {
    auto next = std::lower_bound(holes_.begin(), holes_.end(), offset,
                                 [](const Hole& hole, std::size_t at) { return hole.offset < at; });
    next = holes_.insert(next, {offset, bytes});
    const auto join = [&](auto left, auto right) {
      if (left->offset + left->bytes != right->offset) return left + 1;
      left->bytes += right->bytes;
      return holes_.erase(right);
    };
    if (next + 1 != holes_.end()) next = join(next, next + 1) - 1;
    if (next != holes_.begin()) join(next - 1, next);
  }

  std::size_t size() const { return end_; }

 private:
  struct Hole {
    std::size_t offset, bytes;
  };
  std::vector<Hole> holes_;  // by offset, never adjacent
  std::size_t end_ = 0;
};

class Placer {
 public:
  Placer(const ir::Function& function, bool real)
      : function_(function),
        real_(real),
        offset_(function.values.size(), unplaced),
        last_use_(function.values.size(), 0),
        is_static_(function.values.size(), false) {}

  Buffers place();

 private:
  static constexpr std::size_t unplaced = ~std::size_t{0};
  struct Position {
    ir::BlockId block;
    std::size_t index = 0;
  };

  void find_positions(ir::BlockId block);
  void find_last_uses(ir::BlockId block);
  void note_use(ir::ValueId value, Position position);
  bool is_fixed(ir::ValueId value) const;
  std::size_t bytes(ir::ValueId value) const;
  void define(ir::ValueId value);
  void alias(ir::ValueId value, ir::ValueId as);
  void release(ir::ValueId value);
  void place_block(ir::BlockId block);
  void place_op(const ir::Op& op);
  void place_loop(const ir::Op& op, std::size_t first_carried);

  const ir::Function& function_;
  bool real_;
  std::vector<std::size_t> offset_;    // of tiles in arena_, of fixed values in fixed_
  std::vector<std::size_t> last_use_;  // position in the block that defines the value
  std::vector<bool> is_static_;
  EntityVector<ir::OpId, Position> positions_;
  std::vector<std::vector<ir::ValueId>> dying_;  // of the block being placed, by position
  Arena arena_;
  std::size_t fixed_ = 0;
};

void Placer::find_positions(ir::BlockId block) {
  std::size_t index = 0;
  for (ir::OpId id : function_.blocks[block].ops) {
    positions_[id] = {block, index++};
    for (ir::BlockId region : function_.ops[id].regions) find_positions(region);
  }
}

/// A use inside a region counts at the op, in the value's own block, that holds the region.
void Placer::note_use(ir::ValueId value, Position position) {
  const ir::Value& definition = function_.values[value];
  const ir::BlockId home =
      definition.op.is_none() ? definition.block : positions_[definition.op].block;
  while (position.block != home) {
    const ir::OpId owner = function_.blocks[position.block].owner;
    if (owner.is_none()) return;  // the grid's use of a kernel argument
    position = positions_[owner];
  }
  last_use_[value.index] = std::max(last_use_[value.index], position.index);
}

void Placer::find_last_uses(ir::BlockId block) {
  for (ir::OpId id : function_.blocks[block].ops) {
    const ir::Op& op = function_.ops[id];
    for (ir::ValueId operand : op.operands) note_use(operand, positions_[id]);
    for (ir::ValueId result : op.results) note_use(result, positions_[id]);
    const bool broadcast = op.code == ir::OpCode::Broadcast;
    if (op.code == ir::OpCode::Constant || op.code == ir::OpCode::Iota ||
        op.code == ir::OpCode::Dim || (broadcast && is_static_[op.operands[0].index])) {
      is_static_[op.results[0].index] = true;
    }
    for (ir::BlockId region : op.regions) find_last_uses(region);
  }
}

bool Placer::is_fixed(ir::ValueId value) const {
  return is_static_[value.index] || function_.type(value).is_scalar();
}

std::size_t Placer::bytes(ir::ValueId value) const {
  const ir::Type& type = function_.type(value);
  const auto count = static_cast<std::size_t>(*ir::element_count(type.shape));
  return std::max(std::size_t{8}, count * element_bytes(type.element, real_));
}

void Placer::define(ir::ValueId value) {
  if (!function_.type(value).is_tile() || offset_[value.index] != unplaced) return;
  if (function_.type(value).is_scalar()) {
    offset_[value.index] = fixed_;
    fixed_ += 8;
  } else if (is_fixed(value)) {
    fixed_ = aligned(fixed_);
    offset_[value.index] = fixed_;
    fixed_ += aligned(bytes(value));
  } else {
    offset_[value.index] = arena_.take(aligned(bytes(value)));
  }
}

void Placer::alias(ir::ValueId value, ir::ValueId as) { offset_[value.index] = offset_[as.index]; }

void Placer::release(ir::ValueId value) {
  if (!function_.type(value).is_tile() || is_fixed(value)) return;
  arena_.give_back(offset_[value.index], aligned(bytes(value)));
}

void Placer::place_loop(const ir::Op& op, std::size_t first_carried) {
  for (std::size_t i = 0; i < op.results.size(); ++i) {
    define(op.results[i]);
    for (ir::BlockId region : op.regions) {
      alias(function_.blocks[region].arguments[first_carried + i], op.results[i]);
    }
  }
}

void Placer::place_op(const ir::Op& op) {
  if (op.code == ir::OpCode::For) {
    place_loop(op, 1);
  } else if (op.code == ir::OpCode::While) {
    place_loop(op, 0);
  }
  for (ir::ValueId result : op.results) define(result);
  for (ir::BlockId region : op.regions) place_block(region);
}

void Placer::place_block(ir::BlockId block) {
  const ir::Block& body = function_.blocks[block];
  for (ir::ValueId argument : body.arguments) define(argument);
  auto outer = std::exchange(dying_, std::vector<std::vector<ir::ValueId>>(body.ops.size()));
  for (std::size_t index = 0; index < body.ops.size(); ++index) {
    const ir::Op& op = function_.ops[body.ops[index]];
    place_op(op);
    for (ir::ValueId result : op.results) dying_[last_use_[result.index]].push_back(result);
    for (ir::ValueId value : dying_[index]) release(value);
  }
  dying_ = std::move(outer);
}

Buffers Placer::place() {
  positions_.resize(function_.ops.size());
  for (ir::BlockId root : {function_.body, function_.grid}) {
    if (root.is_none()) continue;
    find_positions(root);
    find_last_uses(root);
    place_block(root);
  }
  fixed_ = aligned(fixed_);
  const std::size_t total = fixed_ + arena_.size() + alignment;
  auto* memory = static_cast<std::byte*>(::operator new(total, std::align_val_t(alignment)));
  std::fill_n(memory, total, std::byte{0});
  Buffers buffers;
  buffers.memory = std::shared_ptr<void>(
      memory, [](void* p) { ::operator delete(p, std::align_val_t(alignment)); });
  buffers.arena_bytes = arena_.size();
  buffers.values.resize(function_.values.size(), nullptr);
  for (std::uint32_t index = 0; index < function_.values.size(); ++index) {
    if (offset_[index] == unplaced) continue;
    const bool fixed = is_fixed(ir::ValueId{index});
    buffers.values[index] = memory + offset_[index] + (fixed ? 0 : fixed_);
  }
  buffers.is_static = std::move(is_static_);
  return buffers;
}

}  // namespace

Buffers place_values(const ir::Function& function, bool real) {
  return Placer(function, real).place();
}

}  // namespace tile::interpret
