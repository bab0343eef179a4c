// The walk over one body: checks statements and expressions and emits tile IR as it goes, for one
// set of compile-time arguments. The methods are spread by topic: conversions.cpp,
// written_types.cpp, expressions.cpp, memory.cpp, calls.cpp, statements.cpp, control.cpp and,
// behind a table, builtins_*.cpp.
//
// Variables become SSA by carrying: a loop or branch region takes and yields every `var` of the
// outside that its statements assign. A region being filled is a Frame; `break` and `return` end
// its frame early, which `run` arranges by moving the rest of the block into the other branch of
// the `if` around them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "compiler/ir/builder.h"
#include "compiler/sema/builtins.h"
#include "compiler/sema/declarations.h"
#include "compiler/sema/scope.h"

namespace tile::sema {

/// A function checked for one set of compile-time arguments and argument types.
struct FunctionInstance {
  ir::FunctionId id;
  std::vector<ir::Type> result_types;
  bool is_ok = false;
};

/// What all bodies of one kernel instance share.
struct Unit {
  const Declarations& declarations;
  Diagnostics& diagnostics;
  ir::Module module;
  std::map<std::string, FunctionInstance> instances;
  std::vector<const FunctionDecl*> active;  // functions being checked, outermost first
  std::set<const FunctionDecl*> used;       // functions that were checked
  std::int64_t steps = 0;                   // statements walked, loops of `for const` included
  bool failed = false;

  template <class... Args>
  Diagnostics::Builder report(Span span, Kind kind, const Args&... args) {
    failed = true;
    return diagnostics.report(span, kind, args...);
  }
};

/// What remains to be done in a frame: the rest of a block, then (`next`) the rest of the block
/// around it.
struct Cursor {
  std::span<const StmtId> rest;
  std::shared_ptr<const Cursor> next;  // null: the frame ends here
  const Stmt* const_loop = nullptr;    // this block is an iteration of a `for const`
  std::int64_t index = 0;              // const_loop: of this iteration
  std::int64_t end = 0;
  std::int64_t step = 1;
};

/// A region being filled, and what it must yield.
struct Frame {
  enum class Kind : std::uint8_t { Function, Loop, Branch };
  enum class Exit : std::uint8_t { End, Break, Return };
  Kind kind = Kind::Function;
  std::vector<std::size_t> carried;  // Loop, Branch: places in the scope of variables; yielded last
  // Loop that can be left early. Yields, before the variables: the next index (if it counts),
  // whether the loop is left, and (can_return) whether the function returns, with its results.
  bool can_leave = false;
  bool can_return = false;
  ir::ValueId index;
  std::int64_t step = 1;
};

class Body {
 public:
  Body(Unit& unit, const Ast& ast, ir::Function& function);

  // Set-up, used by instantiate.cpp.
  Unit& unit() { return unit_; }
  const Ast& ast() const { return ast_; }
  Scope& scope() { return scope_; }
  ir::Builder& builder() { return builder_; }
  ir::Function& function() { return builder_.function(); }
  void set_grid_rank(int rank) { grid_rank_ = rank; }
  int grid_rank() const { return grid_rank_; }
  /// Declares a name; reports when it is taken.
  void declare(Binding binding);
  /// Checks the whole body, `result_types` of the function being set; ends in a yield.
  void run_body(const Block& block);

  // expressions.cpp
  Value expression(ExprId id);
  /// What the name stands for. `is_call`: only for the message when it stands for nothing.
  Value name(const Name& name, bool is_call = false);
  Value binary(BinaryOp op, const Argument& lhs, const Argument& rhs, Span span);
  Value cast(const Argument& argument, ir::ElementType to, Span span);

  // written_types.cpp
  /// A compile-time value; reports otherwise. `what` names it: "an extent".
  Value constant(ExprId id, std::string_view what);
  std::optional<std::int64_t> constant_int(const Argument& argument, std::string_view what);
  std::optional<std::int64_t> constant_int(ExprId id, std::string_view what);
  /// Element type written as `f32` or as a parameter of kind `type`.
  std::optional<ir::ElementType> element_type(const Name& name);
  /// Extents of a tile from the arguments of `[...]`; reports wrong ones.
  std::optional<ir::Shape> extents(const std::vector<Argument>& arguments, Span span);
  std::optional<ir::Type> written_type(const TypeSyntax& syntax);

  // conversions.cpp: from Values to IR values. Nothing (and a report) when it cannot be.
  /// Any data as a tile; an untyped integer becomes i64.
  std::optional<Value> tile(const Argument& argument);
  /// Data as a tile of this element type, any shape.
  std::optional<Value> tile_of(const Argument& argument, ir::ElementType element);
  /// Data as a tile of exactly this type; scalars are repeated.
  std::optional<ir::ValueId> fit(const Argument& argument, const ir::Type& type);
  /// A scalar i64: an index, a bound, a size. i32 scalars are widened.
  std::optional<ir::ValueId> index_scalar(const Argument& argument, std::string_view what);
  std::optional<ir::ValueId> scalar_condition(const Argument& argument);
  /// Element-wise operands brought to one element type and shape.
  std::optional<std::vector<ir::ValueId>> unify(const std::vector<Argument>& arguments, Span span);
  std::optional<ir::ElementType> common_element(const std::vector<Argument>& arguments, Span span);
  std::optional<ir::Shape> common_shape(const std::vector<Argument>& arguments, Span span);
  Value tile_value(ir::ValueId id);
  void shape_mismatch(Span span, const Argument& lhs, const Argument& rhs);
  bool require_accepted(ir::OpCode code, std::string_view name, ir::ElementType element, Span span);

  // calls.cpp
  Value call_function(const FunctionDecl& decl, const Call& call,
                      const std::vector<std::pair<Name, Argument>>& named);
  /// Calls a Function value, builtin or not, as element of a reduction or scan.
  Value call_value(const Argument& callee, std::vector<Argument> arguments, Span span);

  template <class... Args>
  Diagnostics::Builder report(Span span, Kind kind, const Args&... args) {
    return unit_.report(span, kind, args...);
  }
  /// Where a value came from: a note at its name's definition, or at the expression itself.
  void note_origin(Diagnostics::Builder& builder, const Argument& argument);

 private:
  // expressions.cpp
  Value evaluate(const Expr& expr);
  Value integer_literal(const Expr& expr, bool is_negative);
  Value unary(const Expr& expr);
  Value unknown_name(const Name& name, bool is_call);
  Value logical(BinaryOp op, const Argument& lhs, const Argument& rhs, Span span);
  Value compare(BinaryOp op, const Argument& lhs, const Argument& rhs, Span span);

  // calls.cpp
  Value call(const Expr& expr);
  Value call_builtin(const Builtin& builtin, const Expr& expr);
  bool collect_call(const Expr& expr, Call& call, std::vector<std::pair<Name, Argument>>* named);

  // memory.cpp
  Value subscript(const Expr& expr);
  Value load(const Argument& tensor, const Expr& expr);
  Value view_tile(const Argument& tile, const Expr& expr);
  struct Accessed {
    std::vector<ir::ValueId> indices;
    ir::AccessAttrs access;
  };
  std::optional<Accessed> access(const Argument& tensor, std::span<const Index> indices,
                                 bool has_pad, Span span);
  bool access_dimension(const Argument& tensor, const Index& index, bool has_pad, Accessed& out);
  bool access_whole(const Argument& tensor, const Index& index, Accessed& out);
  void store(const Stmt& stmt);

  // statements.cpp
  void statement(const Stmt& stmt);
  void let(const Stmt& stmt);
  void bind(const Name& name, const Argument& value, bool is_var);
  void assign(const Stmt& stmt);
  void call_statement(const Stmt& stmt);

  // control.cpp
  void run(Cursor here);
  bool advance(Cursor& here);
  Cursor enter(const Block& block, const Cursor* next);
  void fill(ir::BlockId region, const Block& block, Frame frame);
  void end_frame(Frame::Exit exit, const std::vector<ir::ValueId>& results);
  std::vector<ir::Type> frame_types(const Frame& frame);
  void split_if(const Stmt& stmt, const Cursor& here);
  void branch(const Stmt& stmt);
  void const_branch(const Stmt& stmt, Cursor& here);
  void for_const(const Stmt& stmt, Cursor& here);
  void do_return(const Stmt& stmt);
  bool do_break(const Stmt& stmt, Cursor& here);
  void report_unreachable(const Cursor& here);

  // loops.cpp. True: what follows the loop has been dealt with, because the loop can return.
  bool loop(const Stmt& stmt, const Cursor& here);
  void plain_for(const Stmt& stmt, ir::ValueId begin, ir::ValueId end, std::int64_t step);
  bool general_loop(const Stmt& stmt, ir::ValueId begin, ir::ValueId end, std::int64_t step,
                    const Cursor& here);
  void loop_condition(const Stmt& stmt, ir::ValueId end, const Frame& frame,
                      std::span<const ir::ValueId> arguments);
  void return_or_continue(ir::ValueId returned, std::vector<ir::ValueId> results,
                          const Cursor& here);
  std::optional<ir::ValueId> loop_bound(ExprId id);
  std::vector<ir::ValueId> zero_results();
  std::vector<std::size_t> carried_variables(std::span<const Block> blocks);
  std::vector<ir::ValueId> carried_values(const std::vector<std::size_t>& carried);
  void set_carried(const std::vector<std::size_t>& carried, std::span<const ir::ValueId> values);

  Unit& unit_;
  const Ast& ast_;
  ir::Builder builder_;
  Scope scope_;
  std::vector<Frame> frames_;
  std::map<std::string, Span, std::less<>> locals_;  // every local name the body declares somewhere
  int split_depth_ = 0;                              // of split_if in each other
  int grid_rank_ = 0;                                // 0: not in a kernel
  Span name_span_;                                   // of the kernel or function
};

/// `+` of `+=`; never for a plain assignment.
BinaryOp binary_of(AssignOp op);

}  // namespace tile::sema
