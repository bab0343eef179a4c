// Functions of tile IR: values, ops and blocks in flat vectors, referred to by id. Control flow is
// structured: a region is one block owned by one op, and a block's last op is a yield. Values are
// visible in their block after their definition and in the regions nested there. Removing an op
// takes its id out of its block; nothing is renumbered, so side tables stay valid within a pass.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/base/ids.h"
#include "compiler/ir/op.h"
#include "compiler/ir/type.h"
#include "compiler/source/source_file.h"

namespace tile::ir {

using ValueId = Id<struct ValueTag>;
using OpId = Id<struct OpTag>;
using BlockId = Id<struct BlockTag>;

/// A value is the `index`-th result of `op`, or the `index`-th argument of `block`; the other is
/// none.
struct Value {
  Type type;
  OpId op;
  BlockId block;
  std::uint32_t index = 0;
  std::string name;  // hint from the source ("acc"), may be empty
};

struct Op {
  OpCode code = OpCode::Constant;
  std::vector<ValueId> operands;
  std::vector<ValueId> results;
  std::vector<BlockId> regions;
  Attributes attributes;
  Span span;
};

struct Block {
  std::vector<ValueId> arguments;
  std::vector<OpId> ops;
  OpId owner;  // none for a function's body and a kernel's grid
};

enum class Access : std::uint8_t {
  In,           // read only
  Out,          // written only
  InOut,        // written, and read at elements the same program writes
  UnorderedOut  // written; one-to-one is promised by the source and checked while interpreting
};

/// A kernel's or function's parameter; its value is the body's argument of the same position.
struct Parameter {
  std::string name;
  Access access = Access::In;
  std::vector<std::string> sizes;  // tensor: symbol per dimension ("M"), or a decimal constant
  Span span;
};

enum class FunctionKind : std::uint8_t { Kernel, Function };

struct Function {
  std::string name;      // "matmul"
  std::string instance;  // printed form of the constant arguments: "BM=64, P=fp32"; may be empty
  FunctionKind kind = FunctionKind::Function;
  std::vector<Parameter> parameters;
  std::vector<Type> result_types;  // functions only
  BlockId body;
  BlockId grid;              // kernels: scalar ops on dim and scalar parameters, yields i64 extents
  std::string real_meaning;  // "exp": what real mode evaluates instead of the body; may be empty
  bool no_inline = false;
  Span span;

  EntityVector<ValueId, Value> values;
  EntityVector<OpId, Op> ops;
  EntityVector<BlockId, Block> blocks;

  const Type& type(ValueId value) const { return values[value].type; }
  /// The op that defines the value, or null for a block argument.
  const Op* defining_op(ValueId value) const;
  template <class A>
  const A& attributes(OpId op) const {
    return std::get<A>(ops[op].attributes);
  }
  /// The constant a scalar or splat value holds, if a Constant op (or a Broadcast of one) defines
  /// it.
  std::optional<Scalar> constant_value(ValueId value) const;
  int grid_rank() const;
};

/// A compilation unit: one kernel and the functions it calls (callees precede callers).
struct Module {
  EntityVector<FunctionId, Function> functions;
  FunctionId kernel;  // none in a module of functions only
};

// Building blocks of passes.

/// Appends an op with these result types at the end of a block; creates its result values.
OpId append_op(Function& function, BlockId block, Op op, std::span<const Type> result_types);
/// Same, before position `at` of the block.
OpId insert_op(Function& function, BlockId block, std::size_t at, Op op,
               std::span<const Type> result_types);
BlockId add_block(Function& function, OpId owner);
ValueId add_argument(Function& function, BlockId block, Type type, std::string name = {});
/// Replaces every use of `from`, in the whole function.
void replace_uses(Function& function, ValueId from, ValueId to);
/// replacement[v] (when set) stands for v; applied to all operands at once, following chains.
void replace_uses(Function& function, const EntityVector<ValueId, ValueId>& replacement);

/// Calls visit(BlockId, OpId) for every op under `block`, outer before inner, in order.
template <class Visit>
void walk(const Function& function, BlockId block, Visit&& visit) {
  if (block.is_none()) return;
  for (OpId op : function.blocks[block].ops) {
    visit(block, op);
    for (BlockId region : function.ops[op].regions) walk(function, region, visit);
  }
}

/// The text form, docs/ir.md; read back by reader.h.
std::string print(const Module& module);
std::string print(const Function& function);

}  // namespace tile::ir
