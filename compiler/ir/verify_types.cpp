// Type rules of the ops, for the verifier: one exhaustive switch over families of ops.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/ir/verifier.h"

namespace tile::ir {

namespace {

using Reason = std::optional<std::string>;

Reason require(bool holds, const char* reason) {
  if (holds) return std::nullopt;
  return reason;
}

class TypeChecker {
 public:
  TypeChecker(const Function& function, const Op& op, const Module* module)
      : function_(function), op_(op), module_(module) {}

  Reason check();

 private:
  const Type& operand(std::size_t index) const { return function_.type(op_.operands[index]); }
  const Type& result(std::size_t index = 0) const { return function_.type(op_.results[index]); }
  template <class A>
  const A& attributes() const { return std::get<A>(op_.attributes); }
  bool is_scalar_i64(std::size_t index) const {
    return operand(index) == Type::scalar(ElementType::I64);
  }

  Reason table_rule();
  Reason elementwise();
  Reason shapes();
  Reason along_axis(ReduceKind kind, int axis, bool keeps_axis);
  Reason combine_region();
  Reason dot();
  Reason access();
  Reason call();
  Reason for_loop();
  Reason while_loop();
  Reason if_else();
  Reason region(std::size_t index, std::span<const Type> arguments, std::span<const Type> yields,
                bool skips_first = false);
  std::vector<Type> result_types() const;

  const Function& function_;
  const Op& op_;
  const Module* module_;
};

std::vector<Type> TypeChecker::result_types() const {
  std::vector<Type> types;
  for (ValueId value : op_.results) types.push_back(function_.type(value));
  return types;
}

/// What the Result column says.
Reason TypeChecker::table_rule() {
  const ResultRule rule = info(op_.code).result;
  if (rule == ResultRule::Several) return std::nullopt;
  if (rule == ResultRule::NoResult) return require(op_.results.empty(), "gives no result");
  if (op_.results.size() != 1) return "gives one result";
  if (!result().is_tile()) return "result is not a tile";
  if (rule == ResultRule::SameAsFirst) return require(result() == operand(0), "result type");
  if (rule == ResultRule::SameAsLast) {
    return require(result() == operand(op_.operands.size() - 1), "result type");
  }
  if (rule == ResultRule::BoolOfFirst) {
    return require(result() == operand(0).with_element(ElementType::Bool), "result type");
  }
  return std::nullopt;
}

Reason TypeChecker::elementwise() {
  for (ValueId value : op_.operands) {
    if (function_.type(value).shape != result().shape) return "operands of several shapes";
  }
  const std::size_t first_of_one_type = op_.code == OpCode::Select ? 1 : 0;
  for (std::size_t index = first_of_one_type; index < op_.operands.size(); ++index) {
    if (operand(index) != operand(first_of_one_type)) return "operands of several types";
  }
  const ElementType element = operand(0).element;
  const bool is_number = element != ElementType::Bool;
  switch (op_.code) {
    case OpCode::Not:
    case OpCode::And:
    case OpCode::Or:
    case OpCode::Xor: return require(!is_float(element), "operand is a float");
    case OpCode::Floor:
    case OpCode::Ceil:
    case OpCode::Round:
    case OpCode::Sqrt:
    case OpCode::Fma: return require(is_float(element), "operand is not f32");
    case OpCode::Rem:
    case OpCode::Shl:
    case OpCode::Shr:
    case OpCode::MulHigh: return require(is_integer(element), "operand is not an integer");
    case OpCode::Bitcast:
      return require(byte_size(element) == byte_size(result().element), "sizes differ");
    case OpCode::Select: return require(!is_number, "condition is not bool");
    case OpCode::Cast:
    case OpCode::Compare: return std::nullopt;
    default: return require(is_number, "operand is bool");  // arithmetic, min and max
  }
}

Reason TypeChecker::shapes() {
  const Shape& from = operand(0).shape;
  const Shape& to = result().shape;
  if (operand(0).element != result().element) return "element type changes";
  if (op_.code == OpCode::Broadcast) {
    if (from.empty()) return std::nullopt;
    if (from.size() != to.size()) return "rank changes";
    for (std::size_t axis = 0; axis < to.size(); ++axis) {
      if (from[axis] != to[axis] && from[axis] != 1) return "repeats an extent that is not 1";
    }
  } else if (op_.code == OpCode::Reshape) {
    return require(element_count(from) == element_count(to), "number of elements changes");
  } else if (op_.code == OpCode::Permute) {
    const std::vector<int>& order = attributes<PermuteAttrs>().order;
    std::vector<bool> seen(from.size(), false);
    if (order.size() != from.size() || to.size() != from.size()) return "rank changes";
    for (std::size_t axis = 0; axis < order.size(); ++axis) {
      const auto source = static_cast<std::size_t>(order[axis]);
      if (source >= from.size() || seen[source]) return "order is no permutation";
      seen[source] = true;
      if (to[axis] != from[source]) return "result type";
    }
  } else if (op_.code == OpCode::Slice) {
    const std::vector<std::int64_t>& offsets = attributes<SliceAttrs>().offsets;
    if (offsets.size() != from.size() || to.size() != from.size()) return "rank changes";
    for (std::size_t axis = 0; axis < to.size(); ++axis) {
      if (offsets[axis] < 0 || offsets[axis] + to[axis] > from[axis]) return "leaves the tile";
    }
  } else {  // concat
    const auto axis = static_cast<std::size_t>(attributes<AxisAttrs>().axis);
    if (axis >= from.size()) return "axis outside the shape";
    Type expected = operand(0);
    if (operand(1).element != expected.element || operand(1).shape.size() != from.size()) {
      return "operands differ";
    }
    expected.shape[axis] += operand(1).shape[axis];
    Shape other = operand(1).shape;
    other[axis] = from[axis];
    return require(result() == expected && other == from, "result type");
  }
  return std::nullopt;
}

/// reduce and scan.
Reason TypeChecker::along_axis(ReduceKind kind, int axis, bool keeps_axis) {
  if (op_.operands.empty() || op_.results.size() != op_.operands.size()) return "operand count";
  if (kind != ReduceKind::Custom && op_.operands.size() != 1) return "operand count";
  for (std::size_t index = 0; index < op_.operands.size(); ++index) {
    const Type& type = operand(index);
    if (axis < 0 || axis >= type.rank()) return "axis outside the shape";
    if (type.shape != operand(0).shape) return "operands of several shapes";
    Shape shape = type.shape;
    if (!keeps_axis) shape.erase(shape.begin() + axis);
    const bool is_index = kind == ReduceKind::ArgMax || kind == ReduceKind::ArgMin;
    const ElementType element = is_index ? ElementType::I64 : type.element;
    if (result(index) != Type::tile(element, shape)) return "result type";
  }
  const ElementType element = operand(0).element;
  switch (kind) {
    case ReduceKind::Any:
    case ReduceKind::All: return require(element == ElementType::Bool, "operand is not bool");
    case ReduceKind::Xor: return require(!is_float(element), "operand is a float");
    case ReduceKind::Custom: return combine_region();
    case ReduceKind::Sum:
    case ReduceKind::Prod:
    case ReduceKind::Max:
    case ReduceKind::Min:
    case ReduceKind::ArgMax:
    case ReduceKind::ArgMin: return require(element != ElementType::Bool, "operand is bool");
  }
  TILE_UNREACHABLE("reduce kind");
}

Reason TypeChecker::combine_region() {
  std::vector<Type> yields;
  for (ValueId value : op_.results) {
    yields.push_back(Type::scalar(function_.type(value).element));
  }
  std::vector<Type> arguments = yields;
  arguments.insert(arguments.end(), yields.begin(), yields.end());
  return region(0, arguments, yields);
}

Reason TypeChecker::dot() {
  for (std::size_t index = 0; index < 3; ++index) {
    if (operand(index).element != ElementType::F32) return "operand is not f32";
    if (operand(index).rank() < 2 || operand(index).rank() != operand(0).rank()) return "rank";
  }
  Shape lhs = operand(op::Dot::lhs).shape;
  Shape rhs = operand(op::Dot::rhs).shape;
  Shape acc = operand(op::Dot::acc).shape;
  const std::size_t rows = lhs.size() - 2, columns = lhs.size() - 1;
  if (lhs[columns] != rhs[rows]) return "inner extents differ";
  lhs[columns] = rhs[columns];
  rhs[rows] = acc[rows];
  return require(lhs == acc && rhs == acc, "shape of the accumulator");
}

Reason TypeChecker::access() {
  const auto& access = attributes<AccessAttrs>();
  const Type& tensor = operand(op::Load::tensor);
  if (!tensor.is_tensor()) return "first operand is not a tensor";
  const auto rank = static_cast<std::size_t>(tensor.rank());
  if (access.dims.size() != rank || op_.operands.size() != rank + 2) {
    return "one index per dimension";
  }
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const AccessDim& dim = access.dims[axis];
    const bool is_gather = dim.kind == AccessDim::Kind::Gather;
    const Type expected = is_gather ? Type::tile(ElementType::I64, {dim.extent})
                                    : Type::scalar(ElementType::I64);
    if (operand(op::Load::indices + axis) != expected) return "index type";
    if (dim.extent < 1 || (dim.kind == AccessDim::Kind::Point && dim.extent != 1)) return "extent";
  }
  const Type accessed = Type::tile(tensor.element, access_shape(access));
  if (op_.code == OpCode::Store) {
    return require(operand(op::Store::value) == accessed, "type of the stored tile");
  }
  if (operand(op::Load::pad) != Type::scalar(tensor.element)) return "pad type";
  return require(result() == accessed, "result type");
}

Reason TypeChecker::call() {
  if (module_ == nullptr) return std::nullopt;
  const Function& callee = module_->functions[attributes<CallAttrs>().callee];
  if (callee.kind != FunctionKind::Function) return "calls a kernel";
  const std::vector<ValueId>& arguments = callee.blocks[callee.body].arguments;
  if (arguments.size() != op_.operands.size()) return "number of arguments";
  for (std::size_t index = 0; index < arguments.size(); ++index) {
    if (callee.type(arguments[index]) != operand(index)) return "argument type";
  }
  return require(result_types() == callee.result_types, "result types");
}

Reason TypeChecker::region(std::size_t index, std::span<const Type> arguments,
                           std::span<const Type> yields, bool skips_first) {
  const Block& block = function_.blocks[op_.regions[index]];
  const std::size_t skip = skips_first ? 1 : 0;
  if (block.arguments.size() != arguments.size() + skip) return "number of region arguments";
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    if (function_.type(block.arguments[at + skip]) != arguments[at]) return "region argument type";
  }
  const Op& yield = function_.ops[block.ops.back()];
  if (yield.operands.size() != yields.size()) return "number of yielded values";
  for (std::size_t at = 0; at < yields.size(); ++at) {
    if (function_.type(yield.operands[at]) != yields[at]) return "yielded type";
  }
  return std::nullopt;
}

Reason TypeChecker::for_loop() {
  for (std::size_t index : {op::For::lower, op::For::upper, op::For::step}) {
    if (!is_scalar_i64(index)) return "bounds are not i64";
  }
  const std::optional<Scalar> step = function_.constant_value(op_.operands[op::For::step]);
  if (!step || step->as_int() <= 0) return "step is not a positive constant";
  const std::vector<Type> types = result_types();
  if (op_.operands.size() != types.size() + op::For::inits) return "number of carried values";
  for (std::size_t index = 0; index < types.size(); ++index) {
    if (operand(op::For::inits + index) != types[index]) return "carried type";
  }
  const Block& block = function_.blocks[op_.regions[0]];
  if (block.arguments.empty() ||
      function_.type(block.arguments[0]) != Type::scalar(ElementType::I64)) {
    return "loop variable is not i64";
  }
  return region(0, types, types, true);
}

Reason TypeChecker::while_loop() {
  const std::vector<Type> types = result_types();
  if (op_.operands.size() != types.size()) return "number of carried values";
  for (std::size_t index = 0; index < types.size(); ++index) {
    if (operand(index) != types[index]) return "carried type";
  }
  const Type condition = Type::scalar(ElementType::Bool);
  if (Reason reason = region(0, types, std::span(&condition, 1))) return reason;
  return region(1, types, types);
}

Reason TypeChecker::if_else() {
  if (operand(0) != Type::scalar(ElementType::Bool)) return "condition is not a scalar bool";
  const std::vector<Type> types = result_types();
  if (Reason reason = region(0, {}, types)) return reason;
  return region(1, {}, types);
}

Reason TypeChecker::check() {
  if (Reason reason = table_rule()) return reason;
  if (info(op_.code).is_elementwise()) return elementwise();
  switch (op_.code) {
    case OpCode::Constant:
      return require(attributes<ConstantAttrs>().value.element == result().element,
                     "element type of the value");
    case OpCode::Iota: {
      const int axis = attributes<AxisAttrs>().axis;
      if (axis < 0 || axis >= result().rank()) return "axis outside the shape";
      return require(is_integer(result().element), "element is not an integer");
    }
    case OpCode::ProgramId:
      return require(result() == Type::scalar(ElementType::I64) &&
                         attributes<AxisAttrs>().axis >= 0 &&
                         attributes<AxisAttrs>().axis < std::max(function_.grid_rank(), 1),
                     "axis outside the grid, or not i64");
    case OpCode::Dim: {
      const int axis = attributes<AxisAttrs>().axis;
      if (!operand(0).is_tensor() || axis < 0 || axis >= operand(0).rank()) return "no such axis";
      return require(result() == Type::scalar(ElementType::I64), "result type");
    }
    case OpCode::Broadcast:
    case OpCode::Reshape:
    case OpCode::Permute:
    case OpCode::Slice:
    case OpCode::Concat: return shapes();
    case OpCode::Reduce:
      return along_axis(attributes<ReduceAttrs>().kind, attributes<ReduceAttrs>().axis, false);
    case OpCode::Scan:
      return along_axis(attributes<ScanAttrs>().kind, attributes<ScanAttrs>().axis, true);
    case OpCode::Dot: return dot();
    case OpCode::Load:
    case OpCode::Store: return access();
    case OpCode::Call: return call();
    case OpCode::For: return for_loop();
    case OpCode::While: return while_loop();
    case OpCode::If: return if_else();
    case OpCode::Assume:
      return require(operand(0) == Type::scalar(ElementType::Bool), "condition is not a scalar");
    case OpCode::Assert: return require(operand(0).element == ElementType::Bool, "not bool");
    case OpCode::Yield:
    case OpCode::Print: return std::nullopt;
    default: return std::nullopt;  // element-wise ops left above
  }
}

}  // namespace

std::optional<std::string> check_op_types(const Function& function, const Op& op,
                                          const Module* module) {
  return TypeChecker(function, op, module).check();
}

}  // namespace tile::ir
