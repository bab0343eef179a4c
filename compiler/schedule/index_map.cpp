// See index_map.h.
#include "compiler/schedule/index_map.h"

namespace tile::schedule {
namespace {

using ir::OpCode;

IndexMap through_broadcast(const ir::Shape& operand, const IndexMap& map) {
  IndexMap result(operand.size());
  for (std::size_t d = 0; d < operand.size(); ++d) {
    if (operand[d] != 1) result[d] = map[d];
  }
  return result;
}

/// Reshapes that keep the extents above 1 in order; the others re-number elements and are not
/// views.
IndexMap through_reshape(const ir::Shape& operand, const ir::Shape& shape, const IndexMap& map) {
  IndexMap result(operand.size());
  std::size_t from = 0;
  for (std::size_t d = 0; d < operand.size(); ++d) {
    if (operand[d] == 1) continue;
    while (shape[from] == 1) ++from;
    result[d] = map[from++];
  }
  return result;
}

}  // namespace

ir::Shape space_of(const ir::Shape& shape) {
  ir::Shape space;
  for (const std::int64_t extent : shape) {
    if (extent != 1) space.push_back(extent);
  }
  return space;
}

IndexMap identity_map(const ir::Shape& shape) {
  IndexMap map(shape.size());
  int dim = 0;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] != 1) map[d] = {dim++, 0};
  }
  return map;
}

bool is_view(const ir::Function& function, const ir::Op& op) {
  if (op.code == OpCode::Reshape) {
    return space_of(function.type(op.operands[0]).shape) ==
           space_of(function.type(op.results[0]).shape);
  }
  return op.code == OpCode::Broadcast || op.code == OpCode::Permute || op.code == OpCode::Slice;
}

std::optional<IndexMap> operand_map(const ir::Function& function, const ir::Op& op,
                                    const IndexMap& map) {
  if (!is_view(function, op)) return std::nullopt;
  const ir::Shape& operand = function.type(op.operands[0]).shape;
  if (op.code == OpCode::Broadcast) return through_broadcast(operand, map);
  if (op.code == OpCode::Reshape) {
    return through_reshape(operand, function.type(op.results[0]).shape, map);
  }
  IndexMap result(operand.size());
  if (op.code == OpCode::Permute) {
    const std::vector<int>& order = std::get<ir::PermuteAttrs>(op.attributes).order;
    for (std::size_t d = 0; d < order.size(); ++d) {
      result[static_cast<std::size_t>(order[d])] = map[d];
    }
    return result;
  }
  const std::vector<std::int64_t>& offsets = std::get<ir::SliceAttrs>(op.attributes).offsets;
  for (std::size_t d = 0; d < operand.size(); ++d) {
    result[d] = map[d];
    if (operand[d] != 1) result[d].offset += offsets[d];
  }
  return result;
}

std::size_t tensor_number(const ir::Function& function, ir::ValueId tensor) {
  std::size_t number = 0;
  const std::vector<ir::ValueId>& arguments = function.blocks[function.body].arguments;
  for (std::size_t p = 0; p < function.values[tensor].index; ++p) {
    if (function.type(arguments[p]).is_tensor()) ++number;
  }
  return number;
}

}  // namespace tile::schedule
