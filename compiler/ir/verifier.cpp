// See verifier.h. One walk in order, which keeps the set of values that are visible at each place.
#include "compiler/ir/verifier.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/ir/printer.h"

namespace tile::ir {

namespace {

using Reason = std::optional<std::string>;

std::size_t region_count(const Op& op) {
  switch (op.code) {
    case OpCode::For:
      return 1;
    case OpCode::While:
    case OpCode::If:
      return 2;
    case OpCode::Reduce:
      return std::get<ReduceAttrs>(op.attributes).kind == ReduceKind::Custom ? 1 : 0;
    case OpCode::Scan:
      return std::get<ScanAttrs>(op.attributes).kind == ReduceKind::Custom ? 1 : 0;
    default:
      return 0;
  }
}

class Verifier {
 public:
  Verifier(const Function& function, const Module* module, FunctionId id, Stage stage)
      : function_(function),
        module_(module),
        id_(id),
        stage_(stage),
        visible_(function.values.size(), false),
        placed_(function.ops.size(), false) {}

  Reason run();

 private:
  Reason signature();
  Reason parameter(std::size_t index);
  Reason block(BlockId id, OpId owner, bool is_grid);
  Reason op(OpId id, bool is_grid);
  Reason op_itself(const Op& op, bool is_grid);
  Reason tensor_use(const Op& op);
  Reason yields();
  void set_visible(BlockId id, bool visible);

  const Function& function_;
  const Module* module_;
  FunctionId id_;
  Stage stage_;
  EntityVector<ValueId, bool> visible_;
  EntityVector<OpId, bool> placed_;
};

Reason Verifier::parameter(std::size_t index) {
  const ValueId value = function_.blocks[function_.body].arguments[index];
  const Parameter& parameter = function_.parameters[index];
  const Type& type = function_.type(value);
  const bool is_kernel = function_.kind == FunctionKind::Kernel;
  if (type.is_tensor()) {
    if (!is_kernel) return "a function has a tensor parameter";
    if (parameter.sizes.size() != type.shape.size()) return "sizes of a tensor parameter";
  } else if (!type.is_tile() || (is_kernel && !type.is_scalar())) {
    return "a kernel's parameter is neither tensor nor scalar";
  } else if (parameter.access != Access::In || !parameter.sizes.empty()) {
    return "a scalar parameter is written or has sizes";
  }
  return std::nullopt;
}

Reason Verifier::signature() {
  if (function_.body.is_none()) return "no body";
  const std::size_t count = function_.blocks[function_.body].arguments.size();
  if (function_.parameters.size() != count) return "parameters differ from the body's arguments";
  for (std::size_t index = 0; index < count; ++index) {
    if (Reason reason = parameter(index)) return reason;
  }
  const bool is_kernel = function_.kind == FunctionKind::Kernel;
  if (is_kernel == function_.grid.is_none()) return "a kernel has a grid, a function has none";
  if (is_kernel && !function_.result_types.empty()) return "a kernel has results";
  return std::nullopt;
}

/// Terminators of grid and body, whose types no op states. Runs after the blocks are known to be
/// sound.
Reason Verifier::yields() {
  const Op& last = function_.ops[function_.blocks[function_.body].ops.back()];
  std::vector<Type> types;
  for (ValueId value : last.operands) types.push_back(function_.type(value));
  if (types != function_.result_types) return "the body yields other types than the results";
  if (function_.grid.is_none()) return std::nullopt;
  const Op& grid = function_.ops[function_.blocks[function_.grid].ops.back()];
  if (grid.operands.empty() || grid.operands.size() > 4) return "a grid has 1 to 4 axes";
  for (ValueId value : grid.operands) {
    if (function_.type(value) != Type::scalar(ElementType::I64)) return "a grid extent is not i64";
  }
  return std::nullopt;
}

Reason Verifier::tensor_use(const Op& op) {
  const bool takes_tensor =
      op.code == OpCode::Dim || op.code == OpCode::Load || op.code == OpCode::Store;
  for (std::size_t index = 0; index < op.operands.size(); ++index) {
    const Type& type = function_.type(op.operands[index]);
    if (type.is_tensor() != (takes_tensor && index == 0)) return "tensor where none may stand";
    if (!type.is_tensor() && !type.is_tile()) return "operand without a type";
  }
  if (op.code != OpCode::Load && op.code != OpCode::Store) return std::nullopt;
  const Value& tensor = function_.values[op.operands[0]];
  if (tensor.block != function_.body) return "tensor is not a parameter";
  const Access access = function_.parameters[tensor.index].access;
  if (op.code == OpCode::Load && (access == Access::Out || access == Access::UnorderedOut)) {
    return "reads an `out` tensor";
  }
  if (op.code == OpCode::Store && access == Access::In) return "writes a read-only tensor";
  return std::nullopt;
}

Reason Verifier::op_itself(const Op& op, bool is_grid) {
  const OpInfo& row = info(op.code);
  const auto count = static_cast<int>(op.operands.size());
  if (row.is_variadic() ? count < row.operand_count - 1 : count != row.operand_count) {
    return "number of operands";
  }
  if (op.attributes.index() != row.attributes_index) return "attributes of another op";
  if (op.regions.size() != region_count(op)) return "number of regions";
  if (row.stage > stage_) return "op of a later stage";
  for (ValueId operand : op.operands) {
    if (operand.index >= function_.values.size()) return "operand does not exist";
    if (!visible_[operand]) return "operand is not visible here";
  }
  if (is_grid && row.traits != Traits::Terminator) {
    const bool is_scalar = op.results.size() == 1 && function_.type(op.results[0]).is_scalar();
    const bool is_pure = row.effects == Effects::Pure && op.regions.empty();
    if (!is_pure || !is_scalar || op.code == OpCode::ProgramId) return "not allowed in a grid";
  }
  if (op.code == OpCode::Call && module_ != nullptr) {
    const FunctionId callee = std::get<CallAttrs>(op.attributes).callee;
    if (callee.index >= module_->functions.size()) return "callee does not exist";
    if (!id_.is_none() && callee >= id_) return "callee does not precede its caller";
  }
  return tensor_use(op);
}

void Verifier::set_visible(BlockId id, bool visible) {
  for (ValueId argument : function_.blocks[id].arguments) visible_[argument] = visible;
  if (visible) return;  // results become visible one by one, and vanish together
  for (OpId op : function_.blocks[id].ops) {
    for (ValueId result : function_.ops[op].results) visible_[result] = false;
  }
}

Reason Verifier::op(OpId id, bool is_grid) {
  const Op& op = function_.ops[id];
  const auto failed = [&](const std::string& reason) {
    return reason + ": " + print(function_, id);
  };
  if (placed_[id]) return failed("op stands in two places");
  placed_[id] = true;
  if (Reason reason = op_itself(op, is_grid)) return failed(*reason);
  for (BlockId region : op.regions) {
    if (Reason reason = block(region, id, false)) return reason;
  }
  if (Reason reason = check_op_types(function_, op, module_)) return failed(*reason);
  for (std::size_t index = 0; index < op.results.size(); ++index) {
    const Value& value = function_.values[op.results[index]];
    if (value.op != id || value.index != index) return failed("result belongs to another op");
    for (std::int64_t extent : value.type.shape) {
      if (extent < 1) return failed("extent is not positive");
    }
    visible_[op.results[index]] = true;
  }
  return std::nullopt;
}

Reason Verifier::block(BlockId id, OpId owner, bool is_grid) {
  const Block& block = function_.blocks[id];
  if (block.owner != owner) return "a block has another owner";
  if (block.ops.empty() || function_.ops[block.ops.back()].code != OpCode::Yield) {
    const std::string place = owner.is_none() ? "" : ": " + print(function_, owner);
    return "a block does not end in yield" + place;
  }
  for (std::size_t index = 0; index < block.arguments.size(); ++index) {
    const Value& value = function_.values[block.arguments[index]];
    if (value.block != id || value.index != index) return "argument belongs to another block";
  }
  set_visible(id, true);
  for (OpId op_id : block.ops) {
    const bool is_yield = function_.ops[op_id].code == OpCode::Yield;
    if (is_yield && op_id != block.ops.back()) return "yield inside a block";
    if (Reason reason = op(op_id, is_grid)) return reason;
  }
  set_visible(id, false);
  return std::nullopt;
}

Reason Verifier::run() {
  if (Reason reason = signature()) return reason;
  if (!function_.grid.is_none()) {
    for (ValueId value : function_.blocks[function_.body].arguments) visible_[value] = true;
    if (Reason reason = block(function_.grid, OpId(), true)) return reason;
  }
  if (Reason reason = block(function_.body, OpId(), false)) return reason;
  return yields();
}

Reason verify_function(const Function& function, const Module* module, FunctionId id, Stage stage) {
  const Reason reason = Verifier(function, module, id, stage).run();
  if (!reason) return std::nullopt;
  return function.name + ": " + *reason;
}

}  // namespace

std::optional<std::string> verify(const Module& module, Stage stage) {
  FunctionId kernel;
  for (std::uint32_t index = 0; index < module.functions.size(); ++index) {
    const FunctionId id{index};
    const Function& function = module.functions[id];
    if (function.kind == FunctionKind::Kernel) {
      if (!kernel.is_none()) return "two kernels in a module: " + function.name;
      kernel = id;
    }
    if (Reason reason = verify_function(function, &module, id, stage)) return reason;
  }
  if (module.kernel != kernel) return "the module's kernel is another";
  return std::nullopt;
}

std::optional<std::string> verify(const Function& function, const Module* module, Stage stage) {
  return verify_function(function, module, FunctionId(), stage);
}

}  // namespace tile::ir
