// Statements without control flow: definitions, assignments, stores, calls.
#include <fmt/format.h>

#include "compiler/sema/body.h"

namespace tile::sema {

void Body::declare(Binding binding) {
  if (const Binding* earlier = scope_.find(binding.name)) {
    report(binding.span, Kind::DuplicateName, binding.name)
        .note(earlier->span, fmt::format("it is {} here", describe(earlier->kind)));
    return;
  }
  scope_.declare(std::move(binding));
}

void Body::statement(const Stmt& stmt) {
  builder_.set_span(stmt.span);
  switch (stmt.kind) {
    case Stmt::Kind::Let: let(stmt); return;
    case Stmt::Kind::Assign: assign(stmt); return;
    case Stmt::Kind::Store: store(stmt); return;
    case Stmt::Kind::Expr: call_statement(stmt); return;
    case Stmt::Kind::For: case Stmt::Kind::While: case Stmt::Kind::If: case Stmt::Kind::Return:
    case Stmt::Kind::Break:
      break;
  }
  TILE_UNREACHABLE("control flow is run's");
}

void Body::let(const Stmt& stmt) {
  Argument value{expression(stmt.value), ast_[stmt.value].span};
  std::span<const Name> names = ast_.items_of(stmt.names);
  if (!stmt.type.is_absent()) {
    std::optional<ir::Type> type = written_type(stmt.type);
    std::optional<ir::ValueId> id;
    if (type && stmt.is_tuple) {
      report(stmt.type.span, Kind::NotUsedAsType, "several names have no common type");
    } else if (type && !value.value.is_error()) {
      id = fit(value, *type);
    }
    value.value = id ? tile_value(*id) : Value::error();
  }
  if (!stmt.is_tuple) {
    bind(names[0], value, stmt.is_var);
    return;
  }
  bool is_tuple = value.value.kind == Value::Kind::Tuple;
  bool matches = is_tuple && value.value.elements.size() == names.size();
  if (!matches && !value.value.is_error()) {
    report(stmt.span, Kind::TupleMismatch, names.size(),
           is_tuple ? value.value.elements.size() : std::size_t{1})
        .note(value.span, fmt::format("this is {}", describe(value.value)));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    Value element = matches ? value.value.elements[i] : Value::error();
    bind(names[i], {std::move(element), value.span}, stmt.is_var);
  }
}

void Body::bind(const Name& name, const Argument& argument, bool is_var) {
  Value value = argument.value;
  if (value.kind == Value::Kind::None) {
    report(argument.span, Kind::InvalidArgument, "this call has no result");
    value = Value::error();
  } else if (value.is_tensor()) {
    tile(argument);  // reports: tensors must be indexed
    value = Value::error();
  } else if (is_var) {
    std::optional<Value> data = value.is_error() ? std::nullopt : tile(argument);
    value = data ? *data : Value::error();
  }
  if (value.is_tile()) {
    std::string& hint = function().values[value.id].name;
    if (hint.empty()) hint = std::string(name.text);
  }
  declare({std::string(name.text), is_var ? Binding::Kind::Var : Binding::Kind::Let,
           std::move(value), name.span});
}

void Body::assign(const Stmt& stmt) {
  Argument value{expression(stmt.value), ast_[stmt.value].span};
  Argument target{name(stmt.name), stmt.name.span};
  if (!scope_.find(stmt.name.text)) return;
  if (target.value.is_tensor()) {
    report(stmt.target_span, Kind::InvalidIndex,
           fmt::format("tensor `{}` is stored to through an index", stmt.name.text))
        .help(fmt::format("write `{}[start +: extent] = ...`", stmt.name.text));
    return;
  }
  const Binding& binding = *scope_.find(stmt.name.text);
  if (binding.kind != Binding::Kind::Var) {
    auto builder = report(stmt.target_span, Kind::AssignToLet, stmt.name.text);
    builder.note(binding.span, fmt::format("it is {} here", describe(binding.kind)));
    if (binding.kind == Binding::Kind::Let) builder.help("define it with `var`");
    return;
  }
  if (value.value.is_error() || target.value.is_error()) return;
  if (stmt.assign != AssignOp::Plain) {
    value.value = binary(binary_of(stmt.assign), target, value, stmt.span);
    if (value.value.is_error()) return;
  }
  ir::Type type = target.value.type;
  if (value.value.is_tile() && value.value.type.element == type.element &&
      !value.value.type.is_scalar() && value.value.type.shape != type.shape) {
    auto builder = report(value.span, Kind::ShapeMismatch, ir::to_string(type),
                          ir::to_string(value.value.type));
    builder.note(binding.span, fmt::format("`{}` is `{}`", stmt.name.text, ir::to_string(type)));
    return;
  }
  std::optional<ir::ValueId> id = fit(value, type);
  if (id) scope_.find(stmt.name.text)->value = tile_value(*id);
}

void Body::call_statement(const Stmt& stmt) {
  Value value = expression(stmt.value);
  if (value.is_error() || value.kind == Value::Kind::None) return;
  report(stmt.span, Kind::UnusedResult,
         value.is_tile() ? ir::to_string(value.type) : describe(value))
      .help("bind it with `let`, or remove the call");
}

}  // namespace tile::sema
