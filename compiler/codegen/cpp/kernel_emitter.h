// The state of writing one kernel's text: names of values and parameters, the lines so far, which
// parts of the prelude they need. control.cpp walks blocks and steps with it; nest_emitter.h does
// loop nests.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "compiler/base/stride_class.h"
#include "compiler/ir/function.h"
#include "compiler/schedule/plan.h"
#include "compiler/schedule/target.h"

namespace tile::codegen {

/// A value inside an expression: the name of a C++ local or a literal.
struct Term {
  std::string text;
  unsigned dims = 0;       // bit d: depends on the index of the nest's dimension d
  bool is_vector = false;  // one lane per element along the nest's vector dimension
};

class KernelEmitter {
 public:
  KernelEmitter(const ir::Module& module, const schedule::Plan& plan,
                std::span<const StrideClass> strides, const schedule::Target& target);
  std::string run();

  const ir::Function& function() const { return function_; }
  const schedule::Plan& plan() const { return plan_; }
  int lanes() const { return target_.lanes(); }

  // Text. Lines carry no indentation; it is added at the end, from the braces.
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    text_ += fmt::format(format, std::forward<Args>(args)...) + '\n';
  }
  void append(std::string_view lines) { text_ += lines; }

  // Names.
  std::string fresh(std::string_view hint);
  std::string fresh(ir::ValueId value);
  void bind(ir::ValueId value, std::string name) { names_[value] = std::move(name); }
  /// The scalar's local, or the literal that it is.
  std::string scalar(ir::ValueId value);

  // Parameters: what is asked for is declared at the top of the function.
  std::string tensor(ir::ValueId tensor);
  std::string size(int parameter, int dimension);
  std::string size(ir::ValueId tensor, std::size_t dimension);
  /// "1" and "0" where the stride class says so.
  std::string stride(ir::ValueId tensor, std::size_t dimension);
  std::string buffer(schedule::BufferId buffer);
  /// How many of `extent` elements the limit leaves.
  std::string count(const schedule::Limit& limit, std::int64_t extent);

  // control.cpp
  void emit_block(ir::BlockId block);

  // dot.cpp
  void emit_dot(const schedule::Dot& dot);

 private:
  void emit_grid();
  void emit_run();
  std::string prologue(bool is_grid);
  void emit_scalar(ir::OpId op);
  void emit_for(const ir::Op& op);
  void emit_while(const ir::Op& op);
  void emit_if(const ir::Op& op);
  void declare_carried(const ir::Op& op, std::size_t first_init, std::size_t first_argument);
  void assign(std::span<const ir::ValueId> values, std::span<const ir::ValueId> targets);

  const ir::Function& function_;
  const schedule::Plan& plan_;
  std::span<const StrideClass> strides_;
  const schedule::Target& target_;
  std::string text_;
  EntityVector<ir::ValueId, std::string> names_;
  std::map<std::string, int, std::less<>> taken_;
  std::vector<std::size_t> first_word_;      // of each parameter, among the argument words
  std::map<std::size_t, std::string> used_;  // argument word -> declaration
  std::set<std::string> program_ids_;
  EntityVector<schedule::BufferId, std::string> buffers_;
};

// elementwise.cpp
std::string scalar_type(ir::ElementType element);  // "float"; "bool" for Bool
std::string memory_type(ir::ElementType element);  // "unsigned char" for Bool
std::string vector_type(ir::ElementType element);  // "v::f32"; "v::mask" for Bool
std::string literal(const ir::Scalar& value);
/// The vector of a scalar term.
std::string splat(const Term& term, ir::ElementType element);
/// An element-wise op on terms that are all scalars or all vectors.
std::string elementwise(const ir::Function& function, const ir::Op& op,
                        std::span<const std::string> operands, bool is_vector);

}  // namespace tile::codegen
