// The op table as documentation: the table in docs/ir.md is this text, and a test keeps it so.
#include <fmt/format.h>

#include "compiler/ir/op.h"
#include "compiler/base/check.h"

namespace tile::ir {

namespace {

std::string_view words(ResultRule rule) {
  switch (rule) {
    case ResultRule::NoResult: return "none";
    case ResultRule::SameAsFirst: return "as first";
    case ResultRule::SameAsLast: return "as last";
    case ResultRule::BoolOfFirst: return "bool";
    case ResultRule::Explicit: return "one";
    case ResultRule::Several: return "any number";
  }
  TILE_UNREACHABLE("result rule");
}

std::string_view words(Effects effects) {
  switch (effects) {
    case Effects::Pure: return "pure";
    case Effects::Reads: return "reads";
    case Effects::Writes: return "writes";
    case Effects::Control: return "control";
  }
  TILE_UNREACHABLE("effects");
}

std::string_view words(Traits traits) {
  switch (traits) {
    case Traits::None: return "";
    case Traits::Elementwise: return "element-wise";
    case Traits::Commutes: return "element-wise, commutes";
    case Traits::Variadic: return "variadic";
    case Traits::Terminator: return "terminator, variadic";
  }
  TILE_UNREACHABLE("traits");
}

/// What the attribute structs hold, in the order of the Attributes variant.
constexpr std::array<std::string_view, std::variant_size_v<Attributes>> attribute_words = {
    "",           "value",               "axis",      "predicate", "order", "offsets",
    "kind, axis", "kind, axis, reverse", "precision", "dims, pad", "callee", "text"};

}  // namespace

std::string op_reference() {
  std::string text =
      "| op | operands | attributes | result | effects | traits | meaning |\n"
      "|---|---|---|---|---|---|---|\n";
  for (const OpInfo& op : all_ops()) {
    text += fmt::format("| `{}` | {} | {} | {} | {} | {} | {} |\n", op.text,
                        op.operands.substr(1, op.operands.size() - 2),
                        attribute_words[op.attributes_index], words(op.result), words(op.effects),
                        words(op.traits), op.meaning);
  }
  return text;
}

}  // namespace tile::ir
