// See clone.h.
#include "compiler/passes/clone.h"

namespace tile::passes {

using namespace ir;

ValueId mapped(const ValueMap& map, ValueId value) {
  if (value.index >= map.size() || map[value].is_none()) return value;
  return map[value];
}

void set_mapped(ValueMap& map, ValueId from, ValueId to) {
  if (from.index >= map.size()) map.resize(from.index + 1);
  map[from] = to;
}

void clone_op(const Function& source, OpId id, Function& target, BlockId block, ValueMap& map) {
  Op copy = source.ops[id];  // by value: appending to `target` moves its ops when it is the source
  const std::vector<ValueId> results = std::move(copy.results);
  const std::vector<BlockId> regions = std::move(copy.regions);
  copy.results.clear();
  copy.regions.clear();
  for (ValueId& operand : copy.operands) operand = mapped(map, operand);
  std::vector<Type> types;
  for (ValueId result : results) types.push_back(source.type(result));
  const OpId new_id = append_op(target, block, std::move(copy), types);
  for (std::size_t index = 0; index < results.size(); ++index) {
    const ValueId result = target.ops[new_id].results[index];
    target.values[result].name = std::string(source.values[results[index]].name);
    set_mapped(map, results[index], result);
  }
  for (BlockId region : regions) {
    const BlockId new_region = add_block(target, new_id);
    const std::vector<ValueId> arguments = source.blocks[region].arguments;
    for (ValueId argument : arguments) {
      const Value value = source.values[argument];
      set_mapped(map, argument, add_argument(target, new_region, value.type, value.name));
    }
    const std::vector<OpId> ops = source.blocks[region].ops;
    for (OpId inner : ops) clone_op(source, inner, target, new_region, map);
  }
}

std::vector<ValueId> clone_block(const Function& source, BlockId from, Function& target,
                                 BlockId block, ValueMap& map) {
  const std::vector<OpId> ops = source.blocks[from].ops;
  for (OpId op : ops) {
    if (source.ops[op].code != OpCode::Yield) clone_op(source, op, target, block, map);
  }
  std::vector<ValueId> values = source.ops[ops.back()].operands;
  for (ValueId& value : values) value = mapped(map, value);
  return values;
}

}  // namespace tile::passes
