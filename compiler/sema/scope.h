// Names visible at a point of a body, innermost last. Small and copyable: where control flow
// splits, the walk copies it and goes on in each branch with its own state of the variables.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/sema/value.h"

namespace tile::sema {

struct Binding {
  enum class Kind : std::uint8_t { Let, Var, Parameter, Constant, Size, Index };
  std::string name;
  Kind kind = Kind::Let;
  Value value;
  Span span;
};

/// "let", "a parameter", "a size": for messages.
std::string_view describe(Binding::Kind kind);

class Scope {
 public:
  void enter() { marks_.push_back(bindings_.size()); }
  void leave();
  std::size_t depth() const { return marks_.size(); }
  /// Leaves scopes until `depth` are open.
  void leave_to(std::size_t depth);

  void declare(Binding binding) { bindings_.push_back(std::move(binding)); }
  /// Null when there is none. Valid until the next declare.
  Binding* find(std::string_view name);
  const Binding* find(std::string_view name) const;
  const std::vector<Binding>& all() const { return bindings_; }

  /// Positions of the variables (`var`) among these names; stable while their scope is open.
  std::vector<std::size_t> variables(const std::set<std::string>& names) const;
  Binding& at(std::size_t position) { return bindings_[position]; }

 private:
  std::vector<Binding> bindings_;
  std::vector<std::size_t> marks_;
};

}  // namespace tile::sema
