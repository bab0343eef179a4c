// See declarations.h.
#include "compiler/sema/declarations.h"

#include <fmt/format.h>

#include "compiler/sema/builtins.h"

namespace tile::sema {

Declarations::Declarations(Diagnostics& diagnostics, const std::vector<const Ast*>& files)
    : diagnostics_(diagnostics) {
  for (std::size_t i = 0; i < files.size(); ++i) add_functions(*files[i], i + 1 < files.size());
  if (files.empty()) return;
  add_kernels(*files.back());
  attach_schedules(*files.back());
}

void Declarations::add_functions(const Ast& ast, bool is_library) {
  for (const Function& function : ast.functions) {
    if (find_builtin(function.name.text)) {
      diagnostics_.report(function.name.span, Kind::ReservedName, function.name.text);
      continue;
    }
    const FunctionDecl* earlier = nullptr;
    for (const FunctionDecl& other : functions_) {
      if (other.is_library == is_library && other.name == function.name.text) earlier = &other;
    }
    if (earlier) {
      diagnostics_.report(function.name.span, Kind::DuplicateName, function.name.text)
          .note(earlier->syntax->name.span, "first defined here");
      continue;
    }
    functions_.push_back({&ast, &function, std::string(function.name.text), functions_.size(),
                          is_library});
  }
}

void Declarations::add_kernels(const Ast& ast) {
  for (const Kernel& kernel : ast.kernels) {
    const KernelDecl* earlier = find_kernel(kernel.name.text);
    const FunctionDecl* function = find_function(kernel.name.text, ast);
    if (function && function->is_library) function = nullptr;
    if (earlier || function) {
      diagnostics_.report(kernel.name.span, Kind::DuplicateName, kernel.name.text)
          .note(earlier ? earlier->syntax->name.span : function->syntax->name.span,
                "first defined here");
      continue;
    }
    kernels_.push_back({&ast, &kernel, std::string(kernel.name.text), {}, {}});
  }
}

KernelDecl* Declarations::kernel_for(const Name& name) {
  for (KernelDecl& kernel : kernels_) {
    if (kernel.name == name.text) return &kernel;
  }
  auto report = diagnostics_.report(name.span, Kind::UnknownKernel, name.text);
  std::string_view near = nearest_name(name.text, kernel_names());
  if (!near.empty()) report.help(fmt::format("did you mean `{}`?", near));
  return nullptr;
}

void Declarations::attach_schedules(const Ast& ast) {
  for (const Schedule& schedule : ast.schedules) {
    if (KernelDecl* kernel = kernel_for(schedule.kernel)) kernel->schedules.push_back(&schedule);
  }
  for (const Instantiation& instantiation : ast.instantiations) {
    KernelDecl* kernel = kernel_for(instantiation.kernel);
    if (kernel) kernel->instantiations.push_back(&instantiation);
  }
}

const FunctionDecl* Declarations::find_function(std::string_view name, const Ast& from) const {
  const FunctionDecl* found = nullptr;
  for (const FunctionDecl& function : functions_) {
    if (function.name != name) continue;
    if (function.is_library && !found) found = &function;
    if (!function.is_library && function.ast == &from) return &function;
  }
  return found;
}

const KernelDecl* Declarations::find_kernel(std::string_view name) const {
  for (const KernelDecl& kernel : kernels_) {
    if (kernel.name == name) return &kernel;
  }
  return nullptr;
}

std::vector<std::string_view> Declarations::function_names() const {
  std::vector<std::string_view> names;
  for (const FunctionDecl& function : functions_) names.push_back(function.name);
  return names;
}

std::vector<std::string_view> Declarations::kernel_names() const {
  std::vector<std::string_view> names;
  for (const KernelDecl& kernel : kernels_) names.push_back(kernel.name);
  return names;
}

}  // namespace tile::sema
