// See memory.h. A race is two programs at one element, one of them writing. Programs run one after
// another here, so each element remembers its last writer and reader; whichever access comes second
// is reported, naming both programs and both places.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/interpret/memory.h"

namespace tile::interpret {

namespace {

std::string element_name(const BoundTensor& tensor, std::int64_t element) {
  std::vector<std::int64_t> index(tensor.sizes.size());
  for (std::size_t d = index.size(); d-- > 0;) {
    index[d] = element % tensor.sizes[d];
    element /= tensor.sizes[d];
  }
  return fmt::format("`{}[{}]`", tensor.name, fmt::join(index, ", "));
}

std::uint32_t op_index(const Machine& machine, const Step& step) {
  return static_cast<std::uint32_t>(step.op - &machine.kernel().ops[ir::OpId{0}]);
}

struct Access {
  const char* verb;  // "writes"
  std::uint32_t program = 0;
  std::uint32_t op = 0;
};

[[noreturn]] void fail_race(const Machine& machine, const Step& step, const BoundTensor& tensor,
                            std::int64_t element, const char* verb, const Access& other) {
  const std::string name = element_name(tensor, element);
  fail(machine, InterpretError::Kind::Race, step.op->span,
       fmt::format("program {} {} {}, which program {} {}",
                   program_name(machine, machine.program_number), verb, name,
                   program_name(machine, other.program), other.verb),
       fmt::format("program {} {} it here", program_name(machine, other.program), other.verb),
       machine.kernel().ops[ir::OpId{other.op}].span);
}

}  // namespace

void note_read(Machine& machine, const Step& step, BoundTensor& tensor, std::int64_t element) {
  const auto at = static_cast<std::size_t>(element);
  if (tensor.touches) {
    Touch& touch = (*tensor.touches)[at];
    if (touch.writer != 0 && touch.writer != machine.program_number) {
      fail_race(machine, step, tensor, element, "reads", {"writes", touch.writer, touch.writer_op});
    }
    if (touch.reader == 0) {
      touch.reader = machine.program_number;
      touch.reader_op = op_index(machine, step);
    }
  }
  if (tensor.defined && machine.options.check_defined && tensor.defined[at] == 0) {
    fail(machine, InterpretError::Kind::Undefined, step.op->span,
         fmt::format("program {} reads {}, which was never written",
                     program_name(machine, machine.program_number), element_name(tensor, element)));
  }
}

void note_write(Machine& machine, const Step& step, BoundTensor& tensor, std::int64_t element) {
  const auto at = static_cast<std::size_t>(element);
  if (tensor.defined) tensor.defined[at] = 1;
  if (!tensor.touches) return;
  Touch& touch = (*tensor.touches)[at];
  const std::uint32_t self = machine.program_number;
  if (touch.writer != 0 && touch.writer != self) {
    fail_race(machine, step, tensor, element, "writes", {"writes", touch.writer, touch.writer_op});
  }
  if (touch.reader != 0 && touch.reader != self) {
    fail_race(machine, step, tensor, element, "writes", {"reads", touch.reader, touch.reader_op});
  }
  touch.writer = self;
  touch.writer_op = op_index(machine, step);
}

}  // namespace tile::interpret
