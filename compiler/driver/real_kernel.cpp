// See real_kernel.h.
#include "compiler/driver/real_kernel.h"

#include <bit>

#include "compiler/interpret/interpreter.h"

namespace tile {

namespace {

/// Argument words as the interpreter takes them.
std::vector<interpret::Argument> arguments_of(const ir::Function& kernel, ArgumentWords words) {
  std::vector<interpret::Argument> arguments;
  for (ir::ValueId parameter : kernel.blocks[kernel.body].arguments) {
    const ir::Type& type = kernel.type(parameter);
    if (type.is_tensor()) {
      interpret::TensorArgument tensor;
      tensor.data = reinterpret_cast<void*>(static_cast<std::uintptr_t>(*words++));
      tensor.sizes.assign(words, words + type.rank());
      words += type.rank();
      tensor.strides.assign(words, words + type.rank());
      words += type.rank();
      arguments.emplace_back(std::move(tensor));
    } else if (ir::is_float(type.element)) {
      arguments.emplace_back(std::bit_cast<double>(*words++));
    } else {
      arguments.emplace_back(ir::Scalar::from_int(type.element, *words++));
    }
  }
  return arguments;
}

}  // namespace

RealKernel real_kernel_of(ir::Module module, const SourceSet& sources) {
  struct State {
    ir::Module module;
    SourceSet sources;
  };
  const auto state = std::make_shared<const State>(std::move(module), sources);
  return {[state](ArgumentWords words) -> std::optional<CompileError> {
    const auto arguments = arguments_of(state->module.functions[state->module.kernel], words);
    // Programs run one after another here; that they do not race is the business of the others.
    const interpret::Options options{.real_mode = true, .check_races = false};
    const auto result = interpret::interpret(state->module, arguments, options);
    if (result) return std::nullopt;
    return CompileError{interpret::describe(result.error(), state->sources)};
  }};
}

}  // namespace tile
