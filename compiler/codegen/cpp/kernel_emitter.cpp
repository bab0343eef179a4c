// See kernel_emitter.h. The frame of the text: prelude, the two entry points, parameters, names.
#include "compiler/codegen/cpp/kernel_emitter.h"

#include <algorithm>
#include <array>

#include "compiler/base/embedded.h"
#include "compiler/codegen/cpp/emit.h"
#include "compiler/ir/argument_words.h"

namespace tile::codegen {

using ir::OpCode;
using ir::OpId;
using ir::ValueId;

namespace {

/// Words that a local may not be called, and the parameters of the entry points.
constexpr auto reserved = std::to_array<std::string_view>(
    {"alignas",  "alignof", "and",     "arguments", "asm",       "auto",     "begin",    "bool",
     "break",    "case",    "catch",   "char",      "class",     "const",    "continue", "default",
     "delete",   "do",      "double",  "else",      "end",       "enum",     "explicit", "export",
     "extents",  "extern",  "false",   "float",     "for",       "friend",   "goto",     "if",
     "inline",   "int",     "long",    "mutable",   "namespace", "new",      "not",      "nullptr",
     "operator", "or",      "private", "program",   "protected", "public",   "register", "return",
     "scratch",  "short",   "signed",  "sizeof",    "static",    "struct",   "switch",   "template",
     "this",     "throw",   "true",    "try",       "typedef",   "typeid",   "typename", "union",
     "unsigned", "using",   "v",       "virtual",   "void",      "volatile", "while",    "xor"});

std::string clean(std::string_view hint) {
  std::string name;
  for (const char c : hint) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool is_digit = c >= '0' && c <= '9';
    if (is_letter || (is_digit && !name.empty())) name += c;
  }
  return name;
}

/// Two spaces per open brace.
std::string indent(std::string_view text) {
  std::string result;
  int depth = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const int own = line.starts_with('}') ? 1 : 0;
    if (!line.empty()) result.append(static_cast<std::size_t>(2 * (depth - own)), ' ');
    result.append(line);
    result += '\n';
    depth += static_cast<int>(std::ranges::count(line, '{') - std::ranges::count(line, '}'));
  }
  return result;
}

/// The prelude's files are headers to an editor, but part of the main file here.
std::string without_pragma(std::string text) {
  constexpr std::string_view pragma = "#pragma once\n\n";
  const std::size_t at = text.find(pragma);
  return at == std::string::npos ? text : text.erase(at, pragma.size());
}

/// The prelude's parts that the text mentions, in their order of dependence.
std::string prelude(int lanes, std::string_view text) {
  struct Part {
    std::string_view file;
    std::vector<std::string_view> signs;
  };
  const Part parts[] = {
      {"vector.h", {""}},
      {"memory.h", {"v::load", "v::store", "v::inside_each", "v::dot"}},
      {"number.h",
       {"v::M", "v::min", "v::max", "v::abs", "v::floor", "v::ceil", "v::round", "v::sqrt",
        "v::fma", "v::convert", "v::saturate", "v::bitcast", "v::divide", "v::remainder",
        "v::shift", "v::mul_high", "v::dot"}},
      {"reduce.h", {"v::fold", "v::Add", "v::M", "v::And", "v::Or", "v::Xor"}},
      {"dot.h", {"v::dot"}},
  };
  std::string result = fmt::format("#define TILE_LANES {}\n", lanes);
  for (const Part& part : parts) {
    const bool is_needed = std::ranges::any_of(part.signs, [&](std::string_view sign) {
      return text.find(sign) != std::string_view::npos;
    });
    if (!is_needed) continue;
    for (const EmbeddedText* file = tile_prelude(); file->name != nullptr; ++file) {
      if (part.file == file->name) result += without_pragma(file->text);
    }
  }
  return result;
}

}  // namespace

std::string emit_cpp(const ir::Module& module, const schedule::Plan& plan,
                     std::span<const StrideClass> strides, const schedule::Target& target) {
  return KernelEmitter(module, plan, strides, target).run();
}

KernelEmitter::KernelEmitter(const ir::Module& module, const schedule::Plan& plan,
                             std::span<const StrideClass> strides, const schedule::Target& target)
    : function_(module.functions[module.kernel]), plan_(plan), strides_(strides), target_(target) {
  first_word_ = ir::first_words(function_);
}

std::string KernelEmitter::run() {
  std::string entries;
  for (const bool is_grid : {true, false}) {
    text_.clear();
    used_.clear();
    taken_.clear();
    for (const std::string_view word : reserved) taken_.emplace(word, 1);
    names_ = EntityVector<ValueId, std::string>(function_.values.size(), "");
    buffers_ = EntityVector<schedule::BufferId, std::string>(plan_.buffers.size(), "");
    // Parameters have the first right to their names.
    for (const ir::Parameter& parameter : function_.parameters) taken_.emplace(parameter.name, 1);
    is_grid ? emit_grid() : emit_run();
    entries += text_ + '\n';
  }
  const std::string title =
      fmt::format("// Kernel {}{}, for {}.\n", function_.name,
                  function_.instance.empty() ? "" : "<" + function_.instance + ">", target_.name);
  return title + prelude(lanes(), entries) + '\n' + indent(entries);
}

void KernelEmitter::emit_grid() {
  const std::vector<OpId>& ops = function_.blocks[function_.grid].ops;
  for (const OpId op : ops) {
    if (function_.ops[op].code != OpCode::Yield) emit_scalar(op);
  }
  const std::vector<ValueId>& extents = function_.ops[ops.back()].operands;
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    line("extents[{}] = {};", axis, scalar(extents[axis]));
  }
  text_ =
      fmt::format("extern \"C\" void {}(const long* arguments, long* extents) {{\n", grid_symbol) +
      prologue(true) + text_ + "}\n";
}

void KernelEmitter::emit_run() {
  emit_block(function_.body);
  std::string body = std::exchange(text_, "");
  line("extern \"C\" void {}(const long* arguments, const long* extents, long begin, long end,",
       run_symbol);
  line("{}void* scratch) {{", std::string(25, ' '));
  append(prologue(false));
  line("for (long program = begin; program < end; ++program) {{");
  const int rank = function_.grid_rank();
  std::string rest = "program";
  for (int axis = rank - 1; axis >= 0; --axis) {
    const std::string name = fmt::format("program_{}", axis);
    if (program_ids_.contains(name)) {
      line("const long {} = {}{};", name, rest,
           axis == 0 ? "" : fmt::format(" % extents[{}]", axis));
    }
    rest += fmt::format(" / extents[{}]", axis);
  }
  append(body);
  line("}}");
  line("}}");
}

/// Declarations of the parameters and buffers that were asked for.
std::string KernelEmitter::prologue(bool is_grid) {
  std::string lines;
  for (const auto& [word, declaration] : used_) lines += declaration + '\n';
  if (is_grid) return lines;
  for (std::uint32_t b = 0; b < buffers_.size(); ++b) {
    const schedule::Buffer& buffer = plan_.buffers[schedule::BufferId{b}];
    const std::string& name = buffers_[schedule::BufferId{b}];
    if (name.empty()) continue;
    const std::string type = memory_type(buffer.element);
    lines += fmt::format("{}* const {} = ({}*)((char*)scratch + {});  // {}{}\n", type, name, type,
                         buffer.offset, ir::name(buffer.element), ir::to_string(buffer.shape));
  }
  return lines;
}

std::string KernelEmitter::fresh(std::string_view hint) {
  std::string base = clean(hint);
  if (base.empty()) base = "t";
  const auto [entry, is_new] = taken_.emplace(base, 0);
  while (true) {
    const int number = entry->second++;
    if (number == 0) return base;
    std::string name = fmt::format("{}_{}", base, number);
    if (taken_.emplace(name, 1).second) return name;
  }
}

std::string KernelEmitter::fresh(ValueId value) { return fresh(function_.values[value].name); }

std::string KernelEmitter::scalar(ValueId value) {
  std::string& name = names_[value];
  if (!name.empty()) return name;
  if (const auto constant = function_.constant_value(value)) return literal(*constant);
  const ir::Value& facts = function_.values[value];
  TILE_CHECK(facts.block == function_.body, "a scalar is defined before it is used");
  const std::size_t word = first_word_[facts.index];
  name = function_.parameters[facts.index].name;
  if (std::ranges::find(reserved, name) != reserved.end()) name = fresh(name);
  const std::string type = scalar_type(facts.type.element);
  used_[word] =
      ir::is_float(facts.type.element)
          ? fmt::format("const float {} = __builtin_bit_cast(float, (unsigned)arguments[{}]);",
                        name, word)
          : fmt::format("const {} {} = ({})arguments[{}];", type, name, type, word);
  return name;
}

std::string KernelEmitter::tensor(ValueId tensor) {
  std::string& name = names_[tensor];
  if (!name.empty()) return name;
  const std::size_t index = function_.values[tensor].index;
  const ir::Parameter& parameter = function_.parameters[index];
  name = parameter.name;
  if (std::ranges::find(reserved, name) != reserved.end()) name = fresh(name);
  const std::string type = memory_type(function_.type(tensor).element);
  const std::string_view constant = parameter.access == ir::Access::In ? "const " : "";
  const std::size_t word = first_word_[index];
  used_[word] =
      fmt::format("{0}{1}* const {2} = ({0}{1}*)arguments[{3}];", constant, type, name, word);
  return name;
}

std::string KernelEmitter::size(int parameter, int dimension) {
  const auto index = static_cast<std::size_t>(parameter);
  const auto d = static_cast<std::size_t>(dimension);
  const std::size_t word = first_word_[index] + 1 + d;
  const std::string name = fmt::format("{}_size{}", function_.parameters[index].name, dimension);
  used_[word] = fmt::format("const long {} = arguments[{}];  // {}", name, word,
                            function_.parameters[index].sizes[d]);
  return name;
}

std::string KernelEmitter::size(ValueId tensor, std::size_t dimension) {
  return size(static_cast<int>(function_.values[tensor].index), static_cast<int>(dimension));
}

std::string KernelEmitter::stride(ValueId tensor, std::size_t dimension) {
  const StrideClass& strides = strides_[schedule::tensor_number(function_, tensor)];
  if (strides.unit_dim == static_cast<int>(dimension)) return "1";
  if (((strides.zero_dims >> dimension) & 1u) != 0) return "0";
  const std::size_t index = function_.values[tensor].index;
  const auto rank = static_cast<std::size_t>(function_.type(tensor).rank());
  const std::size_t word = first_word_[index] + 1 + rank + dimension;
  const std::string name = fmt::format("{}_stride{}", function_.parameters[index].name, dimension);
  used_[word] = fmt::format("const long {} = arguments[{}];", name, word);
  return name;
}

std::string KernelEmitter::buffer(schedule::BufferId id) {
  std::string& name = buffers_[id];
  if (name.empty()) {
    const std::string& hint = plan_.buffers[id].name;
    name = fresh(hint.empty() ? "buffer" : hint + "_tile");
  }
  return name;
}

std::string KernelEmitter::count(const schedule::Limit& limit, std::int64_t extent) {
  if (limit.is_none()) return fmt::format("{}", extent);
  const std::string total = size(limit.parameter, limit.dimension);
  const std::string start = scalar(limit.start);
  if (start == "0l") return fmt::format("v::valid({}, {})", total, extent);
  return fmt::format("v::valid({} - {}, {})", total, start, extent);
}

}  // namespace tile::codegen
