// Prints a syntax tree, one node a line, two blanks a level, for `tilec emit --emit=ast` and tests.
#include <fmt/format.h>

#include <iterator>

#include "compiler/parse/ast.h"

namespace tile {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

class Printer {
 public:
  explicit Printer(const Ast& ast) : ast_(ast) {}

  std::string run() {
    for (const Item& item : ast_.items) {
      switch (item.kind) {
        case Item::Kind::Kernel:
          print(ast_.kernels[item.index]);
          break;
        case Item::Kind::Function:
          print(ast_.functions[item.index]);
          break;
        case Item::Kind::Schedule:
          print(ast_.schedules[item.index]);
          break;
        case Item::Kind::Instantiation:
          print(ast_.instantiations[item.index]);
          break;
      }
    }
    return std::move(out_);
  }

 private:
  /// Everything printed while it lives is one level deeper.
  struct Indent {
    explicit Indent(Printer& printer) : printer(printer) { ++printer.depth_; }
    ~Indent() { --printer.depth_; }
    Printer& printer;
  };

  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    out_.append(2 * depth_, ' ');
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    out_ += '\n';
  }

  template <class T>
  void group(std::string_view title, List<T> list) {
    if (list.is_empty()) return;
    line("{}", title);
    Indent indent(*this);
    for (const T& item : ast_.items_of(list)) print(item);
  }

  void print(const Kernel& kernel);
  void print(const Function& function);
  void print(const Schedule& schedule);
  void print(const Instantiation& instantiation);
  void print(const GenericParameter& parameter);
  void print(const GenericArgument& argument);
  void print(const Parameter& parameter);
  void print(const ScheduleSetting& setting);
  void print(const SearchRange& range);
  void print(const TypeSyntax& type);
  void print(const Index& index);
  void print(StmtId id);
  void print(ExprId id);
  void print_doc(std::string_view doc);
  void print_target(std::string_view kind, const Stmt& stmt);
  void print_block(std::string_view title, const Block& block);
  void print_call(const Expr& expr);

  const Ast& ast_;
  std::string out_;
  std::size_t depth_ = 0;
};

void Printer::print_doc(std::string_view doc) {
  if (!doc.empty()) line("doc \"{}\"", escaped(doc));
}

void Printer::print_block(std::string_view title, const Block& block) {
  line("{}", title);
  Indent indent(*this);
  for (StmtId id : ast_.items_of(block.statements)) print(id);
}

void Printer::print(const Kernel& kernel) {
  line("kernel {}", kernel.name.text);
  Indent indent(*this);
  print_doc(kernel.doc);
  for (const GenericParameter& parameter : ast_.items_of(kernel.generics)) print(parameter);
  for (const Parameter& parameter : ast_.items_of(kernel.parameters)) print(parameter);
  group("grid", kernel.grid);
  print_block("body", kernel.body);
}

void Printer::print(const Function& function) {
  line("{}function {}", function.is_noinline ? "noinline " : "", function.name.text);
  Indent indent(*this);
  print_doc(function.doc);
  for (const GenericParameter& parameter : ast_.items_of(function.generics)) print(parameter);
  for (const Parameter& parameter : ast_.items_of(function.parameters)) print(parameter);
  group("results", function.results);
  if (!function.real_meaning.is_empty()) line("real {}", function.real_meaning.text);
  print_block("body", function.body);
}

void Printer::print(const Schedule& schedule) {
  line("schedule {} on {}", schedule.kernel.text, schedule.target.text);
  Indent indent(*this);
  print_doc(schedule.doc);
  if (schedule.when) {
    line("when");
    Indent deeper(*this);
    print(schedule.when);
  }
  for (const ScheduleSetting& setting : ast_.items_of(schedule.settings)) print(setting);
  group("search", schedule.search);
}

void Printer::print(const ScheduleSetting& setting) {
  line("set {}", setting.name.text);
  Indent indent(*this);
  print(setting.value);
}

void Printer::print(const SearchRange& range) { group(range.name.text, range.values); }

void Printer::print(const Instantiation& instantiation) {
  line("instantiate {}", instantiation.kernel.text);
  Indent indent(*this);
  for (const GenericArgument& argument : ast_.items_of(instantiation.arguments)) print(argument);
}

void Printer::print(const GenericParameter& parameter) {
  line("{} {}: {}", parameter.is_tune ? "tune" : "const", parameter.name.text,
       text(parameter.kind));
  Indent indent(*this);
  if (parameter.default_value) print(parameter.default_value);
}

void Printer::print(const GenericArgument& argument) {
  line("argument{}{}", argument.name.is_empty() ? "" : " ", argument.name.text);
  Indent indent(*this);
  print(argument.value);
}

void Printer::print(const Parameter& parameter) {
  line("parameter {}", parameter.name.text);
  Indent indent(*this);
  print(parameter.type);
}

void Printer::print(const TypeSyntax& type) {
  std::string access;
  switch (type.access) {
    case TypeSyntax::Access::In:
      break;
    case TypeSyntax::Access::Out:
      access = "out ";
      break;
    case TypeSyntax::Access::InOut:
      access = "inout ";
      break;
    case TypeSyntax::Access::UnorderedOut:
      access = fmt::format("unordered out \"{}\" ", escaped(type.reason));
      break;
  }
  std::string element(type.element.text);
  if (type.is_tensor) element = fmt::format("tensor<{}>", element);
  std::string_view shape;
  if (type.shape == TypeSyntax::Shape::Any) shape = "[...]";
  if (type.shape == TypeSyntax::Shape::Dims) shape = type.dims.is_empty() ? "[]" : "[dims]";
  line("type {}{}{}", access, element, shape);
  Indent indent(*this);
  for (ExprId dim : ast_.items_of(type.dims)) print(dim);
}

void Printer::print(const Index& index) {
  switch (index.kind) {
    case Index::Kind::Single:
      line("single");
      break;
    case Index::Kind::Range:
      line("range");
      break;
    case Index::Kind::Full:
      line("full");
      break;
    case Index::Kind::NewAxis:
      line("new axis");
      break;
  }
  Indent indent(*this);
  if (index.start) print(index.start);
  if (index.extent) print(index.extent);
}

void Printer::print_target(std::string_view kind, const Stmt& stmt) {
  line("{} {} {}", kind, stmt.name.text, text(stmt.assign));
  Indent indent(*this);
  for (const Index& index : ast_.items_of(stmt.indices)) print(index);
  print(stmt.value);
}

void Printer::print(StmtId id) {
  const Stmt& stmt = ast_[id];
  std::string_view prefix = stmt.is_const ? " const" : "";
  switch (stmt.kind) {
    case Stmt::Kind::Let: {
      std::string names;
      for (const Name& name : ast_.items_of(stmt.names)) {
        if (!names.empty()) names += ", ";
        names += name.text;
      }
      line("{} {}", stmt.is_var ? "var" : "let", stmt.is_tuple ? "(" + names + ")" : names);
      Indent indent(*this);
      if (!stmt.type.is_absent()) print(stmt.type);
      print(stmt.value);
      break;
    }
    case Stmt::Kind::Assign:
      print_target("assign", stmt);
      break;
    case Stmt::Kind::Store:
      print_target("store", stmt);
      break;
    case Stmt::Kind::For: {
      line("for{} {}", prefix, stmt.name.text);
      Indent indent(*this);
      print(stmt.begin);
      print(stmt.end);
      if (stmt.step) print(stmt.step);
      print_block("body", stmt.body);
      break;
    }
    case Stmt::Kind::While: {
      line("while");
      Indent indent(*this);
      print(stmt.value);
      print_block("body", stmt.body);
      break;
    }
    case Stmt::Kind::If: {
      line("if{}", prefix);
      Indent indent(*this);
      print(stmt.value);
      print_block("then", stmt.body);
      if (stmt.has_else) print_block("else", stmt.otherwise);
      break;
    }
    case Stmt::Kind::Return: {
      line("return");
      Indent indent(*this);
      for (ExprId value : ast_.items_of(stmt.values)) print(value);
      break;
    }
    case Stmt::Kind::Break:
      line("break");
      break;
    case Stmt::Kind::Expr:
      print(stmt.value);
      break;
  }
}

void Printer::print_call(const Expr& expr) {
  line("call {}", expr.name.text);
  Indent indent(*this);
  for (const GenericArgument& argument : ast_.items_of(expr.generics)) print(argument);
  group("shape", expr.shape);
  for (ExprId operand : ast_.items_of(expr.operands)) print(operand);
}

void Printer::print(ExprId id) {
  const Expr& expr = ast_[id];
  switch (expr.kind) {
    case Expr::Kind::Error:
      line("error");
      break;
    case Expr::Kind::Integer:
      line("integer {}", expr.integer);
      break;
    case Expr::Kind::Float:
      line("float {}", expr.single);
      break;
    case Expr::Kind::Bool:
      line("{}", expr.boolean);
      break;
    case Expr::Kind::String:
      line("string \"{}\"", escaped(expr.text));
      break;
    case Expr::Kind::NameRef:
      line("name {}", expr.name.text);
      break;
    case Expr::Kind::TypeName:
      line("type name {}", expr.name.text);
      break;
    case Expr::Kind::Tuple:
      line("tuple");
      break;
    case Expr::Kind::Unary:
      line("unary {}", text(expr.unary));
      break;
    case Expr::Kind::Binary:
      line("binary {}", text(expr.binary));
      break;
    case Expr::Kind::Call:
      print_call(expr);
      return;
    case Expr::Kind::Cast:
      line("cast {}", expr.name.text);
      break;
    case Expr::Kind::Subscript:
      line("subscript");
      break;
  }
  Indent indent(*this);
  for (ExprId operand : ast_.items_of(expr.operands)) print(operand);
  if (expr.base) print(expr.base);
  for (const Index& index : ast_.items_of(expr.indices)) print(index);
  if (expr.pad) {
    line("pad");
    Indent deeper(*this);
    print(expr.pad);
  }
}

}  // namespace

std::string print(const Ast& ast) { return Printer(ast).run(); }

}  // namespace tile
