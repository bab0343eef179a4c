// What ops.def says, as C++: the opcode enum, operand positions (op::Dot::acc == 2), attribute
// types and one constexpr OpInfo per op. Everything mechanical (printer, reader, builder, verifier,
// legality of removing, sharing and moving) is derived from OpInfo; behaviour lives in exhaustive
// switches elsewhere.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/ir/attributes.h"

namespace tile::ir {

enum class OpCode : std::uint8_t {
#define TILE_OP(name, ...) name,
#include "compiler/ir/ops.def"
#undef TILE_OP
};

enum class ResultRule : std::uint8_t {
  NoResult,
  SameAsFirst,
  SameAsLast,
  BoolOfFirst,
  Explicit,
  Several
};
enum class Effects : std::uint8_t { Pure, Reads, Writes, Control };
enum class Stage : std::uint8_t { Tile, Scheduled };
enum class Traits : std::uint8_t { None, Elementwise, Commutes, Variadic, Terminator };

struct OpInfo {
  std::string_view name;         // "Dot"
  std::string_view text;         // "dot"
  std::string_view operands;     // "(lhs, rhs, acc)"
  int operand_count;             // with Variadic: the last name may stand for any number, also none
  std::size_t attributes_index;  // position in the Attributes variant
  ResultRule result;
  Effects effects;
  Stage stage;
  Traits traits;
  std::string_view meaning;

  constexpr bool is_elementwise() const {
    return traits == Traits::Elementwise || traits == Traits::Commutes;
  }
  constexpr bool is_variadic() const {
    return traits == Traits::Variadic || traits == Traits::Terminator;
  }
};

constexpr std::size_t op_count = 0
#define TILE_OP(...) +1
#include "compiler/ir/ops.def"
#undef TILE_OP
    ;

const OpInfo& info(OpCode code);
std::optional<OpCode> op_from_text(std::string_view text);
/// All ops in table order.
const std::array<OpInfo, op_count>& all_ops();
/// The table as Markdown, as it stands in docs/ir.md.
std::string op_reference();

/// Operand positions by name: op::Dot::acc == 2. (A parenthesised list becomes enumerators.)
namespace op {
#define TILE_OP_UNPACK(...) __VA_ARGS__
#define TILE_OP(name, text, operand_list, attributes, ...)    \
  namespace name {                                            \
  enum Operand : std::size_t { TILE_OP_UNPACK operand_list }; \
  using Attributes = ::tile::ir::attributes;                  \
  }
#include "compiler/ir/ops.def"
#undef TILE_OP
#undef TILE_OP_UNPACK
}  // namespace op

}  // namespace tile::ir
