// Checks the invariants of tile IR. Run after sema and after every pass; a failure is a bug of
// ours.
//
// Invariants
//  Module     At most one kernel. A call's callee stands before the caller, so there is no
//  recursion. Function   The body's arguments are the parameters, in order. Only kernels have
//  tensor parameters,
//             with one size (symbol or decimal constant) per dimension; scalars are `in`. A kernel
//             yields nothing; a function yields its result types.
//  Grid       A kernel's grid holds pure scalar ops on dims and scalar parameters, without regions,
//  and
//             yields one i64 extent per axis (1 to 4).
//  Blocks     Every op stands in one block. A block ends in its only yield. Regions: for 1, while
//  2,
//             if 2, custom reduce and scan 1, all others 0; each names its op as owner.
//  Values     An operand is defined earlier in its block or in a block around it (grid and body
//  share
//             the parameters and nothing else). A tile's extents are positive. A tensor is used
//             only as the tensor of dim, load and store; tiles everywhere else.
//  Types      As the op table and verify_types.cpp say; a constant's value has its result's element
//  type. Memory     `in` tensors are not stored to, `out` and `unordered out` tensors are not
//  loaded. Stage      No op of a later stage than the one asked for.
#pragma once

#include <optional>
#include <string>

#include "compiler/ir/function.h"

namespace tile::ir {

/// The first broken invariant, as "<function>: <reason>: <op text>", or nothing.
std::optional<std::string> verify(const Module& module, Stage stage = Stage::Tile);
/// One function alone; calls are checked against `module` when it is given.
std::optional<std::string> verify(const Function& function, const Module* module = nullptr,
                                  Stage stage = Stage::Tile);

/// Type rules of one op, regions included: the reason it breaks one, or nothing. Operand counts and
/// attribute kinds must be right already.
std::optional<std::string> check_op_types(const Function& function, const Op& op,
                                          const Module* module);

}  // namespace tile::ir
