// The tables of what the files of a compilation declare: functions and kernels by name, with the
// schedules and instances that belong to each kernel. Built before any body is looked at; reports
// duplicates and schedules of unknown kernels.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/parse/ast.h"
#include "compiler/source/diagnostics.h"

namespace tile::sema {

struct FunctionDecl {
  const Ast* ast = nullptr;
  const Function* syntax = nullptr;
  std::string name;
  std::size_t index = 0;  // unique, in the order of declaration
  bool is_library = false;
};

struct KernelDecl {
  const Ast* ast = nullptr;
  const Kernel* syntax = nullptr;
  std::string name;
  std::vector<const Schedule*> schedules;  // in file order
  std::vector<const Instantiation*> instantiations;
};

class Declarations {
 public:
  /// The last file is the user's, those before are the standard library.
  Declarations(Diagnostics& diagnostics, const std::vector<const Ast*>& files);

  /// The user's functions hide the library's from the user's file alone, so that the library can
  /// grow.
  const FunctionDecl* find_function(std::string_view name, const Ast& from) const;
  const KernelDecl* find_kernel(std::string_view name) const;
  const std::deque<FunctionDecl>& functions() const { return functions_; }
  const std::deque<KernelDecl>& kernels() const { return kernels_; }  // the user's
  std::vector<std::string_view> function_names() const;
  std::vector<std::string_view> kernel_names() const;

 private:
  void add_functions(const Ast& ast, bool is_library);
  void add_kernels(const Ast& ast);
  void attach_schedules(const Ast& ast);
  KernelDecl* kernel_for(const Name& name);

  Diagnostics& diagnostics_;
  std::deque<FunctionDecl> functions_;  // deque: Values point to them
  std::deque<KernelDecl> kernels_;
};

}  // namespace tile::sema
