// The text form of tile IR (docs/ir.md), written so that reader.cpp gets the same module back.
// Names come from the source where it gave any, made unique with ".1"; other values are numbered as
// they appear.
#include <unordered_map>

#include <fmt/format.h>

#include "compiler/ir/function.h"
#include "compiler/ir/printer.h"

namespace tile::ir {

namespace {

std::string_view words(Access access) {
  switch (access) {
    case Access::In:
      return "";
    case Access::Out:
      return "out ";
    case Access::InOut:
      return "inout ";
    case Access::UnorderedOut:
      return "unordered out ";
  }
  TILE_UNREACHABLE("access");
}

/// Keeps what may stand in a name; a hint of other characters only becomes empty.
std::string clean(std::string_view hint) {
  std::string text;
  for (char c : hint) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (is_letter || (!text.empty() && c >= '0' && c <= '9')) text += c;
  }
  return text;
}

std::string quote(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '\n') {
      quoted += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

class Printer {
 public:
  Printer(const Function& function, const Module* module, const PrintOptions& options)
      : function_(function), module_(module), options_(options) {}

  std::string function();
  std::string op_line(OpId id);

 private:
  const std::string& value(ValueId id);
  std::string values(std::span<const ValueId> ids);
  void parameters();
  void block(BlockId id, int depth);
  void op(OpId id, int depth);
  void head(const Op& op);
  void access(const Op& op);
  void carried(const Op& op, std::size_t first_init, std::size_t first_argument);
  void types(const Op& op);
  void arguments(BlockId block);
  void regions(const Op& op, int depth);
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }

  const Function& function_;
  const Module* module_;
  const PrintOptions& options_;
  std::string text_;
  EntityVector<ValueId, std::string> names_;
  std::unordered_map<std::string, int> taken_;
  int next_number_ = 0;
};

const std::string& Printer::value(ValueId id) {
  if (names_.size() < function_.values.size()) names_.resize(function_.values.size());
  std::string& text = names_[id];
  if (!text.empty()) return text;
  const std::string hint = clean(function_.values[id].name);
  if (hint.empty()) {
    text = fmt::format("%{}", next_number_++);
  } else {
    const int count = taken_[hint]++;
    text = count == 0 ? fmt::format("%{}", hint) : fmt::format("%{}.{}", hint, count);
  }
  return text;
}

std::string Printer::values(std::span<const ValueId> ids) {
  std::string text;
  for (ValueId id : ids) {
    if (!text.empty()) text += ", ";
    text += value(id);
  }
  return text;
}

void Printer::parameters() {
  const std::vector<ValueId>& arguments = function_.blocks[function_.body].arguments;
  for (std::size_t index = 0; index < arguments.size(); ++index) {
    const Parameter& parameter = function_.parameters[index];
    const Type& type = function_.type(arguments[index]);
    if (index > 0) text_ += ", ";
    put("{}: {}", value(arguments[index]), words(parameter.access));
    if (type.is_tensor()) {
      put("tensor<{}>[{}]", name(type.element), fmt::join(parameter.sizes, ", "));
    } else {
      text_ += to_string(type);
    }
  }
}

std::string Printer::function() {
  const bool is_kernel = function_.kind == FunctionKind::Kernel;
  put("{} @{}", is_kernel ? "kernel" : "function", function_.name);
  if (!function_.instance.empty()) put("<{}>", function_.instance);
  text_ += '(';
  parameters();
  text_ += ')';
  if (!is_kernel) {
    text_ += " -> (";
    for (std::size_t index = 0; index < function_.result_types.size(); ++index) {
      if (index > 0) text_ += ", ";
      text_ += to_string(function_.result_types[index]);
    }
    text_ += ')';
  }
  if (function_.no_inline) text_ += " noinline";
  if (!function_.real_meaning.empty()) put(" real {}", function_.real_meaning);
  text_ += '\n';
  if (!function_.grid.is_none()) {
    text_ += "grid {\n";
    block(function_.grid, 1);
    text_ += "}\n";
  }
  text_ += "body {\n";
  block(function_.body, 1);
  text_ += "}\n";
  return std::move(text_);
}

std::string Printer::op_line(OpId id) {
  op(id, 0);
  text_.resize(std::min(text_.find('\n'), text_.size()));
  return std::move(text_);
}

void Printer::block(BlockId id, int depth) {
  for (OpId op_id : function_.blocks[id].ops) op(op_id, depth);
}

/// `%a[%i, %j +: 64 masked, gather %ids 16 masked]`.
void Printer::access(const Op& op) {
  const auto& attributes = std::get<AccessAttrs>(op.attributes);
  put(" {}[", value(op.operands[op::Load::tensor]));
  for (std::size_t index = 0; index < attributes.dims.size(); ++index) {
    const AccessDim& dim = attributes.dims[index];
    const std::string& start = value(op.operands[op::Load::indices + index]);
    if (index > 0) text_ += ", ";
    switch (dim.kind) {
      case AccessDim::Kind::Point:
        text_ += start;
        break;
      case AccessDim::Kind::Range:
        put("{} +: {}", start, dim.extent);
        break;
      case AccessDim::Kind::Gather:
        put("gather {} {}", start, dim.extent);
        break;
    }
    if (dim.masked) text_ += " masked";
  }
  text_ += ']';
  const std::string& other = value(op.operands[op::Load::pad]);
  if (op.code == OpCode::Load) {
    put(" {} {}", attributes.has_pad ? "pad" : "fill", other);
  } else {
    put(" = {}{}", other, attributes.has_pad ? " pad" : "");
  }
}

/// ` carry (%t = %init, ...)`: region 0's carried arguments and what they start from.
void Printer::carried(const Op& op, std::size_t first_init, std::size_t first_argument) {
  const std::vector<ValueId>& arguments = function_.blocks[op.regions[0]].arguments;
  if (op.operands.size() <= first_init) return;
  text_ += " carry (";
  for (std::size_t index = first_init; index < op.operands.size(); ++index) {
    if (index > first_init) text_ += ", ";
    const std::size_t argument = index - first_init + first_argument;
    put("{} = ", argument < arguments.size() ? value(arguments[argument]) : "%missing");
    text_ += value(op.operands[index]);
  }
  text_ += ')';
}

/// Everything between the op's text and its types.
void Printer::head(const Op& op) {
  if (op.code == OpCode::Load || op.code == OpCode::Store) return access(op);
  if (op.code == OpCode::For) {
    const bool has_index = !op.regions.empty();
    put(" {} =", has_index ? value(function_.blocks[op.regions[0]].arguments[0]) : "%missing");
    put(" {}", value(op.operands[op::For::lower]));
    put(" to {}", value(op.operands[op::For::upper]));
    put(" step {}", value(op.operands[op::For::step]));
    if (has_index) carried(op, op::For::inits, 1);
    return;
  }
  if (op.code == OpCode::While) {
    if (!op.regions.empty()) carried(op, op::While::inits, 0);
    return;
  }
  // From here on the attributes alone say how the op looks.
  const std::string operands = values(op.operands);
  struct Visitor {
    Printer& printer;
    const std::string& operands;
    std::string_view space = operands.empty() ? "" : " ";
    void operator()(const NoAttrs&) { printer.put("{}{}", space, operands); }
    void operator()(const ConstantAttrs& a) { printer.put(" {}", to_string(a.value)); }
    void operator()(const AxisAttrs& a) { printer.put("{}{} axis={}", space, operands, a.axis); }
    void operator()(const CompareAttrs& a) { printer.put(" {} {}", name(a.predicate), operands); }
    void operator()(const PermuteAttrs& a) {
      printer.put(" {} order=[{}]", operands, fmt::join(a.order, ", "));
    }
    void operator()(const SliceAttrs& a) {
      printer.put(" {} offsets=[{}]", operands, fmt::join(a.offsets, ", "));
    }
    void operator()(const ReduceAttrs& a) {
      printer.put(" {} {} axis={}", name(a.kind), operands, a.axis);
    }
    void operator()(const ScanAttrs& a) {
      printer.put(" {} {} axis={}{}", name(a.kind), operands, a.axis, a.reverse ? " reverse" : "");
    }
    void operator()(const DotAttrs& a) { printer.put(" {} {}", name(a.precision), operands); }
    void operator()(const AccessAttrs&) { TILE_UNREACHABLE("accesses are printed above"); }
    void operator()(const CallAttrs& a) {
      const bool known =
          printer.module_ != nullptr && a.callee.index < printer.module_->functions.size();
      const std::string callee = known ? "@" + printer.module_->functions[a.callee].name : "";
      printer.put(" {}#{}({})", callee, a.callee.index, operands);
    }
    void operator()(const MessageAttrs& a) {
      printer.put(" {}{}{}", quote(a.text), space, operands);
    }
  };
  std::visit(Visitor{*this, operands}, op.attributes);
}

void Printer::types(const Op& op) {
  if (op.results.empty()) return;
  text_ += op.results.size() == 1 ? " : " : " : (";
  for (std::size_t index = 0; index < op.results.size(); ++index) {
    if (index > 0) text_ += ", ";
    text_ += to_string(function_.type(op.results[index]));
  }
  if (op.results.size() > 1) text_ += ')';
}

void Printer::arguments(BlockId block) { put(" ({})", values(function_.blocks[block].arguments)); }

/// Region bodies; what stands before each opening brace depends on the op.
void Printer::regions(const Op& op, int depth) {
  for (std::size_t index = 0; index < op.regions.size(); ++index) {
    const BlockId region = op.regions[index];
    if (op.code == OpCode::Reduce || op.code == OpCode::Scan) {
      text_ += " combine";
      arguments(region);
    }
    if (index == 1) {
      put("{:{}}}} {}", "", 2 * depth, op.code == OpCode::If ? "else" : "do");
      if (op.code == OpCode::While) arguments(region);
    }
    text_ += " {\n";
    block(region, depth + 1);
  }
  if (!op.regions.empty()) put("{:{}}}}", "", 2 * depth);
}

void Printer::op(OpId id, int depth) {
  const Op& op = function_.ops[id];
  put("{:{}}", "", 2 * depth);
  if (!op.results.empty()) put("{} = ", values(op.results));
  text_ += info(op.code).text;
  head(op);
  types(op);
  if (options_.spans && op.span != Span()) {
    put(" loc({} {} {})", op.span.file.index, op.span.begin, op.span.end);
  }
  regions(op, depth);
  text_ += '\n';
}

}  // namespace

std::string print(const Module& module, const PrintOptions& options) {
  std::string text;
  for (const Function& function : module.functions) {
    if (!text.empty()) text += '\n';
    text += Printer(function, &module, options).function();
  }
  return text;
}

std::string print(const Module& module) { return print(module, PrintOptions()); }

std::string print(const Function& function) {
  return Printer(function, nullptr, PrintOptions()).function();
}

std::string print(const Function& function, OpId op) {
  return Printer(function, nullptr, PrintOptions()).op_line(op);
}

}  // namespace tile::ir
