// A tile in shared memory whose element (i, j, ..) lies at i * strides[0] + j * strides[1] + ..
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <vector>

#include "compiler/ir/type.h"

namespace tile::codegen::ptx {

struct SharedTile {
  llvm::Value* base = nullptr;
  ir::Type type;
  std::vector<std::int64_t> strides;  // in elements
};

/// Strides of the shape in row-major order.
std::vector<std::int64_t> row_major_strides(const ir::Shape& shape);

}  // namespace tile::codegen::ptx
