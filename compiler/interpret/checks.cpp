// assume, assert and print.
#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "compiler/interpret/prepare.h"

namespace tile::interpret {

namespace {

void run_assume(Machine& machine, const Step& step) {
  if (*read<bool>(step.operand[0])) return;
  fail(machine, InterpretError::Kind::FailedAssume, step.op->span,
       fmt::format("an assumption does not hold in program {}",
                   program_name(machine, machine.program_number)));
}

struct AssertPlan {
  std::int64_t count = 0;
};

void run_assert(Machine& machine, const Step& step) {
  const std::int64_t count = static_cast<const AssertPlan*>(step.detail)->count;
  const bool* condition = read<bool>(step.operand[0]);
  const bool* failed = std::find(condition, condition + count, false);
  if (failed == condition + count) return;
  const std::string& text = std::get<ir::MessageAttrs>(step.op->attributes).text;
  const std::string where = count == 1 ? "" : fmt::format(" at element {}", failed - condition);
  fail(machine, InterpretError::Kind::FailedAssert, step.op->span,
       fmt::format("assert failed in program {}{}{}{}",
                   program_name(machine, machine.program_number), where, text.empty() ? "" : ": ",
                   text));
}

struct PrintPlan {
  struct Item {
    ir::Type type;
    const std::byte* address = nullptr;
    std::int64_t count = 0;
  };
  std::vector<Item> items;
  bool real = false;
};

std::string item_text(const PrintPlan::Item& item, bool real) {
  constexpr std::int64_t most = 64;
  std::string text;
  with_type(item.type.element, real, [&]<class T>(Tag<T>) {
    for (std::int64_t i = 0; i < std::min(item.count, most); ++i) {
      if (i > 0) text += ", ";
      if constexpr (sizeof(T) == 1 && !std::is_same_v<T, bool>) {
        text += fmt::format("{}", static_cast<int>(read<T>(item.address)[i]));
      } else {
        text += fmt::format("{}", read<T>(item.address)[i]);
      }
    }
  });
  if (item.type.is_scalar()) return text;
  return fmt::format("{}{{{}{}}}", ir::to_string(item.type), text,
                     item.count > most ? ", ..." : "");
}

void run_print(Machine& machine, const Step& step) {
  const auto& plan = *static_cast<const PrintPlan*>(step.detail);
  std::string line = fmt::format("program {}: {}", program_name(machine, machine.program_number),
                                 std::get<ir::MessageAttrs>(step.op->attributes).text);
  for (const PrintPlan::Item& item : plan.items)
    line.append(1, ' ').append(item_text(item, plan.real));
  if (machine.options.print) {
    machine.options.print(line);
  } else {
    fmt::print("{}\n", line);
    std::fflush(stdout);  // an error may follow on stderr
  }
}

}  // namespace

void prepare_check(Preparation& preparation, Step& step) {
  const ir::Op& op = *step.op;
  if (op.code == ir::OpCode::Assume) {
    step.run = run_assume;
  } else if (op.code == ir::OpCode::Assert) {
    step.run = run_assert;
    step.detail = preparation.keep(AssertPlan{preparation.count(op.operands[0])});
  } else {
    TILE_CHECK(op.code == ir::OpCode::Print, "not a check");
    PrintPlan plan{{}, preparation.real};
    for (ir::ValueId value : op.operands) {
      plan.items.push_back(
          {preparation.type(value), preparation.address(value), preparation.count(value)});
    }
    step.run = run_print;
    step.detail = preparation.keep(std::move(plan));
  }
}

}  // namespace tile::interpret
