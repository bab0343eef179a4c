// For tests of passes: text in, text out, verified on both sides.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "compiler/ir/reader.h"
#include "compiler/ir/verifier.h"

namespace tile::passes {

inline ir::Module read_verified(std::string_view text) {
  auto module = ir::read_module(text);
  REQUIRE_MESSAGE(module.has_value(), module.error().line, ": ", module.error().message);
  REQUIRE_EQ(ir::verify(*module).value_or("sound"), "sound");
  return std::move(*module);
}

/// Runs a module pass; the result must be sound.
template <class Pass>
std::string after_module_pass(Pass pass, std::string_view text) {
  ir::Module module = read_verified(text);
  pass(module);
  CHECK_EQ(ir::verify(module).value_or("sound"), "sound");
  return ir::print(module);
}

/// Runs a function pass on each function; the result must be sound.
template <class Pass>
std::string after_pass(Pass pass, std::string_view text) {
  return after_module_pass(
      [&](ir::Module& module) {
        for (ir::Function& function : module.functions) pass(function);
      },
      text);
}

/// A function `@f(%x: f32[4], %b: bool, %i: i64, %j: i64)` around body lines.
inline std::string in_function(std::string_view results, std::string_view body) {
  return "function @f(%x: f32[4], %b: bool, %i: i64, %j: i64) -> (" + std::string(results) +
         ")\nbody {\n" + std::string(body) + "}\n";
}

}  // namespace tile::passes
