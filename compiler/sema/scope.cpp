// See scope.h.
#include "compiler/sema/scope.h"

#include <utility>

namespace tile::sema {

std::string_view describe(Binding::Kind kind) {
  switch (kind) {
    case Binding::Kind::Let: return "a `let`";
    case Binding::Kind::Var: return "a `var`";
    case Binding::Kind::Parameter: return "a parameter";
    case Binding::Kind::Constant: return "a compile-time parameter";
    case Binding::Kind::Size: return "a size";
    case Binding::Kind::Index: return "a loop index";
  }
  return "";
}

void Scope::leave() {
  bindings_.resize(marks_.back());
  marks_.pop_back();
}

void Scope::leave_to(std::size_t depth) {
  while (marks_.size() > depth) leave();
}

Binding* Scope::find(std::string_view name) {
  return const_cast<Binding*>(std::as_const(*this).find(name));
}

const Binding* Scope::find(std::string_view name) const {
  for (auto it = bindings_.rbegin(); it != bindings_.rend(); ++it) {
    if (it->name == name) return &*it;
  }
  return nullptr;
}

std::vector<std::size_t> Scope::variables(const std::set<std::string>& names) const {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < bindings_.size(); ++i) {
    if (bindings_[i].kind == Binding::Kind::Var && names.contains(bindings_[i].name)) {
      found.push_back(i);
    }
  }
  return found;
}

}  // namespace tile::sema
