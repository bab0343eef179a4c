// Calls: collecting arguments, builtins, and functions of the language, which are checked once per
// set of compile-time arguments and argument types (instantiate.cpp) and called by a Call op.
#include <fmt/format.h>

#include "compiler/sema/body.h"
#include "compiler/sema/instantiate.h"

namespace tile::sema {

Value Body::call(const Expr& expr) {
  Value callee = name(expr.name, true);
  if (callee.kind == Value::Kind::Element) {  // `T(x)` with a compile-time type
    if (expr.operands.count == 1) {
      ExprId id = ast_.operand(expr, 0);
      return cast({expression(id), ast_[id].span}, callee.element, expr.span);
    }
    report(expr.span, Kind::ArgumentCount, expr.name.text, 1, expr.operands.count);
    return Value::error();
  }
  if (callee.kind != Value::Kind::Function) {
    if (!callee.is_error()) {
      report(expr.name.span, Kind::NotAFunction, expr.name.text, describe(callee));
    }
    for (ExprId id : ast_.items_of(expr.operands)) {
      if (ast_[id].kind != Expr::Kind::String) expression(id);  // for their own mistakes
    }
    return Value::error();
  }
  if (!callee.function) return call_builtin(*find_builtin(callee.name), expr);
  Call call;
  std::vector<std::pair<Name, Argument>> named;
  if (!collect_call(expr, call, &named)) return Value::error();
  if (call.has_shape) {
    report(expr.span, Kind::InvalidArgument,
           fmt::format("`{}` takes no shape in brackets", expr.name.text));
    return Value::error();
  }
  return call_function(*callee.function, call, named);
}

bool Body::collect_call(const Expr& expr, Call& call,
                        std::vector<std::pair<Name, Argument>>* named) {
  call.name = expr.name.text;
  call.span = expr.span;
  call.has_shape = expr.has_shape;
  bool is_ok = true;
  auto evaluate = [&](ExprId id) {
    Argument argument{expression(id), ast_[id].span};
    is_ok &= !argument.value.is_error();
    return argument;
  };
  for (const GenericArgument& generic : ast_.items_of(expr.generics)) {
    Argument argument = evaluate(generic.value);
    if (generic.name.is_empty()) {
      call.generics.push_back(std::move(argument));
    } else if (named) {
      named->emplace_back(generic.name, std::move(argument));
    } else {
      report(generic.span, Kind::UnknownParameter, call.name, generic.name.text);
      is_ok = false;
    }
  }
  for (ExprId id : ast_.items_of(expr.shape)) call.shape.push_back(evaluate(id));
  bool takes_text = !named && find_builtin(call.name) && find_builtin(call.name)->takes_text();
  for (ExprId id : ast_.items_of(expr.operands)) {
    if (takes_text && ast_[id].kind == Expr::Kind::String) {
      call.message = ast_[id].text;
      continue;
    }
    call.arguments.push_back(evaluate(id));
  }
  return is_ok;
}

namespace {

std::string expected_count(const Builtin& builtin) {
  if (builtin.most_arguments < 0) return fmt::format("at least {}", builtin.least_arguments);
  if (builtin.least_arguments == builtin.most_arguments) {
    return fmt::format("{}", builtin.least_arguments);
  }
  return fmt::format("{} to {}", builtin.least_arguments, builtin.most_arguments);
}

}  // namespace

Value Body::call_builtin(const Builtin& builtin, const Expr& expr) {
  Call call;
  if (!collect_call(expr, call, nullptr)) return Value::error();
  call.name = builtin.name;
  int count = static_cast<int>(call.arguments.size());
  bool is_count_wrong = count < builtin.least_arguments ||
                        (builtin.most_arguments >= 0 && count > builtin.most_arguments);
  if (is_count_wrong) {
    report(expr.span, Kind::ArgumentCount, builtin.name, expected_count(builtin), count);
    return Value::error();
  }
  if (!call.generics.empty() && !builtin.takes_generics()) {
    report(expr.span, Kind::GenericArgument,
           fmt::format("`{}` takes no compile-time arguments", builtin.name));
    return Value::error();
  }
  if (call.has_shape != builtin.takes_shape()) {
    report(expr.span, Kind::InvalidArgument,
           fmt::format("`{}` {} a shape in brackets", builtin.name,
                       builtin.takes_shape() ? "needs" : "does not take"));
    return Value::error();
  }
  builder_.set_span(expr.span);
  return builtin.handler(*this, call);
}

Value Body::call_function(const FunctionDecl& decl, const Call& call,
                          const std::vector<std::pair<Name, Argument>>& named) {
  std::optional<BoundCall> bound = bind_call(*this, decl, call, named);
  if (!bound) return Value::error();
  std::vector<ir::ValueId> ids;
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    auto id = fit(call.arguments[i], bound->parameter_types[i]);
    if (!id) return Value::error();
    ids.push_back(*id);
  }
  FunctionInstance instance = instantiate_function(unit_, decl, *bound, call.span);
  if (!instance.is_ok) return Value::error();
  builder_.set_span(call.span);
  std::vector<ir::ValueId> results =
      builder_.call(unit_.module.functions[instance.id], instance.id, ids);
  if (results.empty()) return Value::none();
  if (results.size() == 1) return tile_value(results[0]);
  std::vector<Value> values;
  for (ir::ValueId id : results) values.push_back(tile_value(id));
  return Value::of_tuple(std::move(values));
}

Value Body::call_value(const Argument& callee, std::vector<Argument> arguments, Span span) {
  if (callee.value.kind != Value::Kind::Function) {
    report(callee.span, Kind::NotAFunction, "this", describe(callee.value));
    return Value::error();
  }
  Call call;
  call.span = span;
  call.arguments = std::move(arguments);
  if (callee.value.function) {
    call.name = callee.value.function->name;
    return call_function(*callee.value.function, call, {});
  }
  const Builtin& builtin = *find_builtin(callee.value.name);
  call.name = builtin.name;
  int count = static_cast<int>(call.arguments.size());
  bool is_wrong = builtin.takes_shape() || builtin.takes_text() ||
                  count < builtin.least_arguments ||
                  (builtin.most_arguments >= 0 && count > builtin.most_arguments);
  if (is_wrong) {
    report(callee.span, Kind::ArgumentCount, builtin.name, expected_count(builtin), count);
    return Value::error();
  }
  return builtin.handler(*this, call);
}

}  // namespace tile::sema
