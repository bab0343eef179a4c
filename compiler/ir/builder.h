// Makes ops: infers result types from the op table, checks operands, folds nothing. One builder
// serves one function; `set_block` chooses where ops go (the end of that block).
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "compiler/ir/function.h"

namespace tile::ir {

class Builder {
 public:
  explicit Builder(Function& function) : function_(function) {}

  Function& function() { return function_; }
  BlockId block() const { return block_; }
  void set_block(BlockId block) { block_ = block; }
  /// Source place given to the ops made from now on.
  void set_span(Span span) { span_ = span; }

  ValueId constant(Scalar value, Shape shape = {});
  ValueId constant_int(std::int64_t value, ElementType element = ElementType::I64);
  ValueId iota(ElementType element, Shape shape, int axis);
  ValueId program_id(int axis);
  ValueId dim(ValueId tensor, int axis);

  /// Element-wise ops whose result the table gives (all but Cast, Bitcast, Compare).
  ValueId elementwise(OpCode code, std::initializer_list<ValueId> operands);
  ValueId elementwise(OpCode code, std::span<const ValueId> operands);
  ValueId cast(ValueId value, ElementType to);
  ValueId bitcast(ValueId value, ElementType to);
  ValueId compare(Predicate predicate, ValueId lhs, ValueId rhs);

  ValueId broadcast(ValueId value, Shape shape);  // returns `value` when it has that shape already
  ValueId reshape(ValueId value, Shape shape);
  ValueId permute(ValueId value, std::vector<int> order);
  ValueId slice(ValueId value, std::vector<std::int64_t> offsets, Shape shape);
  ValueId concat(ValueId lhs, ValueId rhs, int axis);

  /// Built-in kinds. ArgMax and ArgMin give i64 (lowest index wins ties).
  ValueId reduce(ReduceKind kind, int axis, ValueId value);
  /// Custom kind: makes the op and its region, with scalar arguments (left..., right...) of the
  /// values' element types; the caller fills it, through `region`, and yields one scalar per value.
  std::vector<ValueId> reduce_custom(int axis, std::span<const ValueId> values, BlockId& region);
  ValueId scan(ReduceKind kind, int axis, bool reverse, ValueId value);
  std::vector<ValueId> scan_custom(int axis, bool reverse, std::span<const ValueId> values,
                                   BlockId& region);
  ValueId dot(ValueId lhs, ValueId rhs, ValueId acc, Precision precision);

  /// `pad` is a scalar of the tensor's element type, always present (0 unless the source says).
  ValueId load(ValueId tensor, ValueId pad, std::span<const ValueId> indices, AccessAttrs access);
  void store(ValueId tensor, ValueId value, std::span<const ValueId> indices, AccessAttrs access);

  std::vector<ValueId> call(const Function& callee, FunctionId id,
                            std::span<const ValueId> arguments);
  /// Control ops are made with empty regions (arguments included) for the caller to fill and end in
  /// yield. The results are `function().ops[id].results`; take regions from `.regions` (for: 1,
  /// else 2).
  OpId for_loop(ValueId lower, ValueId upper, ValueId step, std::span<const ValueId> inits);
  OpId while_loop(std::span<const ValueId> inits);
  OpId if_else(ValueId condition, std::span<const Type> result_types);
  void yield(std::span<const ValueId> values);

  void assume(ValueId condition);
  void assert_true(ValueId condition, std::string message);
  void print(std::span<const ValueId> values, std::string message);

 private:
  OpId make(OpCode code, std::span<const ValueId> operands, Attributes attributes,
            std::span<const Type> result_types);
  OpId make_combine(OpCode code, std::span<const ValueId> values, Attributes attributes,
                    std::span<const Type> types, BlockId& region);
  ValueId make_one(OpCode code, std::span<const ValueId> operands, Attributes attributes,
                   Type type);

  Function& function_;
  BlockId block_;
  Span span_;
};

}  // namespace tile::ir
