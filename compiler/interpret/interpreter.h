// Runs a kernel of tile IR exactly as docs/ir.md and NUMERICS define it: the reference that every
// code generator is compared with. It also finds what generated code cannot afford to look for:
// indices out of bounds, races between programs, reads of memory that was never written, broken
// asserts and assumes.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/ir/function.h"

namespace tile::interpret {

/// A view of the caller's memory. In real mode the elements of f32 parameters are doubles.
struct TensorArgument {
  void* data = nullptr;
  std::vector<std::int64_t> sizes = {};
  std::vector<std::int64_t> strides = {};  // in elements
  /// One byte per element, row-major over `sizes`: not 0 once it was written. Empty: all is
  /// defined. Stores set it; with Options::check_defined a read of an element at 0 is an error.
  std::span<std::uint8_t> defined = {};
};

/// A scalar; f32 parameters may be given as a double, which only real mode keeps exact.
using Argument = std::variant<TensorArgument, ir::Scalar, double>;

/// Results must not depend on the order in which programs run; tests try several.
enum class ProgramOrder : std::uint8_t { Ascending, Descending, Shuffled };

struct Options {
  bool real_mode = false;     // every f32 is a double; real meanings replace function bodies
  bool check_bounds = true;   // starts, points and gather indices outside a tensor are errors
  bool check_races = true;    // two programs touching one element, one of them writing
  bool check_defined = true;  // reads of undefined elements, where TensorArgument::defined is given
  std::uint64_t max_ops = 20'000'000'000;  // executed ops, against endless loops
  ProgramOrder order = ProgramOrder::Ascending;
  std::uint64_t shuffle_seed = 1;
  std::function<void(std::string_view)> print = {};  // one line of print output; stdout when empty
};

struct InterpretError {
  enum class Kind : std::uint8_t {
    BadArgument,  // the launch itself: count, rank, type or sizes that disagree
    OutOfBounds,
    Race,
    Undefined,
    FailedAssert,
    FailedAssume,
    NotReal,      // real mode met an op without a real meaning
    Endless,      // max_ops reached
    Environment,  // flush-to-zero is on
  };
  Kind kind = Kind::BadArgument;
  std::string message;  // names kernel, parameter, index, size and program
  Span span;            // default when the launch itself is wrong
  std::string note;     // races: the other access; may be empty
  Span note_span;
};

/// "file:line:column: error: ..." and, on a second line, the note.
std::string describe(const InterpretError& error, const SourceSet& sources);

/// Runs all programs of the module's kernel, one argument per parameter.
std::expected<void, InterpretError> interpret(const ir::Module& module,
                                              std::span<const Argument> arguments,
                                              const Options& options = {});

/// The kernel's grid extents for these arguments; never negative (an extent below 0 counts as 0).
std::expected<std::vector<std::int64_t>, InterpretError> evaluate_grid(
    const ir::Module& module, std::span<const Argument> arguments, const Options& options = {});

}  // namespace tile::interpret
