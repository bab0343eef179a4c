// See schedules.h.
#include "compiler/sema/schedules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "compiler/sema/const_eval.h"

namespace tile::sema {

namespace {

struct TargetRow {
  std::string_view name;
  std::string_view parent;  // a schedule for the parent serves too
};

constexpr std::array<TargetRow, 10> targets = {{
    {"cpu", ""},
    {"x86-64-v3", "cpu"},
    {"x86-64-v4", "x86-64-v3"},
    {"zen5", "x86-64-v4"},
    {"cuda", ""},
    {"sm_80", "cuda"},
    {"sm_86", "cuda"},  // less shared memory than sm_80
    {"sm_89", "sm_86"},
    {"sm_90", "sm_80"},
    {"sm_90a", "sm_90"},
}};

constexpr std::array<std::string_view, 3> machine_keys = {"stages", "warps", "blocks"};

bool descends_from(std::string_view target, std::string_view ancestor) {
  while (!target.empty()) {
    if (target == ancestor) return true;
    auto row = std::find_if(targets.begin(), targets.end(),
                            [&](const TargetRow& known) { return known.name == target; });
    target = row == targets.end() ? std::string_view() : row->parent;
  }
  return false;
}

const GenericParameter* find_parameter(const KernelDecl& decl, std::string_view name) {
  for (const GenericParameter& parameter : decl.ast->items_of(decl.syntax->generics)) {
    if (parameter.name.text == name) return &parameter;
  }
  return nullptr;
}

std::vector<std::string_view> parameter_names(const KernelDecl& decl) {
  std::vector<std::string_view> names;
  for (const GenericParameter& parameter : decl.ast->items_of(decl.syntax->generics)) {
    names.push_back(parameter.name.text);
  }
  return names;
}

void help_with_nearest(Diagnostics::Builder builder, std::string_view name,
                       const std::vector<std::string_view>& candidates) {
  std::string_view near = nearest_name(name, candidates);
  if (!near.empty()) builder.help(fmt::format("did you mean `{}`?", near));
}

/// A body that only evaluates: the kernel's compile-time parameters are in scope.
struct Evaluator {
  ir::Function scratch;
  Body body;

  Evaluator(Unit& unit, const KernelDecl& decl, const Settings& settings)
      : body(unit, *decl.ast, scratch) {
    scratch.body = ir::add_block(scratch, {});
    body.builder().set_block(scratch.body);
    bind_constants(unit, decl, settings, body);
  }
};

// ---- Conditions ---------------------------------------------------------------------------------

struct SizePlace {
  int parameter = 0;
  int dimension = 0;
};

std::optional<SizePlace> find_size(const KernelDecl& decl, std::string_view name) {
  const Ast& ast = *decl.ast;
  std::span<const Parameter> parameters = ast.items_of(decl.syntax->parameters);
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    if (!parameters[p].type.is_tensor) continue;
    std::span<const ExprId> dims = ast.items_of(parameters[p].type.dims);
    for (std::size_t d = 0; d < dims.size(); ++d) {
      if (ast[dims[d]].kind == Expr::Kind::NameRef && ast[dims[d]].name.text == name) {
        return SizePlace{static_cast<int>(p), static_cast<int>(d)};
      }
    }
  }
  return std::nullopt;
}

using Relation = SizeCondition::Relation;

std::optional<Relation> relation_of(BinaryOp op) {
  if (!is_comparison(op)) return std::nullopt;
  constexpr std::array order = {Relation::Eq, Relation::Ne, Relation::Lt,
                                Relation::Le, Relation::Gt, Relation::Ge};
  return order[static_cast<std::size_t>(op) - static_cast<std::size_t>(BinaryOp::Equal)];
}

Relation flipped(Relation relation) {
  switch (relation) {
    case Relation::Lt:
      return Relation::Gt;
    case Relation::Le:
      return Relation::Ge;
    case Relation::Gt:
      return Relation::Lt;
    case Relation::Ge:
      return Relation::Le;
    case Relation::Eq:
    case Relation::Ne:
      break;
  }
  return relation;
}

class ConditionReader {
 public:
  ConditionReader(Body& body, const KernelDecl& decl) : body_(body), decl_(decl) {}

  /// False when a condition on compile-time values does not hold, so that the arm is out.
  bool read(ExprId id, std::vector<SizeCondition>& out) {
    const Expr& expr = body_.ast()[id];
    if (expr.kind == Expr::Kind::Binary && expr.binary == BinaryOp::And) {
      bool lhs = read(body_.ast().operand(expr, 0), out);
      bool rhs = read(body_.ast().operand(expr, 1), out);
      return lhs && rhs;
    }
    if (expr.kind == Expr::Kind::Binary && relation_of(expr.binary)) {
      ExprId lhs = body_.ast().operand(expr, 0), rhs = body_.ast().operand(expr, 1);
      Relation relation = *relation_of(expr.binary);
      if (auto condition = size_on(lhs)) return add(*condition, relation, rhs, out);
      if (auto condition = size_on(rhs)) return add(*condition, flipped(relation), lhs, out);
    }
    Value value = body_.constant(id, "a condition that names no size");
    if (value.is_error()) return true;
    if (value.kind == Value::Kind::Bool) return value.integer != 0;
    body_.report(expr.span, Kind::InvalidCondition);
    return true;
  }

 private:
  /// `M` or `M % 4`.
  std::optional<SizeCondition> size_on(ExprId id) {
    const Expr& expr = body_.ast()[id];
    if (expr.kind == Expr::Kind::NameRef) {
      auto place = find_size(decl_, expr.name.text);
      if (!place) return std::nullopt;
      return SizeCondition{place->parameter, place->dimension, 0, Relation::Le, 0};
    }
    bool is_remainder = expr.kind == Expr::Kind::Binary && expr.binary == BinaryOp::Remainder;
    if (!is_remainder) return std::nullopt;
    auto condition = size_on(body_.ast().operand(expr, 0));
    if (!condition || condition->modulus != 0) return std::nullopt;
    ExprId divisor = body_.ast().operand(expr, 1);
    auto modulus = body_.constant_int(divisor, "a divisor");
    if (modulus && *modulus > 0) {
      condition->modulus = *modulus;
    } else {
      body_.report(body_.ast()[divisor].span, Kind::InvalidCondition);
    }
    return condition;
  }

  bool add(SizeCondition condition, Relation relation, ExprId value,
           std::vector<SizeCondition>& out) {
    if (mentions_size(value)) {
      body_.report(body_.ast()[value].span, Kind::InvalidCondition);
      return true;
    }
    auto bound = body_.constant_int(value, "the value of a condition");
    condition.relation = relation;
    condition.value = bound.value_or(0);
    out.push_back(condition);
    return true;
  }

  bool mentions_size(ExprId id) {
    const Expr& expr = body_.ast()[id];
    if (expr.kind == Expr::Kind::NameRef && find_size(decl_, expr.name.text)) return true;
    for (ExprId operand : body_.ast().items_of(expr.operands)) {
      if (mentions_size(operand)) return true;
    }
    return false;
  }

  Body& body_;
  const KernelDecl& decl_;
};

// ---- Settings of a schedule ---------------------------------------------------------------------

void read_setting(Unit& unit, const KernelDecl& decl, Body& body, const ScheduleSetting& setting,
                  ScheduleArm& arm) {
  std::string_view name = setting.name.text;
  const GenericParameter* parameter = find_parameter(decl, name);
  bool is_machine = std::find(machine_keys.begin(), machine_keys.end(), name) != machine_keys.end();
  if (!parameter && !is_machine) {
    std::vector<std::string_view> candidates(machine_keys.begin(), machine_keys.end());
    for (std::string_view known : parameter_names(decl)) candidates.push_back(known);
    help_with_nearest(unit.report(setting.name.span, Kind::UnknownScheduleKey, name, decl.name),
                      name, candidates);
    return;
  }
  if (parameter && !parameter->is_tune) {
    unit.report(setting.name.span, Kind::ScheduleSetsConst, name)
        .note(parameter->span, "it is part of what the kernel computes");
    return;
  }
  for (const Settings* settings : {&arm.tune, &arm.machine}) {
    for (const Setting& earlier : *settings) {
      if (earlier.first != name) continue;
      unit.report(setting.name.span, Kind::DuplicateScheduleKey, name);
      return;
    }
  }
  Value value = body.constant(setting.value, "a setting");
  if (value.is_error()) return;
  Span span = decl.ast->operator[](setting.value).span;
  if (parameter && !matches(parameter->kind, value)) {
    unit.report(span, Kind::InvalidScheduleValue, name,
                fmt::format("expected `{}`, found {}", text(parameter->kind), describe(value)));
    return;
  }
  if (value.is_int() && value.integer <= 0) {
    unit.report(span, Kind::InvalidScheduleValue, name,
                fmt::format("{} is not positive", value.integer));
    return;
  }
  (parameter ? arm.tune : arm.machine).emplace_back(std::string(name), to_string(value));
}

/// Nothing when a condition on compile-time values rules the schedule out.
std::optional<ScheduleArm> read_schedule(Unit& unit, const KernelDecl& decl,
                                         const Schedule& schedule, const Settings& settings) {
  const Ast& ast = *decl.ast;
  Evaluator evaluator(unit, decl, settings);
  if (!is_known_target(schedule.target.text)) {
    std::vector<std::string_view> names;
    for (const TargetRow& row : targets) names.push_back(row.name);
    help_with_nearest(unit.report(schedule.target.span, Kind::UnknownTarget, schedule.target.text),
                      schedule.target.text, names);
  }
  ScheduleArm arm;
  arm.span = schedule.span;
  bool applies = true;
  if (!schedule.when.is_none()) {
    applies = ConditionReader(evaluator.body, decl).read(schedule.when, arm.conditions);
  }
  for (const ScheduleSetting& setting : ast.items_of(schedule.settings)) {
    read_setting(unit, decl, evaluator.body, setting, arm);
  }
  for (const SearchRange& range : ast.items_of(schedule.search)) {
    for (ExprId value : ast.items_of(range.values)) {
      ScheduleArm ignored;
      read_setting(unit, decl, evaluator.body, {range.span, range.name, value}, ignored);
    }
  }
  if (!applies) return std::nullopt;
  return arm;
}

}  // namespace

bool is_known_target(std::string_view name) {
  return std::any_of(targets.begin(), targets.end(),
                     [&](const TargetRow& row) { return row.name == name; });
}

std::string default_text(Unit& unit, const KernelDecl& decl, const GenericParameter& parameter) {
  if (parameter.default_value.is_none()) return {};
  ir::Function scratch;
  Body body(unit, *decl.ast, scratch);
  scratch.body = ir::add_block(scratch, {});
  body.builder().set_block(scratch.body);
  for (const GenericParameter& earlier : decl.ast->items_of(decl.syntax->generics)) {
    if (earlier.name.text == parameter.name.text) break;
    if (earlier.default_value.is_none()) continue;
    Value value = body.constant(earlier.default_value, "a default");
    body.declare({std::string(earlier.name.text), Binding::Kind::Constant, std::move(value),
                  earlier.name.span});
  }
  Value value = body.constant(parameter.default_value, "a default");
  return value.is_error() ? std::string() : to_string(value);
}

Settings instantiation_settings(Unit& unit, const KernelDecl& decl, const Instantiation& line) {
  ir::Function scratch;
  Body body(unit, *decl.ast, scratch);
  scratch.body = ir::add_block(scratch, {});
  body.builder().set_block(scratch.body);
  Settings settings;
  for (const GenericArgument& argument : decl.ast->items_of(line.arguments)) {
    std::string name(argument.name.text);
    const GenericParameter* parameter = find_parameter(decl, name);
    if (!parameter) {
      help_with_nearest(unit.report(argument.span, Kind::UnknownParameter, decl.name, name), name,
                        parameter_names(decl));
      continue;
    }
    if (parameter->is_tune) {
      unit.report(argument.span, Kind::TuneInInstance, name)
          .note(parameter->span, "it is a `tune` parameter here");
      continue;
    }
    bool is_repeated = std::any_of(settings.begin(), settings.end(),
                                   [&](const Setting& other) { return other.first == name; });
    Value value = body.constant(argument.value, "a compile-time argument");
    if (is_repeated) {
      unit.report(argument.span, Kind::DuplicateName, name);
    } else if (!value.is_error() && !matches(parameter->kind, value)) {
      unit.report(argument.span, Kind::GenericArgument,
                  fmt::format("`{}` is of kind `{}`, found {}", name, text(parameter->kind),
                              describe(value)));
    } else {
      settings.emplace_back(std::move(name), to_string(value));
    }
  }
  return settings;
}

bool require_all_constants(Unit& unit, const KernelDecl& decl, const Settings& settings,
                           Span span) {
  for (const GenericParameter& parameter : decl.ast->items_of(decl.syntax->generics)) {
    bool is_set = parameter.is_tune || !parameter.default_value.is_none() ||
                  std::any_of(settings.begin(), settings.end(), [&](const Setting& setting) {
                    return setting.first == parameter.name.text;
                  });
    if (is_set) continue;
    unit.report(span, Kind::NoInstance, decl.name, parameter.name.text)
        .note(parameter.span, "declared here")
        .help(fmt::format("add `instantiate {}<{} = ...>;`", decl.name, parameter.name.text));
    return false;
  }
  return true;
}

void require_known_settings(Unit& unit, const KernelDecl& decl, const Settings& settings) {
  for (const auto& [name, value] : settings) {
    if (find_parameter(decl, name)) continue;
    help_with_nearest(unit.report(decl.syntax->name.span, Kind::UnknownParameter, decl.name, name),
                      name, parameter_names(decl));
  }
}

std::vector<ScheduleArm> arms_for(Unit& unit, const KernelDecl& decl, std::string_view target,
                                  const Settings& settings) {
  std::vector<ScheduleArm> arms;
  for (const Schedule* schedule : decl.schedules) {
    if (!descends_from(target, schedule->target.text)) continue;
    auto arm = read_schedule(unit, decl, *schedule, settings);
    if (!arm) continue;
    bool is_last = arm->conditions.empty();
    arms.push_back(std::move(*arm));
    if (is_last) return arms;  // no launch gets past it
  }
  arms.push_back({});
  return arms;
}

std::vector<ScheduleArm> check_schedules(Unit& unit, const KernelDecl& decl,
                                         const Settings& settings) {
  std::vector<ScheduleArm> arms;
  for (const Schedule* schedule : decl.schedules) {
    if (auto arm = read_schedule(unit, decl, *schedule, settings)) arms.push_back(std::move(*arm));
  }
  return arms;
}

}  // namespace tile::sema
