// See host_program.h. Every step holds its value extended to 64 bits by its element type's sign, as
// argument words do; narrow results are brought back into range after each op that may leave it.
#include "compiler/driver/host_program.h"

#include <optional>

#include "compiler/base/check.h"
#include "compiler/ir/argument_words.h"

namespace tile {

namespace {

using ir::ElementType;
using ir::Op;
using ir::OpCode;
using ir::ValueId;
using Step = HostProgram::Step;
using Operation = HostProgram::Step::Op;

class Builder {
 public:
  explicit Builder(const ir::Function& kernel)
      : kernel_(kernel), step_of_(kernel.values.size(), -1), first_word_(ir::first_words(kernel)) {}

  /// The step that holds the op's result; nothing when there is no way to compute it.
  std::optional<int> compute(const Op& op);
  void bind(ValueId value, int step) { step_of_[value] = step; }
  int step_of(ValueId value);
  HostProgram take() { return std::move(program_); }
  void add_result(int step) { program_.results.push_back(step); }

 private:
  int add(Operation op, int a, int b, int c = 0);
  int constant(std::int64_t value);
  int word(std::int64_t number);
  std::optional<int> arithmetic(const Op& op, int a, int b);
  std::optional<int> logic(const Op& op, int a, int b);
  int compare(ir::Predicate predicate, int a, int b);
  /// Back into the range of a narrow type, as wrapping does.
  int wrap(int value, ElementType element);

  const ir::Function& kernel_;
  EntityVector<ValueId, int> step_of_;
  std::vector<std::size_t> first_word_;  // of each parameter
  HostProgram program_;
};

int Builder::add(Operation op, int a, int b, int c) {
  program_.steps.push_back({op, 0, a, b, c});
  return static_cast<int>(program_.steps.size()) - 1;
}

int Builder::constant(std::int64_t value) {
  program_.steps.push_back({Operation::Constant, value});
  return static_cast<int>(program_.steps.size()) - 1;
}

int Builder::word(std::int64_t number) {
  program_.steps.push_back({Operation::Word, number});
  return static_cast<int>(program_.steps.size()) - 1;
}

int Builder::step_of(ValueId value) {
  if (step_of_[value] >= 0) return step_of_[value];
  const ir::Value& facts = kernel_.values[value];
  TILE_CHECK(facts.block == kernel_.body, "a grid computes its values in order");
  return step_of_[value] = word(static_cast<std::int64_t>(first_word_[facts.index]));
}

int Builder::wrap(int value, ElementType element) {
  const int bits = 8 * ir::byte_size(element);
  if (bits == 64) return value;
  const std::int64_t modulus = std::int64_t{1} << bits;
  const int lowest = constant(ir::is_signed(element) ? -modulus / 2 : 0);
  const int rest = add(Operation::Rem, add(Operation::Sub, value, lowest), constant(modulus));
  const int is_negative = add(Operation::Lt, rest, constant(0));
  const int raised = add(Operation::Add, rest, constant(modulus));
  return add(Operation::Add, add(Operation::Select, is_negative, raised, rest), lowest);
}

int Builder::compare(ir::Predicate predicate, int a, int b) {
  switch (predicate) {
    case ir::Predicate::Eq:
      return add(Operation::Eq, a, b);
    case ir::Predicate::Ne:
      return add(Operation::Ne, a, b);
    case ir::Predicate::Lt:
      return add(Operation::Lt, a, b);
    case ir::Predicate::Le:
      return add(Operation::Le, a, b);
    case ir::Predicate::Gt:
      return add(Operation::Lt, b, a);
    case ir::Predicate::Ge:
      return add(Operation::Le, b, a);
  }
  TILE_UNREACHABLE("predicate");
}

/// On bool: 1 and 0.
std::optional<int> Builder::logic(const Op& op, int a, int b) {
  switch (op.code) {
    case OpCode::Not:
      return add(Operation::Eq, a, constant(0));
    case OpCode::And:
    case OpCode::Min:
      return add(Operation::Min, a, b);
    case OpCode::Or:
    case OpCode::Max:
      return add(Operation::Max, a, b);
    case OpCode::Xor:
      return add(Operation::Ne, a, b);
    default:
      return std::nullopt;
  }
}

std::optional<int> Builder::arithmetic(const Op& op, int a, int b) {
  const ElementType element = kernel_.type(op.results[0]).element;
  // Steps are signed: the rest of u64 is out of their reach.
  const bool has_order = element != ElementType::U64;
  switch (op.code) {
    case OpCode::Neg:
      return wrap(add(Operation::Sub, constant(0), a), element);
    case OpCode::Add:
      return wrap(add(Operation::Add, a, b), element);
    case OpCode::Sub:
      return wrap(add(Operation::Sub, a, b), element);
    case OpCode::Mul:
      return wrap(add(Operation::Mul, a, b), element);
    case OpCode::Div:
      if (!has_order) return std::nullopt;
      return wrap(add(Operation::Div, a, b), element);
    case OpCode::Rem:
      if (!has_order) return std::nullopt;
      return add(Operation::Rem, a, b);
    case OpCode::Min:
      if (!has_order) return std::nullopt;
      return add(Operation::Min, a, b);
    case OpCode::Max:
      if (!has_order) return std::nullopt;
      return add(Operation::Max, a, b);
    default:
      return std::nullopt;
  }
}

std::optional<int> Builder::compute(const Op& op) {
  const auto x = [&](std::size_t i) { return step_of(op.operands[i]); };
  const ElementType result = kernel_.type(op.results[0]).element;
  if (ir::is_float(result)) return std::nullopt;
  switch (op.code) {
    case OpCode::Constant:
      return constant(std::get<ir::ConstantAttrs>(op.attributes).value.as_int());
    case OpCode::Dim: {
      const std::size_t parameter = kernel_.values[op.operands[0]].index;
      return word(static_cast<std::int64_t>(first_word_[parameter]) + 1 +
                  std::get<ir::AxisAttrs>(op.attributes).axis);
    }
    case OpCode::Select:
      return add(Operation::Select, x(0), x(1), x(2));
    default:
      break;
  }
  const ElementType element = kernel_.type(op.operands[0]).element;
  if (ir::is_float(element)) return std::nullopt;
  if (op.code == OpCode::Cast) {
    return result == ElementType::Bool ? add(Operation::Ne, x(0), constant(0)) : wrap(x(0), result);
  }
  if (op.code == OpCode::Compare) {
    const auto predicate = std::get<ir::CompareAttrs>(op.attributes).predicate;
    const bool is_equality = predicate == ir::Predicate::Eq || predicate == ir::Predicate::Ne;
    if (element == ElementType::U64 && !is_equality) return std::nullopt;
    return compare(predicate, x(0), x(1));
  }
  const int a = x(0), b = op.operands.size() > 1 ? x(1) : a;
  return element == ElementType::Bool ? logic(op, a, b) : arithmetic(op, a, b);
}

}  // namespace

std::variant<HostProgram, ir::OpId> make_host_program(const ir::Function& kernel) {
  Builder builder(kernel);
  for (ir::OpId id : kernel.blocks[kernel.grid].ops) {
    const Op& op = kernel.ops[id];
    if (op.code == OpCode::Yield) {
      for (ValueId extent : op.operands) builder.add_result(builder.step_of(extent));
      continue;
    }
    if (op.results.empty()) continue;  // promises and checks
    const auto step =
        op.results.size() == 1 && op.regions.empty() ? builder.compute(op) : std::nullopt;
    if (!step) return id;
    builder.bind(op.results[0], *step);
  }
  return builder.take();
}

}  // namespace tile
