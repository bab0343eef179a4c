// The syntax tree of one file: plain structs in flat vectors, referring to each other by typed ids,
// each with its Span. Nothing is resolved: names are texts, and `T(x)` may turn out to be a call or
// a cast. Nodes are trivially copyable; lists are ranges in pools of the Ast, texts live in its
// store.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "compiler/base/ids.h"
#include "compiler/source/source_file.h"

namespace tile {

using ExprId = Id<struct ExprTag>;
using StmtId = Id<struct StmtTag>;

/// A range in the Ast's pool of T; read it with `ast.items_of(list)`.
template <class T>
struct List {
  std::uint32_t first = 0;
  std::uint32_t count = 0;

  bool is_empty() const { return count == 0; }
};

/// An identifier and where it stands. The text lives as long as the Ast. Empty text: absent.
struct Name {
  std::string_view text;
  Span span;

  bool is_empty() const { return text.empty(); }
};

// ---- Expressions --------------------------------------------------------------------------------

enum class UnaryOp : std::uint8_t { Negate, Not, BitNot };

enum class BinaryOp : std::uint8_t {
  Or,
  And,  // || &&
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  BitOr,
  BitXor,
  BitAnd,
  ShiftLeft,
  ShiftRight,
  Add,
  Subtract,
  Multiply,
  Divide,
  Remainder,
};

std::string_view text(UnaryOp op);   // "-"
std::string_view text(BinaryOp op);  // "+"

/// One entry of `x[...]`.
struct Index {
  enum class Kind : std::uint8_t {
    Single,   // `i`: a scalar, or a rank-1 tile (gather, scatter); in `start`
    Range,    // `start +: extent`
    Full,     // `:`
    NewAxis,  // `None`
  };
  Span span;
  Kind kind = Kind::Single;
  ExprId start;
  ExprId extent;
};

/// One entry of `<...>` in a call or an instance: `N = 3`, or `f32` alone (then `name` is empty).
struct GenericArgument {
  Span span;
  Name name;
  ExprId value;
};

struct Expr {
  enum class Kind : std::uint8_t {
    Error,      // reported already
    Integer,    // `integer`: the value, up to 2^64 - 1; a sign is a Negate around it
    Float,      // `real` and `single` (both rounded once from the text); also `inf` and `nan`
    Bool,       // `boolean`
    String,     // `text`, escapes resolved; an argument of print, assert, static_assert
    NameRef,    // `name`: variable, parameter, size, constant, function or precision
    TypeName,   // `name`: an element type as value of a generic argument (`f32`)
    Tuple,      // `operands`, two or more
    Unary,      // `unary`, `operands[0]`
    Binary,     // `binary`, `operands[0..1]`; `operator_span`
    Call,       // `name`, `generics`, `shape` (if has_shape), `operands` (the arguments)
    Cast,       // `name` (an element type), `operands[0]`
    Subscript,  // `base`, `indices`, `pad` (may be none)
  };

  Span span;
  Kind kind = Kind::Error;
  UnaryOp unary = UnaryOp::Negate;
  BinaryOp binary = BinaryOp::Add;
  bool boolean = false;
  bool has_shape = false;      // Call: `zeros<f32>[M, N]`, `full<f32>[M](v)`
  bool has_arguments = false;  // Call: false for `zeros<f32>[M]`
  float single = 0;
  std::uint64_t integer = 0;
  double real = 0;
  std::string_view text;  // String: the value. Integer, Float: as written.
  Name name;
  Span operator_span;  // Unary, Binary
  List<ExprId> operands;
  List<GenericArgument> generics;
  List<ExprId> shape;
  ExprId base;
  List<Index> indices;
  ExprId pad;
};

// ---- Types --------------------------------------------------------------------------------------

/// A type as written. Only tensors (kernel parameters) have an access other than In.
struct TypeSyntax {
  enum class Access : std::uint8_t { In, Out, InOut, UnorderedOut };
  enum class Shape : std::uint8_t {
    Scalar,  // `f32`
    Any,     // `f32[...]`
    Dims,    // `f32[M, N]`; `dims` (may be empty: `tensor<f32>[]`)
  };
  Span span;  // empty file: absent (`let` without a type)
  Access access = Access::In;
  bool is_tensor = false;
  std::string_view reason;  // UnorderedOut
  Name element;             // "f32" or a compile-time parameter of kind `type`
  Shape shape = Shape::Scalar;
  List<ExprId> dims;

  bool is_absent() const { return span.file.is_none(); }
};

// ---- Statements ---------------------------------------------------------------------------------

struct Block {
  Span span;  // with the braces
  List<StmtId> statements;
};

enum class AssignOp : std::uint8_t { Plain, Add, Subtract, Multiply, Divide };

std::string_view text(AssignOp op);  // "+="

struct Stmt {
  enum class Kind : std::uint8_t {
    Let,     // `is_var`, `names`, `is_tuple`, `type` (may be absent), `value`
    Assign,  // `name`, `assign`, `value`
    Store,   // `name`, `indices`, `assign`, `value`
    For,     // `is_const`, `name`, `begin`, `end`, `step` (may be none), `body`
    While,   // `value`, `body`
    If,      // `is_const`, `value`, `body`, `otherwise` (if has_else; `else if`: a block of one If)
    Return,  // `values`
    Break,
    Expr,  // `value`, a Call
  };

  Span span;
  Kind kind = Kind::Break;
  bool is_var = false;
  bool is_tuple = false;
  bool is_const = false;
  bool has_else = false;
  AssignOp assign = AssignOp::Plain;
  Name name;         // Assign, Store: the target; For: the variable
  List<Name> names;  // Let
  TypeSyntax type;   // Let
  List<Index> indices;
  Span target_span;  // Assign, Store: `c[i, j]`
  ExprId value;
  ExprId begin;
  ExprId end;
  ExprId step;
  List<ExprId> values;
  Block body;
  Block otherwise;
};

// ---- Items --------------------------------------------------------------------------------------

enum class GenericKind : std::uint8_t { Int, Bool, Precision, Type, Function };

std::string_view text(GenericKind kind);  // "int"

/// `const P: precision = fp32`, `tune BM: int`.
struct GenericParameter {
  Span span;
  bool is_tune = false;
  Name name;
  GenericKind kind = GenericKind::Int;
  ExprId default_value;  // may be none
};

struct Parameter {
  Span span;
  Name name;
  TypeSyntax type;
};

struct Kernel {
  Span span;
  std::string_view doc;  // lines of `///` without the slashes, joined by newlines
  Name name;
  List<GenericParameter> generics;
  List<Parameter> parameters;
  Span grid_span;
  List<ExprId> grid;
  Block body;
};

struct Function {
  Span span;
  std::string_view doc;
  bool is_noinline = false;
  Name name;
  List<GenericParameter> generics;
  List<Parameter> parameters;
  List<TypeSyntax> results;  // empty: none; two or more were written in parentheses
  Name real_meaning;         // `real exp`; may be empty
  Block body;
};

/// `BM = 128;` in a schedule.
struct ScheduleSetting {
  Span span;
  Name name;
  ExprId value;
};

/// `BM in {64, 128};` in a `search` block of a schedule.
struct SearchRange {
  Span span;
  Name name;
  List<ExprId> values;
};

struct Schedule {
  Span span;
  std::string_view doc;
  Name kernel;
  Name target;  // "x86-64-v3"
  ExprId when;  // may be none
  List<ScheduleSetting> settings;
  List<SearchRange> search;
};

/// `instantiate matmul<P = tf32>;`
struct Instantiation {
  Span span;
  Name kernel;
  List<GenericArgument> arguments;
};

/// One item in file order; `index` is its place in the Ast's vector of that kind.
struct Item {
  enum class Kind : std::uint8_t { Kernel, Function, Schedule, Instantiation };
  Kind kind = Kind::Kernel;
  std::uint32_t index = 0;
};

// ---- The tree -----------------------------------------------------------------------------------

class Ast {
 public:
  FileId file;
  std::vector<Item> items;
  std::vector<Kernel> kernels;
  std::vector<Function> functions;
  std::vector<Schedule> schedules;
  std::vector<Instantiation> instantiations;

  const Expr& operator[](ExprId id) const { return exprs_[id]; }
  const Stmt& operator[](StmtId id) const { return stmts_[id]; }
  std::size_t expr_count() const { return exprs_.size(); }
  std::size_t stmt_count() const { return stmts_.size(); }

  template <class T>
  std::span<const T> items_of(List<T> list) const {
    return std::span<const T>(std::get<std::vector<T>>(pools_)).subspan(list.first, list.count);
  }
  ExprId operand(const Expr& expr, std::size_t i) const { return items_of(expr.operands)[i]; }

  // For the parser.
  Expr& edit(ExprId id) { return exprs_[id]; }
  ExprId add(const Expr& expr) { return exprs_.push_back(expr); }
  StmtId add(const Stmt& stmt) { return stmts_.push_back(stmt); }
  template <class T>
  List<T> add_list(const std::vector<T>& list) {
    auto& pool = std::get<std::vector<T>>(pools_);
    List<T> result{static_cast<std::uint32_t>(pool.size()),
                   static_cast<std::uint32_t>(list.size())};
    pool.insert(pool.end(), list.begin(), list.end());
    return result;
  }
  /// Copies a text to where it lives as long as the Ast (also when the Ast is moved).
  std::string_view keep(std::string_view text);

 private:
  EntityVector<ExprId, Expr> exprs_;
  EntityVector<StmtId, Stmt> stmts_;
  std::tuple<std::vector<ExprId>, std::vector<StmtId>, std::vector<Name>, std::vector<Index>,
             std::vector<GenericArgument>, std::vector<GenericParameter>, std::vector<Parameter>,
             std::vector<TypeSyntax>, std::vector<ScheduleSetting>, std::vector<SearchRange>>
      pools_;
  std::vector<std::unique_ptr<char[]>> text_chunks_;
  std::size_t chunk_used_ = 0;
  std::size_t chunk_size_ = 0;
};

/// The whole tree as indented lines, one node a line, without positions.
std::string print(const Ast& ast);

static_assert(std::is_trivially_copyable_v<Expr> && std::is_trivially_copyable_v<Stmt> &&
              std::is_trivially_copyable_v<Kernel> && std::is_trivially_copyable_v<Function>);

}  // namespace tile
