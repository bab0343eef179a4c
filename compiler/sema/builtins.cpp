// See builtins.h.
#include "compiler/sema/builtins.h"

#include <array>

#include "compiler/sema/builtin_handlers.h"

namespace tile::sema {

namespace {

// In the order of docs/language.md. Columns: name, least and most arguments, handler, form.
constexpr auto table = std::to_array<Builtin>({
    {"min", 2, 2, call_elementwise, Form::Plain},
    {"max", 2, 2, call_elementwise, Form::Plain},
    {"min_number", 2, 2, call_elementwise, Form::Plain},
    {"max_number", 2, 2, call_elementwise, Form::Plain},
    {"abs", 1, 1, call_elementwise, Form::Plain},
    {"floor", 1, 1, call_elementwise, Form::Plain},
    {"ceil", 1, 1, call_elementwise, Form::Plain},
    {"round", 1, 1, call_elementwise, Form::Plain},
    {"sqrt", 1, 1, call_elementwise, Form::Plain},
    {"fma", 3, 3, call_elementwise, Form::Plain},
    {"mul_high", 2, 2, call_elementwise, Form::Plain},
    {"where", 3, 3, call_where, Form::Plain},
    {"bitcast", 1, 1, call_bitcast, Form::Generic},
    {"ceil_div", 2, 2, call_ceil_div, Form::Plain},

    {"zeros", 0, 0, call_zeros, Form::Created},
    {"full", 1, 1, call_full, Form::Created},
    {"iota", 0, 0, call_iota, Form::Created},
    {"reshape", 1, -1, call_reshape, Form::Plain},
    {"broadcast", 1, -1, call_broadcast, Form::Plain},
    {"transpose", 1, 1, call_transpose, Form::Plain},
    {"permute", 1, -1, call_permute, Form::Plain},
    {"concat", 3, 3, call_concat, Form::Plain},
    {"size", 2, 2, call_size, Form::Plain},

    {"sum", 1, 2, call_reduction, Form::Plain},
    {"prod", 1, 2, call_reduction, Form::Plain},
    {"reduce_max", 1, 2, call_reduction, Form::Plain},
    {"reduce_min", 1, 2, call_reduction, Form::Plain},
    {"argmax", 1, 2, call_reduction, Form::Plain},
    {"argmin", 1, 2, call_reduction, Form::Plain},
    {"any", 1, 2, call_reduction, Form::Plain},
    {"all", 1, 2, call_reduction, Form::Plain},
    {"reduce_xor", 1, 2, call_reduction, Form::Plain},
    {"reduce", 2, -1, call_custom_reduce, Form::Generic},
    {"cumsum", 1, 2, call_scan, Form::Plain},
    {"cumprod", 1, 2, call_scan, Form::Plain},
    {"scan", 2, -1, call_custom_scan, Form::Generic},
    {"dot", 3, 4, call_dot, Form::Plain},

    {"program", 0, 0, call_program, Form::Plain},
    {"assume", 1, 1, call_assume, Form::Checked},
    {"assert", 1, 1, call_assert, Form::Checked},
    {"static_assert", 1, 1, call_static_assert, Form::Checked},
    {"print", 0, -1, call_print, Form::Checked},
});

}  // namespace

const Builtin* find_builtin(std::string_view name) {
  for (const Builtin& builtin : table) {
    if (builtin.name == name) return &builtin;
  }
  return nullptr;
}

std::span<const Builtin> all_builtins() { return table; }

}  // namespace tile::sema
