// The running state of the interpreter. Each function of the module is prepared once into a Frame:
// every value gets a fixed address (buffers.h), every op becomes a Step that calls one C++
// function, so running a scalar op costs a few nanoseconds and a tile op is one tight loop. There
// is no recursion in the language, hence one frame per function.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "compiler/interpret/interpreter.h"

namespace tile::interpret {

struct Machine;
struct Step;
using StepFunction = void (*)(Machine&, const Step&);

struct Step {
  StepFunction run = nullptr;
  std::int64_t count = 0;                     // elements of the first result
  std::byte* result = nullptr;                // of the first result
  std::array<const std::byte*, 3> operand{};  // addresses of the first three operands
  const ir::Op* op = nullptr;
  const void* detail = nullptr;  // what else the step needs; owned by the frame
};

/// A copy of one value: yields to loop-carried values, arguments to parameters.
struct Transfer {
  const std::byte* from = nullptr;
  std::byte* to = nullptr;
  std::size_t bytes = 0;
};

/// A prepared block.
struct Code {
  std::vector<Step> steps;
  std::vector<const std::byte*> yields;  // addresses of the terminator's operands
};

struct Frame {
  const ir::Function* function = nullptr;
  std::vector<std::byte*> values;  // by ValueId; null for tensors
  std::vector<std::shared_ptr<void>> owned;
  Code body;
  Code grid;
};

/// Who wrote an element of a written tensor, and who read it first (programs run one after another,
/// so a race with a later reader is found at its read). Programs are stored as number + 1, 0 is
/// nobody.
struct Touch {
  std::uint32_t writer = 0;
  std::uint32_t reader = 0;
  std::uint32_t writer_op = 0;
  std::uint32_t reader_op = 0;
};

/// A kernel parameter bound to memory.
struct BoundTensor {
  std::string name;
  ir::Access access = ir::Access::In;
  std::byte* data = nullptr;
  std::size_t element_bytes = 0;
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;
  std::uint8_t* defined = nullptr;              // row-major, or null
  std::shared_ptr<std::vector<Touch>> touches;  // row-major, or null; shared by equal views
};

struct Machine {
  Machine(const ir::Module& module, const Options& options) : module(module), options(options) {}

  const ir::Module& module;
  const Options& options;
  std::vector<BoundTensor> tensors;            // by kernel parameter; unused entries for scalars
  std::vector<std::unique_ptr<Frame>> frames;  // by FunctionId
  std::vector<std::int64_t> extents;           // of the grid
  std::vector<std::int64_t> program;           // coordinates of the running program
  std::uint32_t program_number = 0;            // row-major number + 1
  std::uint64_t ops_left = 0;
  std::vector<std::byte> scratch;  // see scratch_bytes

  const ir::Function& kernel() const { return module.functions[module.kernel]; }
};

/// Stops interpretation; caught in interpreter.cpp and nowhere else.
[[noreturn]] void fail(const Machine& machine, InterpretError::Kind kind, Span span,
                       std::string message, std::string note = {}, Span note_span = {});

/// "(1, 0)"; of a program by its number + 1.
std::string program_name(const Machine& machine, std::uint32_t program_number);

/// At least this many bytes, aligned to 64; valid until the next call.
std::byte* scratch_bytes(Machine& machine, std::size_t bytes);

/// Runs a block's steps; its yields are for the caller to copy.
void run_code(Machine& machine, const Code& code);

/// Prepares a function whose callees are prepared already.
std::unique_ptr<Frame> prepare_function(Machine& machine, const ir::Function& function);

}  // namespace tile::interpret
