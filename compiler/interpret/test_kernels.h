// For tests: kernels from IR text and tensors held in vectors.
#pragma once

#include <numeric>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "compiler/interpret/interpreter.h"
#include "compiler/ir/reader.h"
#include "compiler/ir/verifier.h"

namespace tile::interpret {

inline ir::Module module_of(std::string_view text) {
  auto module = ir::read_module(text);
  REQUIRE_MESSAGE(module.has_value(), module.error().line, ": ", module.error().message);
  REQUIRE_EQ(ir::verify(*module).value_or("sound"), "sound");
  return *std::move(module);
}

/// A row-major tensor over the vector's memory.
template <class T>
TensorArgument tensor_of(std::vector<T>& values, std::vector<std::int64_t> sizes) {
  TensorArgument argument{.data = values.data(), .sizes = sizes, .strides = {}, .defined = {}};
  std::int64_t stride = 1;
  for (std::size_t d = sizes.size(); d-- > 0;) {
    argument.strides.insert(argument.strides.begin(), stride);
    stride *= sizes[d];
  }
  return argument;
}
template <class T>
TensorArgument tensor_of(std::vector<T>& values) {
  return tensor_of(values, {static_cast<std::int64_t>(values.size())});
}

/// Runs and requires success.
inline void run(std::string_view text, const std::vector<Argument>& arguments,
                const Options& options = {}) {
  const ir::Module module = module_of(text);
  const auto done = interpret(module, arguments, options);
  REQUIRE_MESSAGE(done.has_value(), done.error().message);
}

/// Runs and requires an error of this kind; its message.
inline std::string failure(std::string_view text, const std::vector<Argument>& arguments,
                           InterpretError::Kind kind, const Options& options = {}) {
  const ir::Module module = module_of(text);
  const auto done = interpret(module, arguments, options);
  REQUIRE(!done.has_value());
  CHECK(done.error().kind == kind);
  return done.error().message;
}

}  // namespace tile::interpret
