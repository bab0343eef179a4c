// The handlers of the builtin table, by topic. Each checks its arguments (their number is checked
// already) and gives the call's value, Error after a report.
#pragma once

#include "compiler/sema/body.h"

namespace tile::sema {

// builtins_elementwise.cpp
Value call_elementwise(Body& body, const Call& call);  // named as the op: min, sqrt, fma...
Value call_where(Body& body, const Call& call);
Value call_bitcast(Body& body, const Call& call);
Value call_ceil_div(Body& body, const Call& call);

// builtins_shape.cpp
Value call_zeros(Body& body, const Call& call);
Value call_full(Body& body, const Call& call);
Value call_iota(Body& body, const Call& call);
Value call_reshape(Body& body, const Call& call);
Value call_broadcast(Body& body, const Call& call);
Value call_transpose(Body& body, const Call& call);
Value call_permute(Body& body, const Call& call);
Value call_concat(Body& body, const Call& call);
Value call_size(Body& body, const Call& call);

// builtins_reduce.cpp
Value call_reduction(Body& body, const Call& call);  // sum, reduce_max...
Value call_scan(Body& body, const Call& call);       // cumsum, cumprod
Value call_custom_reduce(Body& body, const Call& call);
Value call_custom_scan(Body& body, const Call& call);
Value call_dot(Body& body, const Call& call);

// builtins_program.cpp
Value call_program(Body& body, const Call& call);
Value call_assume(Body& body, const Call& call);
Value call_assert(Body& body, const Call& call);
Value call_static_assert(Body& body, const Call& call);
Value call_print(Body& body, const Call& call);

}  // namespace tile::sema
