// What an expression stands for while a body is checked: a compile-time value (integer, boolean,
// float literal, element type, precision, function), a tile or a tensor of the IR being built, or a
// tuple. Compile-time values stay outside the IR until an operation needs them in a tile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/ir/function.h"

namespace tile::sema {

struct FunctionDecl;

struct Value {
  enum class Kind : std::uint8_t {
    Error,      // poisoned by a reported mistake
    None,       // a call without results
    Int,        // untyped integer: takes the other operand's integer type, i64 alone
    Bool,
    Float,      // an f32 literal
    Element,    // an element type
    Precision,
    Function,   // `function`, or the builtin called `name`
    Tuple,
    Tensor,     // a kernel's tensor parameter
    Tile,       // a value of the IR; scalars included
  };

  Kind kind = Kind::Error;
  std::int64_t integer = 0;  // Int; Bool as 0 or 1
  float real = 0;            // Float
  ir::ElementType element = ir::ElementType::F32;
  ir::Precision precision = ir::Precision::Fp32;
  const FunctionDecl* function = nullptr;
  std::string name;              // Function: of a builtin
  std::vector<Value> elements;   // Tuple
  ir::ValueId id;                // Tensor, Tile
  ir::Type type;                 // Tensor, Tile
  ir::Access access = ir::Access::In;  // Tensor

  static Value error() { return {}; }
  static Value none();
  static Value of_int(std::int64_t value);
  static Value of_bool(bool value);
  static Value of_float(float value);
  static Value of_element(ir::ElementType element);
  static Value of_precision(ir::Precision precision);
  static Value of_function(const FunctionDecl* function);
  static Value of_builtin(std::string name);
  static Value of_tuple(std::vector<Value> elements);
  static Value of_tensor(ir::ValueId id, ir::Type type, ir::Access access);
  static Value of_tile(ir::ValueId id, ir::Type type);

  bool is_error() const { return kind == Kind::Error; }
  bool is_int() const { return kind == Kind::Int; }
  bool is_tile() const { return kind == Kind::Tile; }
  bool is_tensor() const { return kind == Kind::Tensor; }
  /// Known to the compiler: may be the argument of a `const` parameter.
  bool is_constant() const;
  /// Can be (or become) a tile: Int, Bool, Float, Tile.
  bool is_data() const;
};

/// Compile-time values as after `--set`: "64", "true", "tf32", "f32", "silu". Others: what they
/// are, for messages: "an integer constant", "f32[64, 32]", "a tuple of 2 values".
std::string to_string(const Value& value);
std::string describe(const Value& value);

/// Same compile-time value (both constants).
bool same_constant(const Value& a, const Value& b);

std::string_view to_string(ir::Precision precision);

}  // namespace tile::sema
