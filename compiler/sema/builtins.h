// The names the language itself gives a meaning: one table from name to handler. A handler checks
// its arguments and emits IR through the Body that is being checked.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "compiler/sema/value.h"

namespace tile::sema {

class Body;

/// An argument with its place, for messages.
struct Argument {
  Value value;
  Span span;
};

/// A call as a handler sees it, arguments evaluated.
struct Call {
  std::string_view name;
  Span span;
  std::vector<Argument> arguments;
  std::vector<Argument> generics;  // unnamed ones: `zeros<f32>`, `reduce<add>`
  std::vector<Argument> shape;     // `zeros<f32>[M, N]`
  bool has_shape = false;
  std::string_view message;        // the text argument of print, assert, static_assert
};

/// How a call is written.
enum class Form : std::uint8_t {
  Plain,    // `min(a, b)`
  Generic,  // `bitcast<i32>(x)`
  Created,  // `zeros<f32>[M, N]`
  Checked,  // `assert(c, "text")`: a statement, one argument may be a text
};

struct Builtin {
  std::string_view name;
  int least_arguments = 0;
  int most_arguments = 0;  // -1: any number
  Value (*handler)(Body&, const Call&) = nullptr;
  Form form = Form::Plain;

  bool takes_text() const { return form == Form::Checked; }
  bool takes_shape() const { return form == Form::Created; }
  bool takes_generics() const { return form == Form::Generic || form == Form::Created; }
};

const Builtin* find_builtin(std::string_view name);
std::span<const Builtin> all_builtins();

}  // namespace tile::sema
