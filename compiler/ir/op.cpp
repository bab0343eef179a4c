// See op.h.
#include "compiler/ir/op.h"

#include <string>
#include <type_traits>
#include <unordered_map>

#include <fmt/format.h>

#include "compiler/base/check.h"

namespace tile::ir {

namespace {

/// Position of A in the Attributes variant.
template <class A, std::size_t index = 0>
constexpr std::size_t attributes_index() {
  if constexpr (std::is_same_v<A, std::variant_alternative_t<index, Attributes>>) {
    return index;
  } else {
    return attributes_index<A, index + 1>();
  }
}

/// Number of names in "(lhs, rhs)".
consteval int count_names(std::string_view list) {
  if (list == "()") return 0;
  int count = 1;
  for (char c : list) count += c == ',' ? 1 : 0;
  return count;
}

using enum ResultRule;
using enum Effects;
using enum Stage;
using enum Traits;

constexpr std::array<OpInfo, op_count> table = {{
#define TILE_OP(name, text, operands, attributes, result, effects, stage, traits, meaning) \
  {#name, text, #operands, count_names(#operands), attributes_index<attributes>(), result, \
   effects, stage, traits, meaning},
#include "compiler/ir/ops.def"
#undef TILE_OP
}};

}  // namespace

const OpInfo& info(OpCode code) {
  const auto index = static_cast<std::size_t>(code);
  TILE_CHECK(index < table.size(), "opcode out of range");
  return table[index];
}

const std::array<OpInfo, op_count>& all_ops() { return table; }

std::optional<OpCode> op_from_text(std::string_view text) {
  for (std::size_t index = 0; index < table.size(); ++index) {
    if (table[index].text == text) return static_cast<OpCode>(index);
  }
  return std::nullopt;
}

}  // namespace tile::ir
