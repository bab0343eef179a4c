// Sizes of tensors: constants, and one `dim` per size symbol.
#include <charconv>

#include "compiler/passes/rules/rules.h"

namespace tile::passes {

using namespace ir;

namespace {

enum Capture : int { X };

/// The size as the parameter's type writes it: a symbol or a decimal constant.
const std::string& size_text(const Function& function, ValueId tensor, int axis) {
  const Value& value = function.values[tensor];
  return function.parameters[value.index].sizes[static_cast<std::size_t>(axis)];
}

ValueId dim_constant(Match& m) {
  const int axis = std::get<AxisAttrs>(m.op().attributes).axis;
  const std::string& text = size_text(m.function(), m.values[X], axis);
  std::int64_t size = 0;
  const auto end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, size);
  if (result.ec != std::errc() || result.ptr != end) return ValueId();
  return m.result_constant(size);
}

/// The launcher checks that a symbol has one size wherever it stands, so all its dims are the first
/// one.
ValueId dim_symbol(Match& m) {
  const Function& function = m.function();
  const int axis = std::get<AxisAttrs>(m.op().attributes).axis;
  const std::string& symbol = size_text(function, m.values[X], axis);
  const std::vector<ValueId>& parameters = function.blocks[function.body].arguments;
  for (std::size_t index = 0; index < parameters.size(); ++index) {
    const std::vector<std::string>& sizes = function.parameters[index].sizes;
    for (std::size_t at = 0; at < sizes.size(); ++at) {
      if (sizes[at] != symbol) continue;
      const auto first_axis = static_cast<int>(at);
      if (parameters[index] == m.values[X] && first_axis == axis) return ValueId();
      return m.build.dim(parameters[index], first_axis);
    }
  }
  return ValueId();
}

}  // namespace

std::span<const Rule> memory_rules() {
  using enum OpCode;
  static const std::vector<Rule> rules = {
      {"dim-constant", Domain::Any, op(Dim, any(X)), dim_constant},
      {"dim-symbol", Domain::Any, op(Dim, any(X)), dim_symbol},
  };
  return rules;
}

}  // namespace tile::passes
