// See function.h.
#include "compiler/ir/function.h"

namespace tile::ir {

const Op* Function::defining_op(ValueId value) const {
  const OpId op = values[value].op;
  return op.is_none() ? nullptr : &ops[op];
}

std::optional<Scalar> Function::constant_value(ValueId value) const {
  const Op* op = defining_op(value);
  while (op != nullptr && op->code == OpCode::Broadcast) {
    op = defining_op(op->operands[op::Broadcast::value]);
  }
  if (op == nullptr || op->code != OpCode::Constant) return std::nullopt;
  return std::get<ConstantAttrs>(op->attributes).value;
}

int Function::grid_rank() const {
  if (grid.is_none() || blocks[grid].ops.empty()) return 0;
  return static_cast<int>(ops[blocks[grid].ops.back()].operands.size());
}

OpId append_op(Function& function, BlockId block, Op op, std::span<const Type> result_types) {
  return insert_op(function, block, function.blocks[block].ops.size(), std::move(op),
                   result_types);
}

OpId insert_op(Function& function, BlockId block, std::size_t at, Op op,
               std::span<const Type> result_types) {
  TILE_CHECK(op.results.empty(), "a new op has no results yet");
  const OpId id = function.ops.push_back(std::move(op));
  for (std::size_t index = 0; index < result_types.size(); ++index) {
    const ValueId value = function.values.push_back(
        {result_types[index], id, BlockId(), static_cast<std::uint32_t>(index), {}});
    function.ops[id].results.push_back(value);
  }
  std::vector<OpId>& list = function.blocks[block].ops;
  TILE_CHECK(at <= list.size(), "position outside the block");
  list.insert(list.begin() + static_cast<std::ptrdiff_t>(at), id);
  return id;
}

BlockId add_block(Function& function, OpId owner) {
  const BlockId block = function.blocks.push_back({{}, {}, owner});
  if (!owner.is_none()) function.ops[owner].regions.push_back(block);
  return block;
}

ValueId add_argument(Function& function, BlockId block, Type type, std::string name) {
  const auto index = static_cast<std::uint32_t>(function.blocks[block].arguments.size());
  const ValueId value =
      function.values.push_back({std::move(type), OpId(), block, index, std::move(name)});
  function.blocks[block].arguments.push_back(value);
  return value;
}

void replace_uses(Function& function, ValueId from, ValueId to) {
  for (Op& op : function.ops) {
    for (ValueId& operand : op.operands) {
      if (operand == from) operand = to;
    }
  }
}

void replace_uses(Function& function, const EntityVector<ValueId, ValueId>& replacement) {
  for (Op& op : function.ops) {
    for (ValueId& operand : op.operands) {
      while (operand.index < replacement.size() && !replacement[operand].is_none()) {
        operand = replacement[operand];
      }
    }
  }
}

}  // namespace tile::ir
