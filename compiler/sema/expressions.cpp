// Expressions: literals, names, operators, casts. Compile-time values are folded here and never
// reach the IR unless an operation needs them in a tile.
#include <fmt/format.h>

#include <limits>

#include "compiler/sema/body.h"
#include "compiler/sema/const_eval.h"
#include "compiler/sema/type_rules.h"

namespace tile::sema {

using ir::ElementType;
using ir::OpCode;

Value Body::expression(ExprId id) {
  if (id.is_none()) return Value::error();
  const Expr& expr = ast_[id];
  builder_.set_span(expr.span);
  return evaluate(expr);
}

Value Body::evaluate(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::Error: unit_.failed = true; return Value::error();
    case Expr::Kind::Integer: return integer_literal(expr, false);
    case Expr::Kind::Float: return Value::of_float(expr.single);
    case Expr::Kind::Bool: return Value::of_bool(expr.boolean);
    case Expr::Kind::String:
      report(expr.span, Kind::InvalidArgument, "a string can only be a message");
      return Value::error();
    case Expr::Kind::NameRef: return name(expr.name);
    case Expr::Kind::TypeName: {
      std::optional<ElementType> element = element_type(expr.name);
      return element ? Value::of_element(*element) : Value::error();
    }
    case Expr::Kind::Tuple: {
      std::vector<Value> elements;
      for (ExprId operand : ast_.items_of(expr.operands)) elements.push_back(expression(operand));
      return Value::of_tuple(std::move(elements));
    }
    case Expr::Kind::Unary: return unary(expr);
    case Expr::Kind::Binary: {
      Argument lhs{expression(ast_.operand(expr, 0)), ast_[ast_.operand(expr, 0)].span};
      Argument rhs{expression(ast_.operand(expr, 1)), ast_[ast_.operand(expr, 1)].span};
      return binary(expr.binary, lhs, rhs, expr.span);
    }
    case Expr::Kind::Call: return call(expr);
    case Expr::Kind::Cast: {
      std::optional<ElementType> to = element_type(expr.name);
      if (!to || expr.operands.count != 1) return Value::error();
      const Expr& operand = ast_[ast_.operand(expr, 0)];
      if (operand.kind == Expr::Kind::Integer && *to == ElementType::U64) {
        builder_.set_span(operand.span);
        return tile_value(builder_.constant({*to, operand.integer}));
      }
      Value value = expression(ast_.operand(expr, 0));
      return cast({std::move(value), operand.span}, *to, expr.span);
    }
    case Expr::Kind::Subscript: return subscript(expr);
  }
  return Value::error();
}

Value Body::integer_literal(const Expr& expr, bool is_negative) {
  constexpr std::uint64_t limit = std::numeric_limits<std::int64_t>::max();
  if (expr.integer > limit + (is_negative ? 1 : 0)) {
    report(expr.span, Kind::LiteralOutOfRange, expr.text, "i64")
        .help("write `u64(...)` around an unsigned literal");
    return Value::error();
  }
  std::uint64_t bits = is_negative ? ~expr.integer + 1 : expr.integer;
  return Value::of_int(static_cast<std::int64_t>(bits));
}

Value Body::name(const Name& name, bool is_call) {
  if (const Binding* binding = scope_.find(name.text)) {
    if (binding->value.is_error()) unit_.failed = true;
    return binding->value;
  }
  if (name.text == "fp32") return Value::of_precision(ir::Precision::Fp32);
  if (name.text == "tf32") return Value::of_precision(ir::Precision::Tf32);
  if (auto element = ir::element_type_from_name(name.text)) return Value::of_element(*element);
  if (const FunctionDecl* function = unit_.declarations.find_function(name.text, ast_)) {
    return Value::of_function(function);
  }
  if (find_builtin(name.text)) return Value::of_builtin(std::string(name.text));
  return unknown_name(name, is_call);
}

Value Body::unknown_name(const Name& name, bool is_call) {
  if (unit_.declarations.find_kernel(name.text)) {
    report(name.span, Kind::NotAValue, name.text, "a kernel");
    return Value::error();
  }
  auto local = locals_.find(name.text);
  if (local != locals_.end() && local->second.begin >= name.span.begin) {
    report(name.span, Kind::UseBeforeDefinition, name.text).note(local->second, "defined here");
    return Value::error();
  }
  auto builder =
      report(name.span, is_call ? Kind::UnknownFunction : Kind::UnknownName, name.text);
  if (local != locals_.end()) {
    builder.note(local->second, "it is visible only in the block that defines it");
    return Value::error();
  }
  std::vector<std::string_view> candidates = unit_.declarations.function_names();
  for (const Binding& binding : scope_.all()) {
    bool is_candidate = !is_call || binding.value.kind == Value::Kind::Function;
    if (is_candidate) candidates.push_back(binding.name);
  }
  for (const Builtin& builtin : all_builtins()) candidates.push_back(builtin.name);
  std::string_view near = nearest_name(name.text, candidates);
  if (!near.empty()) builder.help(fmt::format("did you mean `{}`?", near));
  return Value::error();
}

namespace {

struct UnaryRow {
  OpCode code;
  std::string_view text;
};

UnaryRow unary_row(UnaryOp op) {
  switch (op) {
    case UnaryOp::Negate: return {OpCode::Neg, "-"};
    case UnaryOp::Not: return {OpCode::Not, "!"};
    case UnaryOp::BitNot: return {OpCode::Not, "~"};
  }
  TILE_UNREACHABLE("unary operator");
}

std::optional<OpCode> binary_code(BinaryOp op) {
  switch (op) {
    case BinaryOp::Or: case BinaryOp::BitOr: return OpCode::Or;
    case BinaryOp::And: case BinaryOp::BitAnd: return OpCode::And;
    case BinaryOp::BitXor: return OpCode::Xor;
    case BinaryOp::ShiftLeft: return OpCode::Shl;
    case BinaryOp::ShiftRight: return OpCode::Shr;
    case BinaryOp::Add: return OpCode::Add;
    case BinaryOp::Subtract: return OpCode::Sub;
    case BinaryOp::Multiply: return OpCode::Mul;
    case BinaryOp::Divide: return OpCode::Div;
    case BinaryOp::Remainder: return OpCode::Rem;
    case BinaryOp::Equal: case BinaryOp::NotEqual: case BinaryOp::Less: case BinaryOp::LessEqual:
    case BinaryOp::Greater: case BinaryOp::GreaterEqual:
      break;
  }
  return std::nullopt;
}

ir::Predicate predicate(BinaryOp op) {
  switch (op) {
    case BinaryOp::NotEqual: return ir::Predicate::Ne;
    case BinaryOp::Less: return ir::Predicate::Lt;
    case BinaryOp::LessEqual: return ir::Predicate::Le;
    case BinaryOp::Greater: return ir::Predicate::Gt;
    case BinaryOp::GreaterEqual: return ir::Predicate::Ge;
    case BinaryOp::Equal: case BinaryOp::Or: case BinaryOp::And: case BinaryOp::BitOr:
    case BinaryOp::BitXor: case BinaryOp::BitAnd: case BinaryOp::ShiftLeft:
    case BinaryOp::ShiftRight: case BinaryOp::Add: case BinaryOp::Subtract:
    case BinaryOp::Multiply: case BinaryOp::Divide: case BinaryOp::Remainder:
      break;
  }
  return ir::Predicate::Eq;
}

}  // namespace

Value Body::unary(const Expr& expr) {
  ExprId id = ast_.operand(expr, 0);
  const Expr& operand = ast_[id];
  UnaryRow row = unary_row(expr.unary);
  if (expr.unary == UnaryOp::Negate && operand.kind == Expr::Kind::Integer) {
    return integer_literal(operand, true);
  }
  Argument argument{expression(id), operand.span};
  const Value& value = argument.value;
  if (value.is_error()) return value;
  if (value.is_int() && expr.unary == UnaryOp::Negate) {
    Folded folded = fold_integers(BinaryOp::Subtract, 0, value.integer);
    if (folded.problem == FoldProblem::None) return Value::of_int(folded.value);
    report(expr.span, Kind::ConstantOverflow, "-");
    return Value::error();
  }
  if (value.is_int() && expr.unary == UnaryOp::BitNot) return Value::of_int(~value.integer);
  if (value.kind == Value::Kind::Bool && expr.unary == UnaryOp::Not) {
    return Value::of_bool(value.integer == 0);
  }
  if (value.kind == Value::Kind::Float && expr.unary == UnaryOp::Negate) {
    return Value::of_float(-value.real);
  }
  std::optional<Value> operand_tile = tile(argument);
  if (!operand_tile) return Value::error();
  ElementType element = operand_tile->type.element;
  bool is_wrong_not = (expr.unary == UnaryOp::Not && element != ElementType::Bool) ||
                      (expr.unary == UnaryOp::BitNot && element == ElementType::Bool);
  if (is_wrong_not) {
    report(expr.span, Kind::InvalidOperand, row.text, ir::name(element))
        .help("`!` is for bool, `~` for integers");
    return Value::error();
  }
  if (!require_accepted(row.code, row.text, element, expr.span)) return Value::error();
  builder_.set_span(expr.span);
  return tile_value(builder_.elementwise(row.code, {operand_tile->id}));
}

Value Body::binary(BinaryOp op, const Argument& lhs, const Argument& rhs, Span span) {
  if (lhs.value.is_error() || rhs.value.is_error()) return Value::error();
  if (is_comparison(op)) return compare(op, lhs, rhs, span);
  if (op == BinaryOp::And || op == BinaryOp::Or) return logical(op, lhs, rhs, span);
  if (lhs.value.is_int() && rhs.value.is_int()) {
    Folded folded = fold_integers(op, lhs.value.integer, rhs.value.integer);
    if (folded.problem == FoldProblem::None) return Value::of_int(folded.value);
    if (folded.problem == FoldProblem::Overflow) {
      report(span, Kind::ConstantOverflow, text(op))
          .note(fmt::format("the operands are {} and {}", lhs.value.integer, rhs.value.integer));
    } else {
      report(span, Kind::ConstantDivideByZero);
    }
    return Value::error();
  }
  std::optional<ElementType> element = common_element({lhs, rhs}, span);
  OpCode code = *binary_code(op);
  if (!element || !require_accepted(code, text(op), *element, span)) return Value::error();
  auto operands = unify({lhs, rhs}, span);
  return operands ? tile_value(builder_.elementwise(code, *operands)) : Value::error();
}

Value Body::logical(BinaryOp op, const Argument& lhs, const Argument& rhs, Span span) {
  bool both_constant =
      lhs.value.kind == Value::Kind::Bool && rhs.value.kind == Value::Kind::Bool;
  if (both_constant) {
    bool a = lhs.value.integer != 0, b = rhs.value.integer != 0;
    return Value::of_bool(op == BinaryOp::And ? a && b : a || b);
  }
  std::optional<ElementType> element = common_element({lhs, rhs}, span);
  if (!element) return Value::error();
  if (*element != ElementType::Bool) {
    report(span, Kind::InvalidOperand, text(op), ir::name(*element))
        .note("it takes bool")
        .help(fmt::format("`{}` works on the bits of integers", op == BinaryOp::And ? '&' : '|'));
    return Value::error();
  }
  auto operands = unify({lhs, rhs}, span);
  return operands ? tile_value(builder_.elementwise(*binary_code(op), *operands)) : Value::error();
}

Value Body::compare(BinaryOp op, const Argument& lhs, const Argument& rhs, Span span) {
  if (lhs.value.is_int() && rhs.value.is_int()) {
    return Value::of_bool(fold_comparison(op, lhs.value.integer, rhs.value.integer));
  }
  if (lhs.value.is_constant() && rhs.value.is_constant() &&
      lhs.value.kind == rhs.value.kind) {
    if (op == BinaryOp::Equal) return Value::of_bool(same_constant(lhs.value, rhs.value));
    if (op == BinaryOp::NotEqual) return Value::of_bool(!same_constant(lhs.value, rhs.value));
  }
  std::optional<ElementType> element = common_element({lhs, rhs}, span);
  if (!element) return Value::error();
  bool is_ordered = op != BinaryOp::Equal && op != BinaryOp::NotEqual;
  if (*element == ElementType::Bool && is_ordered) {
    report(span, Kind::InvalidOperand, text(op), "bool").note("bool has no order");
    return Value::error();
  }
  auto operands = unify({lhs, rhs}, span);
  if (!operands) return Value::error();
  return tile_value(builder_.compare(predicate(op), (*operands)[0], (*operands)[1]));
}

Value Body::cast(const Argument& argument, ElementType to, Span span) {
  const Value& value = argument.value;
  if (value.is_error()) return value;
  if (value.is_int() && to == ElementType::F32) {
    return Value::of_float(static_cast<float>(value.integer));
  }
  if (value.is_int() && ir::is_integer(to) && !fits(value.integer, to)) {
    report(argument.span, Kind::LiteralOutOfRange, value.integer, ir::name(to));
    return Value::error();
  }
  if (value.is_int() && ir::is_integer(to)) {
    builder_.set_span(span);
    return tile_value(builder_.constant(ir::Scalar::from_int(to, value.integer)));
  }
  if (!value.is_data()) {
    report(span, Kind::InvalidCast, describe(value), ir::name(to));
    return Value::error();
  }
  std::optional<Value> operand = tile(argument);
  if (!operand) return Value::error();
  builder_.set_span(span);
  return tile_value(builder_.cast(operand->id, to));
}

}  // namespace tile::sema
