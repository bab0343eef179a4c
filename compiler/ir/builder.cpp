// See builder.h.
#include "compiler/ir/builder.h"

#include <array>

namespace tile::ir {

namespace {

Shape without_axis(Shape shape, int axis) {
  TILE_CHECK(axis >= 0 && axis < static_cast<int>(shape.size()), "axis outside the shape");
  shape.erase(shape.begin() + axis);
  return shape;
}

/// The element type a built-in reduction or scan of `element` gives.
ElementType reduced_element(ReduceKind kind, ElementType element) {
  const bool is_index = kind == ReduceKind::ArgMax || kind == ReduceKind::ArgMin;
  return is_index ? ElementType::I64 : element;
}

}  // namespace

OpId Builder::make(OpCode code, std::span<const ValueId> operands, Attributes attributes,
                   std::span<const Type> result_types) {
  const OpInfo& row = info(code);
  const auto count = static_cast<int>(operands.size());
  TILE_CHECK(row.is_variadic() ? count >= row.operand_count - 1 : count == row.operand_count,
             "number of operands");
  TILE_CHECK(attributes.index() == row.attributes_index, "attributes of another op");
  TILE_CHECK(!block_.is_none(), "builder without a block");
  Op op{code, {operands.begin(), operands.end()}, {}, {}, std::move(attributes), span_};
  return append_op(function_, block_, std::move(op), result_types);
}

ValueId Builder::make_one(OpCode code, std::span<const ValueId> operands, Attributes attributes,
                          Type type) {
  const OpId op = make(code, operands, std::move(attributes), std::span(&type, 1));
  return function_.ops[op].results[0];
}

ValueId Builder::constant(Scalar value, Shape shape) {
  return make_one(OpCode::Constant, {}, ConstantAttrs{value},
                  Type::tile(value.element, std::move(shape)));
}

ValueId Builder::constant_int(std::int64_t value, ElementType element) {
  return constant(Scalar::from_int(element, value));
}

ValueId Builder::iota(ElementType element, Shape shape, int axis) {
  TILE_CHECK(axis >= 0 && axis < static_cast<int>(shape.size()), "axis outside the shape");
  return make_one(OpCode::Iota, {}, AxisAttrs{axis}, Type::tile(element, std::move(shape)));
}

ValueId Builder::program_id(int axis) {
  return make_one(OpCode::ProgramId, {}, AxisAttrs{axis}, Type::scalar(ElementType::I64));
}

ValueId Builder::dim(ValueId tensor, int axis) {
  const Type& type = function_.type(tensor);
  TILE_CHECK(type.is_tensor() && axis >= 0 && axis < type.rank(), "dim of a tensor's axis");
  return make_one(OpCode::Dim, std::array{tensor}, AxisAttrs{axis},
                  Type::scalar(ElementType::I64));
}

ValueId Builder::elementwise(OpCode code, std::initializer_list<ValueId> operands) {
  return elementwise(code, std::span(operands.begin(), operands.size()));
}

ValueId Builder::elementwise(OpCode code, std::span<const ValueId> operands) {
  TILE_CHECK(info(code).is_elementwise() && !operands.empty(), "element-wise op");
  for (ValueId operand : operands) {
    TILE_CHECK(function_.type(operand).is_tile(), "element-wise op on tiles");
    TILE_CHECK(function_.type(operand).shape == function_.type(operands[0]).shape,
               "element-wise operands of one shape");
  }
  const bool last = info(code).result == ResultRule::SameAsLast;
  TILE_CHECK(last || info(code).result == ResultRule::SameAsFirst, "result given by the table");
  const ValueId model = last ? operands.back() : operands.front();
  return make_one(code, operands, NoAttrs(), function_.type(model));
}

ValueId Builder::cast(ValueId value, ElementType to) {
  if (function_.type(value).element == to) return value;
  return make_one(OpCode::Cast, std::array{value}, NoAttrs(),
                  function_.type(value).with_element(to));
}

ValueId Builder::bitcast(ValueId value, ElementType to) {
  if (function_.type(value).element == to) return value;
  TILE_CHECK(byte_size(function_.type(value).element) == byte_size(to), "bitcast keeps the size");
  return make_one(OpCode::Bitcast, std::array{value}, NoAttrs(),
                  function_.type(value).with_element(to));
}

ValueId Builder::compare(Predicate predicate, ValueId lhs, ValueId rhs) {
  TILE_CHECK(function_.type(lhs) == function_.type(rhs), "compare values of one type");
  return make_one(OpCode::Compare, std::array{lhs, rhs}, CompareAttrs{predicate},
                  function_.type(lhs).with_element(ElementType::Bool));
}

ValueId Builder::broadcast(ValueId value, Shape shape) {
  const Type& type = function_.type(value);
  if (type.shape == shape) return value;
  TILE_CHECK(type.is_scalar() || type.shape.size() == shape.size(), "broadcast to another rank");
  return make_one(OpCode::Broadcast, std::array{value}, NoAttrs(),
                  type.with_shape(std::move(shape)));
}

ValueId Builder::reshape(ValueId value, Shape shape) {
  const Type& type = function_.type(value);
  if (type.shape == shape) return value;
  TILE_CHECK(element_count(type.shape) == element_count(shape), "reshape keeps the elements");
  return make_one(OpCode::Reshape, std::array{value}, NoAttrs(),
                  type.with_shape(std::move(shape)));
}

ValueId Builder::permute(ValueId value, std::vector<int> order) {
  const Type& type = function_.type(value);
  TILE_CHECK(order.size() == type.shape.size(), "permute names every dimension");
  Shape shape;
  for (int from : order) {
    TILE_CHECK(from >= 0 && from < type.rank(), "permute names a dimension");
    shape.push_back(type.shape[static_cast<std::size_t>(from)]);
  }
  Type result = type.with_shape(std::move(shape));
  return make_one(OpCode::Permute, std::array{value}, PermuteAttrs{std::move(order)},
                  std::move(result));
}

ValueId Builder::slice(ValueId value, std::vector<std::int64_t> offsets, Shape shape) {
  Type result = function_.type(value).with_shape(std::move(shape));
  return make_one(OpCode::Slice, std::array{value}, SliceAttrs{std::move(offsets)},
                  std::move(result));
}

ValueId Builder::concat(ValueId lhs, ValueId rhs, int axis) {
  Type result = function_.type(lhs);
  const auto at = static_cast<std::size_t>(axis);
  TILE_CHECK(axis >= 0 && axis < result.rank(), "axis outside the shape");
  result.shape[at] += function_.type(rhs).shape[at];
  return make_one(OpCode::Concat, std::array{lhs, rhs}, AxisAttrs{axis}, std::move(result));
}

ValueId Builder::reduce(ReduceKind kind, int axis, ValueId value) {
  TILE_CHECK(kind != ReduceKind::Custom, "reduce_custom makes custom reductions");
  const Type& type = function_.type(value);
  Type result = Type::tile(reduced_element(kind, type.element), without_axis(type.shape, axis));
  return make_one(OpCode::Reduce, std::array{value}, ReduceAttrs{kind, axis}, std::move(result));
}

ValueId Builder::scan(ReduceKind kind, int axis, bool reverse, ValueId value) {
  TILE_CHECK(kind != ReduceKind::Custom, "scan_custom makes custom scans");
  Type result = function_.type(value);
  TILE_CHECK(axis >= 0 && axis < result.rank(), "axis outside the shape");
  result.element = reduced_element(kind, result.element);
  return make_one(OpCode::Scan, std::array{value}, ScanAttrs{kind, axis, reverse},
                  std::move(result));
}

OpId Builder::make_combine(OpCode code, std::span<const ValueId> values, Attributes attributes,
                           std::span<const Type> types, BlockId& region) {
  const OpId op = make(code, values, std::move(attributes), types);
  region = add_block(function_, op);
  for (const char* side : {"left", "right"}) {
    for (const Type& type : types) {
      add_argument(function_, region, Type::scalar(type.element), side);
    }
  }
  return op;
}

std::vector<ValueId> Builder::reduce_custom(int axis, std::span<const ValueId> values,
                                            BlockId& region) {
  std::vector<Type> types;
  for (ValueId value : values) {
    const Type& type = function_.type(value);
    types.push_back(type.with_shape(without_axis(type.shape, axis)));
  }
  const OpId op = make_combine(OpCode::Reduce, values, ReduceAttrs{ReduceKind::Custom, axis},
                               types, region);
  return function_.ops[op].results;
}

std::vector<ValueId> Builder::scan_custom(int axis, bool reverse, std::span<const ValueId> values,
                                          BlockId& region) {
  std::vector<Type> types;
  for (ValueId value : values) types.push_back(function_.type(value));
  const OpId op = make_combine(OpCode::Scan, values, ScanAttrs{ReduceKind::Custom, axis, reverse},
                               types, region);
  return function_.ops[op].results;
}

ValueId Builder::dot(ValueId lhs, ValueId rhs, ValueId acc, Precision precision) {
  return make_one(OpCode::Dot, std::array{lhs, rhs, acc}, DotAttrs{precision},
                  function_.type(acc));
}

ValueId Builder::load(ValueId tensor, ValueId pad, std::span<const ValueId> indices,
                      AccessAttrs access) {
  const Type& type = function_.type(tensor);
  TILE_CHECK(type.is_tensor() && type.shape.size() == indices.size(), "one index per dimension");
  Type result = Type::tile(type.element, access_shape(access));
  std::vector<ValueId> operands = {tensor, pad};
  operands.insert(operands.end(), indices.begin(), indices.end());
  return make_one(OpCode::Load, operands, std::move(access), std::move(result));
}

void Builder::store(ValueId tensor, ValueId value, std::span<const ValueId> indices,
                    AccessAttrs access) {
  const Type& type = function_.type(tensor);
  TILE_CHECK(type.is_tensor() && type.shape.size() == indices.size(), "one index per dimension");
  TILE_CHECK(function_.type(value).shape == access_shape(access), "shape of the stored tile");
  std::vector<ValueId> operands = {tensor, value};
  operands.insert(operands.end(), indices.begin(), indices.end());
  make(OpCode::Store, operands, std::move(access), {});
}

std::vector<ValueId> Builder::call(const Function& callee, FunctionId id,
                                   std::span<const ValueId> arguments) {
  const OpId op = make(OpCode::Call, arguments, CallAttrs{id}, callee.result_types);
  return function_.ops[op].results;
}

OpId Builder::for_loop(ValueId lower, ValueId upper, ValueId step,
                       std::span<const ValueId> inits) {
  std::vector<ValueId> operands = {lower, upper, step};
  std::vector<Type> types;
  for (ValueId init : inits) {
    operands.push_back(init);
    types.push_back(function_.type(init));
  }
  const OpId op = make(OpCode::For, operands, NoAttrs(), types);
  const BlockId region = add_block(function_, op);
  add_argument(function_, region, function_.type(lower));
  for (const Type& type : types) add_argument(function_, region, type);
  return op;
}

OpId Builder::while_loop(std::span<const ValueId> inits) {
  std::vector<Type> types;
  for (ValueId init : inits) types.push_back(function_.type(init));
  const OpId op = make(OpCode::While, inits, NoAttrs(), types);
  for (int count = 0; count < 2; ++count) {
    const BlockId region = add_block(function_, op);
    for (const Type& type : types) add_argument(function_, region, type);
  }
  return op;
}

OpId Builder::if_else(ValueId condition, std::span<const Type> result_types) {
  const OpId op = make(OpCode::If, std::array{condition}, NoAttrs(), result_types);
  add_block(function_, op);
  add_block(function_, op);
  return op;
}

void Builder::yield(std::span<const ValueId> values) {
  make(OpCode::Yield, values, NoAttrs(), {});
}

void Builder::assume(ValueId condition) {
  make(OpCode::Assume, std::array{condition}, NoAttrs(), {});
}

void Builder::assert_true(ValueId condition, std::string message) {
  make(OpCode::Assert, std::array{condition}, MessageAttrs{std::move(message)}, {});
}

void Builder::print(std::span<const ValueId> values, std::string message) {
  make(OpCode::Print, values, MessageAttrs{std::move(message)}, {});
}

}  // namespace tile::ir
