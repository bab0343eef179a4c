// See interpreter.h: binds arguments, evaluates the grid and runs its programs one after another.
#include "compiler/interpret/interpreter.h"

#include <algorithm>
#include <cfenv>
#include <charconv>
#include <map>
#include <numeric>
#include <random>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/interpret/machine.h"
#include "compiler/interpret/numbers.h"
#include "compiler/interpret/types.h"

namespace tile::interpret {

void fail(const Machine& machine, InterpretError::Kind kind, Span span, std::string message,
          std::string note, Span note_span) {
  const std::string& kernel = machine.kernel().name;
  // Bounds, casts and the like come from deep inside; the program is named here unless it was
  // already.
  if (machine.program_number != 0 && message.find("program") == std::string::npos) {
    message += fmt::format(" (program {})", program_name(machine, machine.program_number));
  }
  throw InterpretError{kind, fmt::format("kernel `{}`: {}", kernel, message), span, std::move(note),
                       note_span};
}

std::string program_name(const Machine& machine, std::uint32_t program_number) {
  std::vector<std::int64_t> program(machine.extents.size());
  std::int64_t rest = program_number - 1;
  for (std::size_t d = program.size(); d-- > 0;) {
    program[d] = rest % machine.extents[d];
    rest /= machine.extents[d];
  }
  return fmt::format("({})", fmt::join(program, ", "));
}

std::byte* scratch_bytes(Machine& machine, std::size_t bytes) {
  constexpr std::size_t alignment = 64;
  if (machine.scratch.size() < bytes + alignment) machine.scratch.resize(bytes + alignment);
  const auto address = reinterpret_cast<std::uintptr_t>(machine.scratch.data());
  return machine.scratch.data() + (alignment - address % alignment) % alignment;
}

void run_code(Machine& machine, const Code& code) {
  if (machine.ops_left < code.steps.size() + 1) {
    fail(machine, InterpretError::Kind::Endless, machine.kernel().span,
         fmt::format("more than {} ops were executed", machine.options.max_ops));
  }
  machine.ops_left -= code.steps.size() + 1;
  for (const Step& step : code.steps) step.run(machine, step);
}

namespace {

[[noreturn]] void fail_argument(const Machine& machine, std::size_t parameter,
                                std::string message) {
  const ir::Parameter& about = machine.kernel().parameters[parameter];
  fail(machine, InterpretError::Kind::BadArgument, about.span,
       fmt::format("argument `{}`: {}", about.name, message));
}

bool is_written(ir::Access access) { return access != ir::Access::In; }

std::int64_t count_of(const std::vector<std::int64_t>& sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{1}, std::multiplies<>());
}

/// Sizes named by one symbol agree, and constant sizes are what they say.
void check_sizes(const Machine& machine) {
  std::map<std::string, std::int64_t> known;
  const auto& parameters = machine.kernel().parameters;
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    for (std::size_t d = 0; d < parameters[p].sizes.size(); ++d) {
      const std::string& symbol = parameters[p].sizes[d];
      std::int64_t constant = 0;
      const auto parsed = std::from_chars(symbol.data(), symbol.data() + symbol.size(), constant);
      const bool is_constant =
          parsed.ec == std::errc() && parsed.ptr == symbol.data() + symbol.size();
      const std::int64_t size = machine.tensors[p].sizes[d];
      const std::int64_t expected =
          is_constant ? constant : known.try_emplace(symbol, size).first->second;
      if (size != expected) {
        fail_argument(
            machine, p,
            fmt::format("size {} of dimension {} should be {} = {}", size, d, symbol, expected));
      }
    }
  }
}

void bind_tensor(Machine& machine, std::size_t p, const ir::Type& type,
                 const TensorArgument& from) {
  BoundTensor& tensor = machine.tensors[p];
  const auto rank = static_cast<std::size_t>(type.rank());
  if (from.sizes.size() != rank || from.strides.size() != rank) {
    fail_argument(machine, p, fmt::format("rank {} where {} is expected", from.sizes.size(), rank));
  }
  if (std::ranges::any_of(from.sizes, [](std::int64_t size) { return size < 0; })) {
    fail_argument(machine, p, "negative size");
  }
  const std::int64_t count = count_of(from.sizes);
  if (!from.defined.empty() && static_cast<std::int64_t>(from.defined.size()) != count) {
    fail_argument(machine, p, "`defined` has another number of elements");
  }
  tensor.name = machine.kernel().parameters[p].name;
  tensor.access = machine.kernel().parameters[p].access;
  tensor.data = static_cast<std::byte*>(from.data);
  tensor.element_bytes = element_bytes(type.element, machine.options.real_mode);
  tensor.sizes = from.sizes;
  tensor.strides = from.strides;
  tensor.defined = from.defined.empty() ? nullptr : from.defined.data();
  if (machine.options.check_races && is_written(tensor.access)) {
    tensor.touches = std::make_shared<std::vector<Touch>>(static_cast<std::size_t>(count));
  }
}

void write_scalar(const Machine& machine, std::size_t p, const ir::Type& type, const Argument& from,
                  std::byte* to) {
  const auto* bits = std::get_if<ir::Scalar>(&from);
  const auto* number = std::get_if<double>(&from);
  if (bits == nullptr && number == nullptr) fail_argument(machine, p, "a scalar is expected");
  if (number ? !ir::is_float(type.element) : bits->element != type.element) {
    fail_argument(machine, p, fmt::format("a scalar {} is expected", ir::name(type.element)));
  }
  with_type(type.element, machine.options.real_mode, [&]<class T>(Tag<T>) {
    if constexpr (Float<T>) {
      *write<T>(to) = number ? static_cast<T>(*number) : static_cast<T>(bits->as_float());
    } else {
      *write<T>(to) = convert<T>(bits->bits);
    }
  });
}

/// A read-only parameter that is exactly the view of a written one shares its record of accesses.
void share_touches(Machine& machine) {
  for (BoundTensor& reader : machine.tensors) {
    if (reader.data == nullptr || is_written(reader.access)) continue;
    for (const BoundTensor& writer : machine.tensors) {
      if (is_written(writer.access) && writer.data == reader.data && writer.sizes == reader.sizes &&
          writer.strides == reader.strides) {
        reader.touches = writer.touches;
      }
    }
  }
}

void bind(Machine& machine, std::span<const Argument> arguments) {
  const ir::Function& kernel = machine.kernel();
  if (arguments.size() != kernel.parameters.size()) {
    fail(machine, InterpretError::Kind::BadArgument, kernel.span,
         fmt::format("{} arguments where {} are expected", arguments.size(),
                     kernel.parameters.size()));
  }
  machine.tensors.resize(arguments.size());
  for (std::size_t p = 0; p < arguments.size(); ++p) {
    const ir::Type& type = kernel.type(kernel.blocks[kernel.body].arguments[p]);
    if (!type.is_tensor()) continue;
    const auto* tensor = std::get_if<TensorArgument>(&arguments[p]);
    if (tensor == nullptr) fail_argument(machine, p, "a tensor is expected");
    bind_tensor(machine, p, type, *tensor);
  }
  check_sizes(machine);
  share_touches(machine);
}

void check_environment(const Machine& machine) {
  bool ok = std::fegetround() == FE_TONEAREST;
#if defined(__x86_64__)
  constexpr unsigned flushes = 0x8040;  // FTZ, DAZ
  ok = ok && (_mm_getcsr() & flushes) == 0;
#endif
  if (!ok) {
    fail(machine, InterpretError::Kind::Environment, Span(),
         "the rounding mode is not to nearest, or subnormals are flushed to zero");
  }
}

/// Prepares every function; scalar arguments are written into the kernel's cells.
void prepare(Machine& machine, std::span<const Argument> arguments) {
  TILE_CHECK(!machine.module.kernel.is_none(), "a module without a kernel cannot run");
  check_environment(machine);
  bind(machine, arguments);
  machine.ops_left = machine.options.max_ops;
  machine.frames.resize(machine.module.functions.size());
  for (std::uint32_t index = 0; index < machine.module.functions.size(); ++index) {
    const ir::Function& function = machine.module.functions[ir::FunctionId{index}];
    if (machine.options.real_mode && !function.real_meaning.empty()) continue;
    machine.frames[index] = prepare_function(machine, function);
  }
  const ir::Function& kernel = machine.kernel();
  const Frame& frame = *machine.frames[machine.module.kernel.index];
  for (std::size_t p = 0; p < arguments.size(); ++p) {
    const ir::ValueId value = kernel.blocks[kernel.body].arguments[p];
    if (kernel.type(value).is_tensor()) continue;
    write_scalar(machine, p, kernel.type(value), arguments[p], frame.values[value.index]);
  }
}

std::vector<std::int64_t> grid_extents(Machine& machine) {
  const Frame& frame = *machine.frames[machine.module.kernel.index];
  run_code(machine, frame.grid);
  std::vector<std::int64_t> extents;
  for (const std::byte* extent : frame.grid.yields) {
    extents.push_back(std::max<std::int64_t>(0, *read<std::int64_t>(extent)));
  }
  return extents;
}

void run_programs(Machine& machine) {
  machine.extents = grid_extents(machine);
  machine.program.resize(machine.extents.size());
  const std::int64_t total = count_of(machine.extents);
  if (total >= std::numeric_limits<std::uint32_t>::max()) {
    fail(machine, InterpretError::Kind::BadArgument, machine.kernel().span,
         fmt::format("a grid of {} programs is too large", total));
  }
  std::vector<std::uint32_t> order(static_cast<std::size_t>(total));
  std::iota(order.begin(), order.end(), 0u);
  if (machine.options.order == ProgramOrder::Descending) std::ranges::reverse(order);
  if (machine.options.order == ProgramOrder::Shuffled) {
    std::ranges::shuffle(order, std::mt19937_64(machine.options.shuffle_seed));
  }
  const Code& body = machine.frames[machine.module.kernel.index]->body;
  for (std::uint32_t number : order) {
    std::int64_t rest = number;
    for (std::size_t d = machine.extents.size(); d-- > 0;) {
      machine.program[d] = rest % machine.extents[d];
      rest /= machine.extents[d];
    }
    machine.program_number = number + 1;
    run_code(machine, body);
  }
}

}  // namespace

std::expected<void, InterpretError> interpret(const ir::Module& module,
                                              std::span<const Argument> arguments,
                                              const Options& options) {
  try {
    Machine machine(module, options);
    prepare(machine, arguments);
    run_programs(machine);
    return {};
  } catch (InterpretError& error) {
    return std::unexpected(std::move(error));
  }
}

std::expected<std::vector<std::int64_t>, InterpretError> evaluate_grid(
    const ir::Module& module, std::span<const Argument> arguments, const Options& options) {
  try {
    Machine machine(module, options);
    prepare(machine, arguments);
    return grid_extents(machine);
  } catch (InterpretError& error) {
    return std::unexpected(std::move(error));
  }
}

std::string describe(const InterpretError& error, const SourceSet& sources) {
  std::string text = fmt::format("{}: error: {}", sources.describe(error.span), error.message);
  if (!error.note.empty()) {
    text += fmt::format("\n{}: note: {}", sources.describe(error.note_span), error.note);
  }
  return text;
}

}  // namespace tile::interpret
