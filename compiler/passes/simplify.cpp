// See simplify.h. A walk in order rewrites each block: an op is taken off the old list, its
// operands are brought up to date, and rules are tried on it until none fires; what they make is
// treated the same way.
#include "compiler/passes/simplify.h"

#include <algorithm>

#include "compiler/passes/clone.h"
#include "compiler/passes/evaluate.h"
#include "compiler/passes/keep_results.h"
#include "compiler/passes/rules/rules.h"

namespace tile::passes {

using namespace ir;

namespace {

constexpr std::array<std::string_view, 7> code_rules = {
    "fold-constants", "compute-before-broadcast", "if-constant", "for-no-turn", "for-one-turn",
    "while-never",    "carry-unchanged"};

/// Rules by the op they start from.
using RuleIndex = std::array<std::vector<const Rule*>, op_count>;

const RuleIndex& rules_by_op() {
  static const RuleIndex index = [] {
    RuleIndex made;
    for (const auto& table : {memory_rules(), shape_rules(), compare_rules(), arithmetic_rules()}) {
      for (const Rule& rule : table) {
        made[static_cast<std::size_t>(rule.pattern.code)].push_back(&rule);
      }
    }
    return made;
  }();
  return index;
}

class Simplifier {
 public:
  Simplifier(Function& function, std::vector<std::string_view>* fired)
      : function_(function), fired_(fired), build_(function) {}

  /// One walk over everything; whether anything changed.
  bool run();

 private:
  void block(BlockId id);
  void op(OpId id, BlockId block);
  bool control(OpId id, BlockId block);
  bool if_constant(const Op& op, BlockId block);
  bool for_few_turns(const Op& op, BlockId block);
  bool while_never(const Op& op);
  void unchanged_carries(OpId id);
  void take_over(const Op& op, BlockId region, std::span<const ValueId> arguments, BlockId block);
  ValueId rewrite(OpId id);
  ValueId fold(const Op& op);
  ValueId compute_before_broadcast(OpId id);
  ValueId before_broadcast(ValueId value, const Shape& shape);
  void replace(ValueId from, ValueId to);
  void fire(std::string_view name);

  Function& function_;
  std::vector<std::string_view>* fired_;
  Builder build_;
  ValueMap replaced_;
  bool changed_ = false;
};

void Simplifier::fire(std::string_view name) {
  changed_ = true;
  if (fired_ != nullptr) fired_->push_back(name);
}

void Simplifier::replace(ValueId from, ValueId to) {
  TILE_CHECK(function_.type(from) == function_.type(to), "a rule keeps the type");
  std::string& name = function_.values[to].name;
  if (name.empty() && !function_.values[to].op.is_none()) name = function_.values[from].name;
  set_mapped(replaced_, from, to);
}

ValueId Simplifier::fold(const Op& op) {
  if (!info(op.code).is_elementwise()) return ValueId();
  std::array<Scalar, 3> constants;
  for (std::size_t index = 0; index < op.operands.size(); ++index) {
    const std::optional<Scalar> constant = function_.constant_value(op.operands[index]);
    if (!constant) return ValueId();
    constants[index] = *constant;
  }
  const Type type = function_.type(op.results[0]);
  const std::optional<Scalar> value =
      evaluate(op, std::span(constants.data(), op.operands.size()), type.element);
  return value ? build_.constant(*value, type.shape) : ValueId();
}

/// The value that `value` repeats, in `shape`; a splat constant is remade in that shape.
ValueId Simplifier::before_broadcast(ValueId value, const Shape& shape) {
  const Op* op = function_.defining_op(value);
  if (op->code == OpCode::Broadcast) return op->operands[op::Broadcast::value];
  return build_.constant(*function_.constant_value(value), shape);
}

/// op(broadcast a, broadcast b) is broadcast op(a, b) when a and b have one shape.
ValueId Simplifier::compute_before_broadcast(OpId id) {
  const Op op = function_.ops[id];
  if (!info(op.code).is_elementwise()) return ValueId();
  const Shape* shape = nullptr;
  for (ValueId operand : op.operands) {
    const Op* source = function_.defining_op(operand);
    if (source == nullptr) return ValueId();
    if (source->code == OpCode::Constant) continue;
    if (source->code != OpCode::Broadcast) return ValueId();
    const Shape& from = function_.type(source->operands[op::Broadcast::value]).shape;
    if (shape != nullptr && *shape != from) return ValueId();
    shape = &from;
  }
  if (shape == nullptr) return ValueId();
  const Shape from = *shape;  // values may move from here on
  const Type type = function_.type(op.results[0]);
  Op small{op.code, {}, {}, {}, op.attributes, op.span};
  for (ValueId operand : op.operands) small.operands.push_back(before_broadcast(operand, from));
  const Type small_type = type.with_shape(from);
  const OpId made =
      append_op(function_, build_.block(), std::move(small), std::span(&small_type, 1));
  return build_.broadcast(function_.ops[made].results[0], type.shape);
}

/// A value for the op's result, after adding ops that compute it; none when no rule applies.
ValueId Simplifier::rewrite(OpId id) {
  const auto code = function_.ops[id].code;
  if (function_.ops[id].results.size() != 1) return ValueId();
  build_.set_span(function_.ops[id].span);
  if (const ValueId value = fold(function_.ops[id]); !value.is_none()) {
    fire("fold-constants");
    return value;
  }
  Match match{build_, id};
  for (const Rule* rule : rules_by_op()[static_cast<std::size_t>(code)]) {
    if (!matches(*rule, id, match)) continue;
    const ValueId value = rule->action(match);
    if (value.is_none()) continue;
    fire(rule->name);
    return value;
  }
  const ValueId value = compute_before_broadcast(id);
  if (!value.is_none()) fire("compute-before-broadcast");
  return value;
}

void Simplifier::op(OpId id, BlockId block_id) {
  for (ValueId& operand : function_.ops[id].operands) operand = mapped(replaced_, operand);
  if (control(id, block_id)) return;
  const std::vector<BlockId> regions = function_.ops[id].regions;
  for (BlockId region : regions) block(region);
  build_.set_block(block_id);
  const std::size_t before = function_.blocks[block_id].ops.size();
  const ValueId value = rewrite(id);
  if (value.is_none()) {
    function_.blocks[block_id].ops.push_back(id);
    return;
  }
  // The ops just made go through the same mill, in their order.
  std::vector<OpId>& ops = function_.blocks[block_id].ops;
  const std::vector<OpId> made(ops.begin() + static_cast<std::ptrdiff_t>(before), ops.end());
  ops.resize(before);
  for (OpId made_id : made) op(made_id, block_id);
  replace(function_.ops[id].results[0], mapped(replaced_, value));
}

/// The region's ops take the op's place, with `arguments` for its arguments and its yield for the
/// results.
void Simplifier::take_over(const Op& op, BlockId region, std::span<const ValueId> arguments,
                           BlockId block_id) {
  const std::vector<ValueId> results = op.results;
  for (std::size_t index = 0; index < arguments.size(); ++index) {
    set_mapped(replaced_, function_.blocks[region].arguments[index], arguments[index]);
  }
  const std::vector<OpId> ops = std::move(function_.blocks[region].ops);
  function_.blocks[region].ops.clear();
  for (OpId id : ops) {
    if (id != ops.back()) this->op(id, block_id);
  }
  const std::vector<ValueId>& values = function_.ops[ops.back()].operands;
  for (std::size_t index = 0; index < results.size(); ++index) {
    replace(results[index], mapped(replaced_, values[index]));
  }
}

bool Simplifier::if_constant(const Op& op, BlockId block_id) {
  const std::optional<Scalar> condition = function_.constant_value(op.operands[0]);
  if (!condition) return false;
  fire("if-constant");
  take_over(op, op.regions[condition->as_bool() ? 0 : 1], {}, block_id);
  return true;
}

bool Simplifier::for_few_turns(const Op& op, BlockId block_id) {
  const std::optional<Scalar> lower = function_.constant_value(op.operands[op::For::lower]);
  const std::optional<Scalar> upper = function_.constant_value(op.operands[op::For::upper]);
  const std::optional<Scalar> step = function_.constant_value(op.operands[op::For::step]);
  const bool same_bounds = op.operands[op::For::lower] == op.operands[op::For::upper];
  const bool known = lower && upper && step;
  const auto inits = std::span(op.operands).subspan(op::For::inits);
  if (same_bounds || (known && lower->as_int() >= upper->as_int())) {
    fire("for-no-turn");
    for (std::size_t index = 0; index < inits.size(); ++index)
      replace(op.results[index], inits[index]);
    return true;
  }
  if (!known) return false;
  // Differences of int64 fit uint64 when the first is the larger.
  const auto span =
      static_cast<std::uint64_t>(upper->as_int()) - static_cast<std::uint64_t>(lower->as_int());
  if (span > static_cast<std::uint64_t>(step->as_int())) return false;
  fire("for-one-turn");
  std::vector<ValueId> arguments = {op.operands[op::For::lower]};
  arguments.insert(arguments.end(), inits.begin(), inits.end());
  take_over(op, op.regions[0], arguments, block_id);
  return true;
}

/// The condition region yields the constant false and does nothing else that shows.
bool Simplifier::while_never(const Op& op) {
  const Block& condition = function_.blocks[op.regions[0]];
  const ValueId value = function_.ops[condition.ops.back()].operands[0];
  const std::optional<Scalar> constant = function_.constant_value(value);
  if (!constant || constant->as_bool()) return false;
  for (OpId id : condition.ops) {
    const Op& inner = function_.ops[id];
    const bool shows = info(inner.code).effects != Effects::Pure && inner.code != OpCode::Yield;
    if (shows) return false;
  }
  fire("while-never");
  for (std::size_t index = 0; index < op.results.size(); ++index) {
    replace(op.results[index], op.operands[index]);
  }
  return true;
}

/// A carried value that the body yields as it got it, or always as it started, never changes: it is
/// its start value, inside and after the loop, and is carried no more.
void Simplifier::unchanged_carries(OpId id) {
  const Op& op = function_.ops[id];
  const std::size_t first = op.code == OpCode::For ? std::size_t{op::For::inits} : 0;
  const std::size_t skip = op.code == OpCode::For ? 1 : 0;
  const Op& yield = function_.ops[function_.blocks[op.regions.back()].ops.back()];
  std::vector<bool> keep(op.results.size(), true);
  for (std::size_t index = 0; index < op.results.size(); ++index) {
    const ValueId init = op.operands[first + index];
    const ValueId argument = function_.blocks[op.regions.back()].arguments[index + skip];
    const ValueId next = mapped(replaced_, yield.operands[index]);
    if (next != argument && next != init) continue;
    fire("carry-unchanged");
    keep[index] = false;
    replace(op.results[index], init);
    for (BlockId region : op.regions) {
      replace(function_.blocks[region].arguments[index + skip], init);
    }
  }
  keep_results(function_, id, keep);
}

bool Simplifier::control(OpId id, BlockId block_id) {
  const Op op = function_.ops[id];  // by value: rewriting the regions may move it
  if (op.code == OpCode::If) return if_constant(op, block_id);
  if (op.code == OpCode::For && for_few_turns(op, block_id)) return true;
  if (op.code == OpCode::While && while_never(op)) return true;
  if (op.code == OpCode::For || op.code == OpCode::While) unchanged_carries(id);
  return false;
}

void Simplifier::block(BlockId id) {
  const std::vector<OpId> ops = std::move(function_.blocks[id].ops);
  function_.blocks[id].ops.clear();
  for (OpId op_id : ops) op(op_id, id);
}

bool Simplifier::run() {
  if (!function_.grid.is_none()) block(function_.grid);
  block(function_.body);
  replace_uses(function_, replaced_);
  return changed_;
}

void simplify_with(Function& function, std::vector<std::string_view>* fired) {
  // A second walk sees loops whose bodies the first one made simple; more are rarely of use.
  constexpr int walks = 3;
  for (int walk = 0; walk < walks; ++walk) {
    if (!Simplifier(function, fired).run()) return;
  }
}

}  // namespace

void simplify(Function& function) { simplify_with(function, nullptr); }

void simplify(Function& function, std::vector<std::string_view>& fired) {
  simplify_with(function, &fired);
}

std::vector<std::string_view> rule_names() {
  std::vector<std::string_view> names(code_rules.begin(), code_rules.end());
  for (const auto& table : {arithmetic_rules(), compare_rules(), shape_rules(), memory_rules()}) {
    for (const Rule& rule : table) names.push_back(rule.name);
  }
  return names;
}

}  // namespace tile::passes
