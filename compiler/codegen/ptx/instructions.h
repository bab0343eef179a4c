// Machine instructions that LLVM IR has no words for, or not the right ones: loads and stores under
// a predicate (a branch around each would cost more than the access), and exchanges between the
// lanes of a warp. A bool is i1 in registers and a byte in memory.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <span>
#include <vector>

namespace tile::codegen::ptx {

/// Consecutive elements in global or shared memory: `address` is a pointer into that space,
/// `offset` constant bytes more. All bytes of an access together are 1, 2, 4, 8 or 16, and aligned.
struct Memory {
  llvm::Value* address = nullptr;
  std::int64_t offset = 0;
  llvm::Value* predicate = nullptr;  // i1; null: always
  /// And only where room > at. Compared beside the access: that is one instruction, while ptxas
  /// keeps predicates for later in bits of registers, three instructions each.
  llvm::Value* room = nullptr;  // i32; null: always
  std::int64_t at = 0;
  /// Nothing writes this memory while the kernel runs: loads may move freely and go through the
  /// read-only cache.
  bool is_constant = false;
};

/// Elements of type `element`; where the conditions do not hold, all are `otherwise` and memory is
/// not touched.
std::vector<llvm::Value*> load_elements(llvm::IRBuilder<>& builder, const Memory& memory,
                                        llvm::Type* element, int count, llvm::Value* otherwise);
void store_elements(llvm::IRBuilder<>& builder, const Memory& memory,
                    std::span<llvm::Value* const> elements);

/// The value of lane `lane ^ mask`, or of lane `source`. Any element type; all lanes take part.
llvm::Value* shuffle_xor(llvm::IRBuilder<>& builder, llvm::Value* value, int mask);
llvm::Value* shuffle_from(llvm::IRBuilder<>& builder, llvm::Value* value, llvm::Value* source);

}  // namespace tile::codegen::ptx
