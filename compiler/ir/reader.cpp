// See reader.h. One function per piece of the text form, in the order of printer.cpp.
#include "compiler/ir/reader.h"

#include <unordered_map>

#include <fmt/format.h>

#include "compiler/ir/text_cursor.h"

namespace tile::ir {

namespace {

template <class E>
std::optional<E> enumerator_from_name(std::string_view text, E last) {
  for (int index = 0; index <= static_cast<int>(last); ++index) {
    if (name(static_cast<E>(index)) == text) return static_cast<E>(index);
  }
  return std::nullopt;
}

template <std::size_t... indices>
Attributes default_attributes(std::size_t index, std::index_sequence<indices...>) {
  Attributes attributes;
  ((index == indices ? static_cast<void>(attributes.emplace<indices>()) : void()), ...);
  return attributes;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  std::expected<Module, ReadError> module();

 private:
  void function();
  void parameter();
  void block(BlockId block);
  void op(BlockId block);
  void head(Op& op, std::vector<std::string>& carried_names);
  void operands(Op& op);
  void access(Op& op);
  void carried(Op& op, std::vector<std::string>& names);
  void attributes(Op& op);
  std::vector<Type> types();
  void regions(OpId op, const std::vector<std::string>& names);
  void region(OpId op, const std::vector<std::string>& names, const std::vector<Type>& types);
  std::vector<std::string> names_in_parentheses();
  ValueId value();
  void define(std::string_view name, ValueId value);
  template <class E>
  E word_of(E last);
  template <class T>
  std::vector<T> list();

  TextCursor text_;
  Module module_;
  Function* function_ = nullptr;
  std::unordered_map<std::string, ValueId> names_;
};

ValueId Reader::value() {
  const std::string name(text_.value_name());
  const auto found = names_.find(name);
  if (found != names_.end()) return found->second;
  text_.fail(fmt::format("`%{}` is not defined before this use", name));
  return ValueId();
}

void Reader::define(std::string_view name, ValueId value) {
  if (!text_.ok()) return;
  if (!names_.emplace(std::string(name), value).second) {
    text_.fail(fmt::format("`%{}` is defined twice", name));
  }
  const bool is_number = name[0] >= '0' && name[0] <= '9';
  if (!is_number) function_->values[value].name = name.substr(0, name.find('.'));
}

template <class E>
E Reader::word_of(E last) {
  const std::string_view word = text_.word();
  const std::optional<E> found = enumerator_from_name(word, last);
  if (!found) text_.fail(fmt::format("unexpected `{}`", word));
  return found.value_or(last);
}

template <class T>
std::vector<T> Reader::list() {
  std::vector<T> items;
  text_.expect("[");
  if (text_.take("]")) return items;
  do items.push_back(static_cast<T>(text_.integer()));
  while (text_.take(","));
  text_.expect("]");
  return items;
}

std::vector<std::string> Reader::names_in_parentheses() {
  std::vector<std::string> names;
  text_.expect("(");
  if (text_.take(")")) return names;
  do names.emplace_back(text_.value_name());
  while (text_.take(","));
  text_.expect(")");
  return names;
}

void Reader::operands(Op& op) {
  if (!text_.sees("%")) return;
  do op.operands.push_back(value());
  while (text_.take(","));
}

void Reader::access(Op& op) {
  AccessAttrs attributes;
  std::vector<ValueId> indices;
  const ValueId tensor = value();
  text_.expect("[");
  while (text_.ok() && !text_.sees("]")) {
    if (!attributes.dims.empty()) text_.expect(",");
    AccessDim dim;
    if (text_.take("gather")) {
      dim.kind = AccessDim::Kind::Gather;
      indices.push_back(value());
      dim.extent = text_.integer();
    } else {
      indices.push_back(value());
      if (text_.take("+:")) {
        dim.kind = AccessDim::Kind::Range;
        dim.extent = text_.integer();
      }
    }
    dim.masked = text_.take("masked");
    attributes.dims.push_back(dim);
  }
  text_.expect("]");
  ValueId other;
  if (op.code == OpCode::Load) {
    attributes.has_pad = text_.take("pad");
    if (!attributes.has_pad) text_.expect("fill");
    other = value();
  } else {
    text_.expect("=");
    other = value();
    attributes.has_pad = text_.take("pad");
  }
  op.operands = {tensor, other};
  op.operands.insert(op.operands.end(), indices.begin(), indices.end());
  op.attributes = std::move(attributes);
}

void Reader::carried(Op& op, std::vector<std::string>& names) {
  if (!text_.take("carry")) return;
  text_.expect("(");
  do {
    names.emplace_back(text_.value_name());
    text_.expect("=");
    op.operands.push_back(value());
  } while (text_.take(","));
  text_.expect(")");
}

/// Attributes and operands (a constant's value waits for its type).
void Reader::attributes(Op& op) {
  struct Visitor {
    Reader& reader;
    Op& op;
    void operator()(NoAttrs&) { reader.operands(op); }
    void operator()(ConstantAttrs&) {}
    void operator()(AxisAttrs& a) { a.axis = axis(); }
    void operator()(CompareAttrs& a) {
      a.predicate = reader.word_of(Predicate::Ge);
      reader.operands(op);
    }
    void operator()(PermuteAttrs& a) {
      reader.operands(op);
      reader.text_.expect("order=");
      a.order = reader.list<int>();
    }
    void operator()(SliceAttrs& a) {
      reader.operands(op);
      reader.text_.expect("offsets=");
      a.offsets = reader.list<std::int64_t>();
    }
    void operator()(ReduceAttrs& a) {
      a.kind = reader.word_of(ReduceKind::Custom);
      a.axis = axis();
    }
    void operator()(ScanAttrs& a) {
      a.kind = reader.word_of(ReduceKind::Custom);
      a.axis = axis();
      a.reverse = reader.text_.take("reverse");
    }
    void operator()(DotAttrs& a) {
      a.precision = reader.word_of(Precision::Tf32);
      reader.operands(op);
    }
    void operator()(AccessAttrs&) {}
    void operator()(CallAttrs& a) {
      if (reader.text_.take("@")) reader.text_.word();
      reader.text_.expect("#");
      a.callee = FunctionId{static_cast<std::uint32_t>(reader.text_.integer())};
      reader.text_.expect("(");
      reader.operands(op);
      reader.text_.expect(")");
    }
    void operator()(MessageAttrs& a) {
      a.text = reader.text_.quoted();
      reader.operands(op);
    }
    int axis() {
      reader.operands(op);
      reader.text_.expect("axis=");
      return static_cast<int>(reader.text_.integer());
    }
  };
  constexpr auto all = std::make_index_sequence<std::variant_size_v<Attributes>>();
  op.attributes = default_attributes(info(op.code).attributes_index, all);
  std::visit(Visitor{*this, op}, op.attributes);
}

void Reader::head(Op& op, std::vector<std::string>& names) {
  if (op.code == OpCode::Load || op.code == OpCode::Store) {
    access(op);
  } else if (op.code == OpCode::For) {
    names.emplace_back(text_.value_name());
    text_.expect("=");
    op.operands.push_back(value());
    text_.expect("to");
    op.operands.push_back(value());
    text_.expect("step");
    op.operands.push_back(value());
    carried(op, names);
  } else if (op.code == OpCode::While) {
    carried(op, names);
  } else {
    attributes(op);
  }
}

std::vector<Type> Reader::types() {
  std::vector<Type> types;
  if (!text_.take(":")) return types;
  if (!text_.take("(")) return {text_.type()};
  do types.push_back(text_.type());
  while (text_.take(","));
  text_.expect(")");
  return types;
}

void Reader::region(OpId op, const std::vector<std::string>& names,
                    const std::vector<Type>& types) {
  if (names.size() != types.size()) {
    text_.fail(fmt::format("{} region arguments for {} types", names.size(), types.size()));
  }
  text_.expect("{");
  if (!text_.ok()) return;
  const BlockId region = add_block(*function_, op);
  for (std::size_t index = 0; index < names.size(); ++index) {
    define(names[index], add_argument(*function_, region, types[index]));
  }
  block(region);
  text_.expect("}");
}

void Reader::regions(OpId id, const std::vector<std::string>& names) {
  const OpCode code = function_->ops[id].code;
  std::vector<Type> types;
  for (ValueId result : function_->ops[id].results) types.push_back(function_->type(result));
  if (code == OpCode::For) {
    types.insert(types.begin(), function_->type(function_->ops[id].operands[op::For::lower]));
    region(id, names, types);
  } else if (code == OpCode::While) {
    region(id, names, types);
    text_.expect("do");
    region(id, names_in_parentheses(), types);
  } else if (code == OpCode::If) {
    region(id, {}, {});
    text_.expect("else");
    region(id, {}, {});
  } else if (text_.take("combine")) {
    std::vector<Type> sides;
    for (int side = 0; side < 2; ++side) {
      for (const Type& type : types) sides.push_back(Type::scalar(type.element));
    }
    region(id, names_in_parentheses(), sides);
  }
}

void Reader::op(BlockId block) {
  std::vector<std::string> results;
  if (text_.sees("%")) {
    do results.emplace_back(text_.value_name());
    while (text_.take(","));
    text_.expect("=");
  }
  const std::string_view word = text_.word();
  const std::optional<OpCode> code = op_from_text(word);
  if (!code) text_.fail(fmt::format("unknown op `{}`", word));
  if (!text_.ok()) return;
  Op op;
  op.code = *code;
  std::string_view constant;
  if (op.code == OpCode::Constant) constant = text_.number_text();
  std::vector<std::string> names;
  head(op, names);
  const std::vector<Type> result_types = types();
  if (result_types.size() != results.size()) {
    text_.fail(fmt::format("{} results but {} types", results.size(), result_types.size()));
  }
  if (!text_.ok()) return;
  if (op.code == OpCode::Constant && !result_types.empty()) {
    const auto scalar = parse_scalar(result_types[0].element, constant);
    if (!scalar) return text_.fail(fmt::format("`{}` is no {}", constant,
                                               to_string(result_types[0])));
    op.attributes = ConstantAttrs{*scalar};
  }
  if (text_.take("loc")) {
    text_.expect("(");
    op.span.file = FileId{static_cast<std::uint32_t>(text_.integer())};
    op.span.begin = static_cast<std::uint32_t>(text_.integer());
    op.span.end = static_cast<std::uint32_t>(text_.integer());
    text_.expect(")");
  }
  const OpId id = append_op(*function_, block, std::move(op), result_types);
  for (std::size_t index = 0; index < results.size(); ++index) {
    define(results[index], function_->ops[id].results[index]);
  }
  if (text_.ok()) regions(id, names);
}

void Reader::block(BlockId block) {
  while (text_.ok() && !text_.sees("}")) {
    if (text_.at_end()) return text_.fail("missing `}`");
    op(block);
  }
}

void Reader::parameter() {
  Parameter parameter;
  const std::string name(text_.value_name());
  parameter.name = name;
  text_.expect(":");
  if (text_.take("unordered")) {
    text_.expect("out");
    parameter.access = Access::UnorderedOut;
  } else if (text_.take("out")) {
    parameter.access = Access::Out;
  } else if (text_.take("inout")) {
    parameter.access = Access::InOut;
  }
  Type type;
  if (text_.take("tensor")) {
    text_.expect("<");
    const ElementType element = text_.element_type();
    text_.expect(">");
    text_.expect("[");
    while (text_.ok() && !text_.sees("]")) {
      if (!parameter.sizes.empty()) text_.expect(",");
      parameter.sizes.emplace_back(text_.word());
    }
    text_.expect("]");
    type = Type::tensor(element, static_cast<int>(parameter.sizes.size()));
  } else {
    type = text_.type();
  }
  define(name, add_argument(*function_, function_->body, type));
  function_->parameters.push_back(std::move(parameter));
}

void Reader::function() {
  Function function;
  function_ = &function;
  names_.clear();
  const bool is_kernel = text_.take("kernel");
  if (!is_kernel) text_.expect("function");
  function.kind = is_kernel ? FunctionKind::Kernel : FunctionKind::Function;
  function.body = add_block(function, OpId());
  text_.expect("@");
  function.name = text_.word();
  if (text_.take("<")) function.instance = text_.until_closing_angle();
  text_.expect("(");
  while (text_.ok() && !text_.sees(")")) {
    if (!function.parameters.empty()) text_.expect(",");
    parameter();
  }
  text_.expect(")");
  if (text_.take("->")) {
    text_.expect("(");
    while (text_.ok() && !text_.sees(")")) {
      if (!function.result_types.empty()) text_.expect(",");
      function.result_types.push_back(text_.type());
    }
    text_.expect(")");
  }
  function.no_inline = text_.take("noinline");
  if (text_.take("real")) function.real_meaning = text_.word();
  if (text_.take("grid")) {
    function.grid = add_block(function, OpId());
    text_.expect("{");
    block(function.grid);
    text_.expect("}");
  }
  text_.expect("body");
  text_.expect("{");
  block(function.body);
  text_.expect("}");
  const FunctionId id = module_.functions.push_back(std::move(function));
  if (is_kernel) module_.kernel = id;
}

std::expected<Module, ReadError> Reader::module() {
  while (text_.ok() && !text_.at_end()) function();
  if (!text_.ok()) return std::unexpected(ReadError{text_.error_line(), text_.error()});
  return std::move(module_);
}

}  // namespace

std::expected<Module, ReadError> read_module(std::string_view text) {
  return Reader(text).module();
}

}  // namespace tile::ir
