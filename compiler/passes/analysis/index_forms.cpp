// From values to forms, for index_range.h: the grid, loops, assumptions and arithmetic of a kernel.
#include <algorithm>
#include <charconv>
#include <utility>

#include "compiler/passes/analysis/index_range.h"
#include "compiler/passes/effects.h"

namespace tile::passes {

using namespace ir;

IndexFacts::IndexFacts(const Function& kernel)
    : function_(kernel),
      forms_(kernel.values.size(), std::nullopt),
      varies_(kernel.values.size(), 0) {
  // Divisibility first: it changes how sizes are written, wherever they stand.
  for (OpId id : function_.blocks[function_.body].ops) {
    const Op& op = function_.ops[id];
    if (op.code == OpCode::Assume) add_divisibility(op.operands[0]);
  }
  add_grid();
  add_assumes();
  is_scoped_ = true;
}

void IndexFacts::add_grid() {
  const Op& yield = function_.ops[function_.blocks[function_.grid].ops.back()];
  for (ValueId extent : yield.operands) extents_.push_back(form(extent));
  for (std::size_t axis = 0; axis < extents_.size(); ++axis) {
    AtomInfo info;
    info.kind = Kind::Program;
    info.axis = static_cast<int>(axis);
    const Atom id = add_atom(std::move(info));
    bound_below(id, Form(0));
    bound_above(id, extents_[axis] - 1);
  }
  // A program that runs shows that no extent is 0.
  for (const Form& extent : extents_) add_never_negative(extent - 1);
}

/// Assumptions of the body itself hold everywhere in it: nothing in the language stops a program
/// early.
void IndexFacts::add_assumes() {
  for (OpId id : function_.blocks[function_.body].ops) {
    const Op& op = function_.ops[id];
    if (op.code == OpCode::Assume) add_condition(op.operands[0]);
  }
}

/// assume(n % c == 0): from here on n is c times an atom.
void IndexFacts::add_divisibility(ValueId condition) {
  const Op* op = function_.defining_op(condition);
  if (op != nullptr && op->code == OpCode::And) {
    for (ValueId part : op->operands) add_divisibility(part);
    return;
  }
  if (op == nullptr || op->code != OpCode::Compare) return;
  const Op* remainder = function_.defining_op(op->operands[0]);
  const std::optional<Scalar> zero = function_.constant_value(op->operands[1]);
  const bool is_eq = std::get<CompareAttrs>(op->attributes).predicate == Predicate::Eq;
  if (!is_eq || remainder == nullptr || remainder->code != OpCode::Rem || !zero ||
      zero->bits != 0) {
    return;
  }
  const std::optional<Scalar> divisor = function_.constant_value(remainder->operands[1]);
  if (!divisor || divisor->as_int() < 1) return;
  const Form dividend = resolved(form(remainder->operands[0]));
  const Atom whole = dividend.as_atom();
  if (whole != 0 && !atom(whole).varies) split(whole, Form(divisor->as_int()), true);
}

Form IndexFacts::program(int axis) {
  for (std::size_t index = 0; index < atoms_.size(); ++index) {
    if (atoms_[index].kind == Kind::Program && atoms_[index].axis == axis) {
      return Form::of(static_cast<Atom>(index + 1));
    }
  }
  TILE_UNREACHABLE("program id of an axis outside the grid");
}

Form IndexFacts::size(ValueId tensor, std::size_t axis) {
  const std::string& text = function_.parameters[function_.values[tensor].index].sizes[axis];
  std::int64_t constant = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), constant);
  if (result.ec == std::errc() && result.ptr == text.data() + text.size()) return Form(constant);
  for (std::size_t index = 0; index < atoms_.size(); ++index) {
    if (atoms_[index].kind == Kind::Size && atoms_[index].symbol == text) {
      return Form::of(static_cast<Atom>(index + 1));
    }
  }
  AtomInfo info;
  info.kind = Kind::Size;
  info.varies = false;
  info.symbol = text;
  const Atom id = add_atom(std::move(info));
  bound_below(id, Form(0));
  return Form::of(id);
}

bool IndexFacts::value_varies(ValueId value) {
  char& known = varies_[value];
  if (known == 0) {
    const Op* op = function_.defining_op(value);
    bool varies = true;
    if (op == nullptr) {
      varies = function_.values[value].block != function_.body;
    } else if (op->regions.empty() && op->code != OpCode::ProgramId &&
               (is_pure(*op) || is_constant_load(function_, *op))) {
      varies = std::any_of(op->operands.begin(), op->operands.end(),
                           [&](ValueId operand) { return value_varies(operand); });
    }
    known = varies ? 2 : 1;
  }
  return known == 2;
}

Form IndexFacts::opaque(ValueId value) {
  AtomInfo info;
  info.value = value;
  // The elements of a tile differ, even where all programs have the same tile.
  info.varies = !function_.type(value).is_scalar() || value_varies(value);
  return Form::of(add_atom(std::move(info)));
}

Form IndexFacts::element(ValueId value, std::int64_t extent) {
  AtomInfo info;
  info.kind = Kind::Element;
  info.value = value;
  const Atom id = add_atom(std::move(info));
  bound_below(id, Form(0));
  bound_above(id, Form(extent - 1));
  return Form::of(id);
}

Form IndexFacts::choice(Kind kind, const Form& first, const Form& second) {
  if (first == second) return first;
  AtomInfo info;
  info.kind = kind;
  info.first = first;
  info.second = second;
  info.varies = kind == Kind::Either || is_varying(first) || is_varying(second);
  const Atom id = add_atom(std::move(info));
  if (kind == Kind::Min) bound_above(id, first), bound_above(id, second);
  if (kind == Kind::Max) bound_below(id, first), bound_below(id, second);
  return Form::of(id);
}

Form IndexFacts::form_of_argument(ValueId value) {
  const Value& argument = function_.values[value];
  const OpId owner = function_.blocks[argument.block].owner;
  if (owner.is_none() || function_.ops[owner].code != OpCode::For || argument.index != 0) {
    return opaque(value);
  }
  const Op& loop = function_.ops[owner];
  const Form lower = form(loop.operands[op::For::lower]);
  const Form upper = form(loop.operands[op::For::upper]);
  const Form step = form(loop.operands[op::For::step]);
  AtomInfo info;
  info.kind = Kind::Turn;
  info.value = value;
  const Atom turn = add_atom(std::move(info));
  bound_below(turn, Form(0));
  bound(turn, true, step, upper - lower - 1);
  return lower + step * Form::of(turn);
}

Form IndexFacts::form_of_op(ValueId value, const Op& op) {
  const auto operand = [&](std::size_t index) { return form(op.operands[index]); };
  if (op.code == OpCode::Iota) return element(value, function_.type(value).shape[0]);
  if (op.code == OpCode::ProgramId) return program(std::get<AxisAttrs>(op.attributes).axis);
  if (op.code == OpCode::Dim) {
    const int axis = std::get<AxisAttrs>(op.attributes).axis;
    return size(op.operands[0], static_cast<std::size_t>(axis));
  }
  if (op.code == OpCode::Broadcast && function_.type(op.operands[0]).is_scalar()) return operand(0);
  if (op.code == OpCode::Add) return operand(0) + operand(1);
  if (op.code == OpCode::Sub) return operand(0) - operand(1);
  if (op.code == OpCode::Mul) return operand(0) * operand(1);
  if (op.code == OpCode::Neg) return operand(0) * -1;
  if (op.code == OpCode::Min) return choice(Kind::Min, operand(0), operand(1));
  if (op.code == OpCode::Max) return choice(Kind::Max, operand(0), operand(1));
  if (op.code == OpCode::Select) return choice(Kind::Either, operand(1), operand(2));
  if (op.code == OpCode::Div || op.code == OpCode::Rem) {
    const Form dividend = operand(0), divisor = operand(1);
    const std::optional<Form> ratio = quotient(dividend, divisor);
    if (!ratio) return opaque(value);
    return op.code == OpCode::Div ? *ratio : dividend - divisor * *ratio;
  }
  if (op.code == OpCode::If) {
    std::array<Form, 2> sides;
    for (std::size_t side = 0; side < 2; ++side) {
      const Op& yield = function_.ops[function_.blocks[op.regions[side]].ops.back()];
      sides[side] = form(yield.operands[function_.values[value].index]);
    }
    return choice(Kind::Either, sides[0], sides[1]);
  }
  return opaque(value);
}

Form IndexFacts::form(ValueId value) {
  if (forms_[value]) return resolved(*forms_[value]);
  TILE_CHECK(first_renamed_ == 0, "atoms found now would be dropped with another program's");
  const bool used_scoped = std::exchange(uses_scoped_, false);
  const Type& type = function_.type(value);
  Form result;
  if (type.element != ElementType::I64 || type.rank() > 1) {
    result = opaque(value);
  } else if (const std::optional<Scalar> constant = function_.constant_value(value)) {
    result = Form(constant->as_int());
  } else if (const Op* op = function_.defining_op(value)) {
    result = form_of_op(value, *op);
  } else {
    result = form_of_argument(value);
  }
  // What cannot be written as a form is an unknown like any other.
  if (!result.is_valid()) result = opaque(value);
  forms_[value] = result;
  uses_scoped_ = used_scoped;
  return resolved(result);
}

Form IndexFacts::touched_index(OpId id, std::size_t dim) {
  const Op& op = function_.ops[id];
  const AccessDim& access = std::get<AccessAttrs>(op.attributes).dims[dim];
  const Form start = form(op.operands[op::Load::indices + dim]);
  if (access.kind != AccessDim::Kind::Range || access.extent == 1) return start;
  return start + element(ValueId(), access.extent);
}

void IndexFacts::add_condition(ValueId condition, bool holds) {
  const Op* op = function_.defining_op(condition);
  if (op == nullptr) return;
  if (op->code == (holds ? OpCode::And : OpCode::Or)) {
    for (ValueId part : op->operands) add_condition(part, holds);
    return;
  }
  if (op->code == OpCode::Not) return add_condition(op->operands[0], !holds);
  if (op->code != OpCode::Compare) return;
  if (function_.type(op->operands[0]) != Type::scalar(ElementType::I64)) return;
  const Form lhs = form(op->operands[0]), rhs = form(op->operands[1]);
  using enum Predicate;
  const Predicate predicate = std::get<CompareAttrs>(op->attributes).predicate;
  const bool equal = holds ? predicate == Eq : predicate == Ne;
  if (equal || predicate == (holds ? Le : Gt)) add_never_negative(rhs - lhs);
  if (equal || predicate == (holds ? Ge : Lt)) add_never_negative(lhs - rhs);
  if (predicate == (holds ? Lt : Ge)) add_never_negative(rhs - lhs - 1);
  if (predicate == (holds ? Gt : Le)) add_never_negative(lhs - rhs - 1);
}

void IndexFacts::add_region(const Op& op, std::size_t index) {
  if (op.code == OpCode::If) add_condition(op.operands[0], index == 0);
  if (op.code != OpCode::For) return;
  const Form lower = form(op.operands[op::For::lower]);
  add_never_negative(form(op.operands[op::For::upper]) - lower - 1);
}

}  // namespace tile::passes
