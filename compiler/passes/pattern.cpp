// See pattern.h.
#include "compiler/passes/pattern.h"

namespace tile::passes {

using namespace ir;

namespace {

bool match_value(const Pattern& pattern, ValueId value, Match& match);

bool capture(int index, ValueId value, Match& match) {
  if (index < 0) return true;
  ValueId& slot = match.values[static_cast<std::size_t>(index)];
  if (slot.is_none()) slot = value;
  return slot == value;
}

bool match_operands(const Pattern& pattern, const Op& op, Match& match) {
  if (op.operands.size() != pattern.operands.size()) return false;
  const std::array<ValueId, 4> before = match.values;
  const auto in_order = [&](bool swapped) {
    for (std::size_t index = 0; index < op.operands.size(); ++index) {
      const std::size_t from = swapped ? 1 - index : index;
      if (!match_value(pattern.operands[index], op.operands[from], match)) {
        match.values = before;
        return false;
      }
    }
    return true;
  };
  return in_order(false) || (info(op.code).traits == Traits::Commutes && in_order(true));
}

bool match_value(const Pattern& pattern, ValueId value, Match& match) {
  const Function& function = match.function();
  switch (pattern.kind) {
    case Pattern::Kind::Any: return capture(pattern.capture, value, match);
    case Pattern::Kind::Constant: {
      const std::optional<Scalar> scalar = function.constant_value(value);
      return scalar && pattern.accepts(*scalar) && capture(pattern.capture, value, match);
    }
    case Pattern::Kind::Op: {
      const Op* op = function.defining_op(value);
      return op != nullptr && op->code == pattern.code && match_operands(pattern, *op, match);
    }
  }
  TILE_UNREACHABLE("pattern kind");
}

bool in_domain(Domain domain, ElementType element) {
  switch (domain) {
    case Domain::Any: return true;
    case Domain::Integers: return is_integer(element);
    case Domain::Bools: return element == ElementType::Bool;
    case Domain::Floats: return is_float(element);
    case Domain::IntegersAndBools: return !is_float(element);
  }
  TILE_UNREACHABLE("domain");
}

}  // namespace

Scalar Match::scalar(int index) const {
  return *function().constant_value(values[static_cast<std::size_t>(index)]);
}

Predicate Match::predicate() const { return std::get<CompareAttrs>(op().attributes).predicate; }

ValueId Match::result_constant(std::int64_t value) const {
  const Type result = type();  // a copy: making the constant may move the original
  return build.constant(Scalar::from_int(result.element, value), result.shape);
}

Pattern any(int capture) { return {Pattern::Kind::Any, capture, nullptr, {}, {}}; }

Pattern constant(int capture, bool (*accepts)(const Scalar&)) {
  return {Pattern::Kind::Constant, capture, accepts, {}, {}};
}

bool matches(const Rule& rule, OpId root, Match& match) {
  const Op& op = match.function().ops[root];
  if (!op.operands.empty() &&
      !in_domain(rule.domain, match.function().type(op.operands[0]).element)) {
    return false;
  }
  match.values.fill(ValueId());
  return match_operands(rule.pattern, op, match);
}

}  // namespace tile::passes
