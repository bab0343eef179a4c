// See check.h.
#include "compiler/sema/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/instantiate.h"
#include "compiler/sema/schedules.h"
#include "compiler/sema/syntax_queries.h"

namespace tile::sema {

struct Program::State {
  Diagnostics& diagnostics;
  std::vector<const Ast*> files;
  Declarations declarations;
  std::set<const FunctionDecl*> used;  // checked as part of some kernel

  Unit unit() { return Unit{declarations, diagnostics, {}, {}, {}, {}, 0, false}; }

  /// Reports unknown kernels.
  const KernelDecl* kernel(std::string_view name) const {
    const KernelDecl* decl = declarations.find_kernel(name);
    if (decl) return decl;
    auto builder = diagnostics.report(Span(), Kind::UnknownKernel, name);
    std::string_view near = nearest_name(name, declarations.kernel_names());
    if (!near.empty()) builder.help(fmt::format("did you mean `{}`?", near));
    return nullptr;
  }
};

Program::Program(Diagnostics& diagnostics, std::vector<const Ast*> files)
    : state_(new State{diagnostics, files, Declarations(diagnostics, files), {}}) {}

Program::~Program() = default;

std::vector<std::string> Program::kernels() const {
  std::vector<std::string> names;
  for (const KernelDecl& kernel : state_->declarations.kernels()) names.push_back(kernel.name);
  return names;
}

std::vector<ConstantInfo> Program::constants(std::string_view kernel) const {
  std::vector<ConstantInfo> constants;
  const KernelDecl* decl = state_->kernel(kernel);
  if (!decl) return constants;
  for (const GenericParameter& parameter : decl->ast->items_of(decl->syntax->generics)) {
    Unit unit = state_->unit();
    constants.push_back({std::string(parameter.name.text), std::string(text(parameter.kind)),
                         parameter.is_tune, default_text(unit, *decl, parameter)});
  }
  return constants;
}

std::vector<Instance> Program::instances(std::string_view kernel) {
  std::vector<Instance> instances;
  const KernelDecl* decl = state_->kernel(kernel);
  if (!decl) return instances;
  Unit unit = state_->unit();
  for (const Instantiation* line : decl->instantiations) {
    Instance instance{instantiation_settings(unit, *decl, *line), line->span};
    if (unit.failed) continue;
    if (require_all_constants(unit, *decl, instance.settings, line->span)) {
      instances.push_back(std::move(instance));
    }
  }
  if (decl->instantiations.empty() &&
      require_all_constants(unit, *decl, {}, decl->syntax->name.span)) {
    instances.push_back({{}, decl->syntax->name.span});
  }
  return instances;
}

std::optional<ir::Module> Program::instantiate(std::string_view kernel, const Settings& settings) {
  const KernelDecl* decl = state_->kernel(kernel);
  if (!decl) return std::nullopt;
  Unit unit = state_->unit();
  require_known_settings(unit, *decl, settings);
  if (!unit.failed) instantiate_kernel(unit, *decl, settings);
  state_->used.insert(unit.used.begin(), unit.used.end());
  if (unit.failed) return std::nullopt;
  return std::move(unit.module);
}

std::vector<ScheduleArm> Program::schedules(std::string_view kernel, std::string_view target,
                                            const Settings& settings) {
  const KernelDecl* decl = state_->kernel(kernel);
  if (!decl) return {};
  Unit unit = state_->unit();
  return arms_for(unit, *decl, target, settings);
}

void Program::warn_of_unused_locals() {
  auto warn = [&](const Ast& ast, const Block& block) {
    for (const Name& name : unused_locals(ast, block)) {
      state_->diagnostics.report(name.span, Kind::UnusedVariable, name.text)
          .help(fmt::format("write `_{}` if that is meant", name.text));
    }
  };
  for (const KernelDecl& kernel : state_->declarations.kernels()) {
    warn(*kernel.ast, kernel.syntax->body);
  }
  for (const FunctionDecl& function : state_->declarations.functions()) {
    if (!function.is_library) warn(*function.ast, function.syntax->body);
  }
}

void Program::check() {
  for (const KernelDecl& kernel : state_->declarations.kernels()) {
    std::vector<Instance> all = instances(kernel.name);
    for (const Instance& instance : all) {
      instantiate(kernel.name, instance.settings);
      Unit unit = state_->unit();
      for (const ScheduleArm& arm : check_schedules(unit, kernel, instance.settings)) {
        Settings settings = instance.settings;
        settings.insert(settings.end(), arm.tune.begin(), arm.tune.end());
        instantiate(kernel.name, settings);
      }
      if (state_->diagnostics.is_full()) return;
    }
  }
  for (const FunctionDecl& function : state_->declarations.functions()) {
    if (function.is_library || state_->used.contains(&function)) continue;
    check_unused(function);
  }
  // A mistake above may be why a local is not used.
  if (!state_->diagnostics.has_errors()) warn_of_unused_locals();
}

void Program::check_unused(const FunctionDecl& function) {
  // A function over any element type is right when it is right for one of them.
  auto generics = function.ast->items_of(function.syntax->generics);
  bool is_plain = std::none_of(generics.begin(), generics.end(), [](const auto& parameter) {
    return parameter.kind == GenericKind::Type;
  });
  for (ir::ElementType element :
       {ir::ElementType::F32, ir::ElementType::I64, ir::ElementType::Bool}) {
    if (is_plain) break;
    Diagnostics trial(state_->diagnostics.sources());
    Unit unit{state_->declarations, trial, {}, {}, {}, {}, 0, false};
    check_at_sample(unit, function, element);
    state_->used.insert(unit.used.begin(), unit.used.end());
    if (!unit.failed) return;
  }
  Unit unit = state_->unit();
  check_at_sample(unit, function, ir::ElementType::F32);
  state_->used.insert(unit.used.begin(), unit.used.end());
}

}  // namespace tile::sema
