// See machines.h.
#include <algorithm>

#include <fmt/format.h>

#include "tests/kernels/machines.h"

namespace tile::harness {

namespace {

std::vector<std::int64_t> packed(const std::vector<std::int64_t>& sizes) {
  std::vector<std::int64_t> strides(sizes.size());
  std::int64_t stride = 1;
  for (std::size_t d = sizes.size(); d-- > 0;) {
    strides[d] = stride;
    stride *= sizes[d];
  }
  return strides;
}

/// Pure outputs begin undefined, so what is left unwritten shows.
bool begins_undefined(const ir::Module& module, std::size_t parameter) {
  const ir::Access access = module.functions[module.kernel].parameters[parameter].access;
  return access == ir::Access::Out || access == ir::Access::UnorderedOut;
}

}  // namespace

Outcome run_interpreter(const ir::Module& module, const std::vector<Input>& inputs,
                        const InterpretMode& mode) {
  std::vector<PlacedTensor> placed;
  std::vector<std::vector<std::uint8_t>> defined(inputs.size());
  std::vector<interpret::Argument> arguments;
  placed.reserve(inputs.size());
  for (std::size_t p = 0; p < inputs.size(); ++p) {
    if (!inputs[p].is_tensor) {
      arguments.emplace_back(inputs[p].scalar);
      continue;
    }
    const PlacedTensor& tensor = placed.emplace_back(inputs[p].tensor, inputs[p].layout);
    interpret::TensorArgument argument{tensor.data(), tensor.sizes(), tensor.strides(), {}};
    if (begins_undefined(module, p)) {
      defined[p].resize(static_cast<std::size_t>(inputs[p].tensor.count()), 0);
      argument.defined = defined[p];
    }
    arguments.emplace_back(argument);
  }
  interpret::Options options;
  options.order = mode.order;
  const auto done = interpret::interpret(module, arguments, options);
  if (!done) return std::unexpected("interpreter: " + done.error().message);
  Outputs outputs;
  std::size_t next = 0;
  for (std::size_t p = 0; p < inputs.size(); ++p) {
    if (!inputs[p].is_tensor) continue;
    const PlacedTensor& tensor = placed[next++];
    if (!tensor.guards_intact()) return std::unexpected("interpreter: stray write");
    if (!inputs[p].is_written) continue;
    const auto missing = std::ranges::count(defined[p], 0);
    if (mode.requires_all_written && missing > 0) {
      return std::unexpected(fmt::format("{} elements of output {} were not written", missing, p));
    }
    outputs.push_back(tensor.take());
  }
  return outputs;
}

std::expected<std::vector<std::vector<double>>, std::string> run_real(
    const ir::Module& module, const std::vector<Input>& inputs) {
  std::vector<std::vector<double>> numbers(inputs.size());
  std::vector<HostTensor> others(inputs.size());
  std::vector<interpret::Argument> arguments;
  for (std::size_t p = 0; p < inputs.size(); ++p) {
    if (!inputs[p].is_tensor) {
      arguments.emplace_back(inputs[p].scalar);
      continue;
    }
    others[p] = inputs[p].tensor;
    for (std::int64_t i = 0; i < others[p].count(); ++i) numbers[p].push_back(others[p].number(i));
    const bool is_float = ir::is_float(others[p].element);
    void* data = is_float ? static_cast<void*>(numbers[p].data()) : others[p].bytes.data();
    arguments.emplace_back(
        interpret::TensorArgument{data, others[p].sizes, packed(others[p].sizes), {}});
  }
  interpret::Options options;
  options.real_mode = true;
  const auto done = interpret::interpret(module, arguments, options);
  if (!done) return std::unexpected("real mode: " + done.error().message);
  std::vector<std::vector<double>> outputs;
  for (std::size_t p = 0; p < inputs.size(); ++p) {
    if (!inputs[p].is_written) continue;
    if (!ir::is_float(others[p].element)) {
      for (std::int64_t i = 0; i < others[p].count(); ++i) {
        numbers[p][static_cast<std::size_t>(i)] = others[p].number(i);
      }
    }
    outputs.push_back(numbers[p]);
  }
  return outputs;
}

}  // namespace tile::harness
