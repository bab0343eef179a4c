// Dots on wgmma outside of the pipeline (schedule/gpu/wgmma.h): how a side gets into shared memory,
// and the instructions of one product. The machine reads registers and shared memory until it is
// waited for, so a product is issued and waited for as one.
#include "compiler/schedule/gpu/wgmma.h"

#include <fmt/format.h>
#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/Module.h>

#include <algorithm>

#include "compiler/codegen/ptx/instructions.h"
#include "compiler/codegen/ptx/kernel_emitter.h"
#include "compiler/codegen/ptx/vectors.h"
#include "compiler/codegen/ptx/wgmma_text.h"

namespace tile::codegen::ptx {

using schedule::GpuDot;
using schedule::StagedTile;
using schedule::Wgmma;

namespace {

constexpr std::int64_t chunk_floats = 4;
constexpr std::int64_t descriptor_unit = 16;  // bytes
constexpr std::int64_t row_bytes = Wgmma::row_floats * 4;
constexpr int fragment_registers = 4;        // of A, a step
constexpr std::int64_t half_place = 0x1000;  // of a tf32, in the bits of a float
/// An accumulator's registers in the order of a fragment of A.
constexpr int fragment_order[fragment_registers] = {0, 2, 1, 3};

/// Addresses, in floats, in place of flat indices.
Layout addresses_of(const Layout& layout, const StagedTile& tile) {
  const auto place = [&](std::int64_t flat) {
    std::int64_t at = 0;
    for (std::size_t bit = 0; bit < tile.places.size(); ++bit) {
      if ((flat >> bit & 1) != 0) at ^= tile.places[bit];
    }
    return at;
  };
  Layout result{{tile.buffer_bytes / 4}, {}, {}, {}};
  for (std::int64_t basis : layout.registers) result.registers.push_back(place(basis));
  for (std::int64_t basis : layout.lanes) result.lanes.push_back(place(basis));
  for (std::int64_t basis : layout.warps) result.warps.push_back(place(basis));
  return result;
}

/// Bytes from one column of 32 k to the next, for a side of so many rows (or columns of B).
std::int64_t block_bytes(std::int64_t others) { return others * row_bytes; }

/// In the units of a descriptor: where step `s` begins.
std::int64_t step_offset(std::int64_t s, std::int64_t others) {
  const std::int64_t k = s * Wgmma::step;
  return (k / Wgmma::row_floats * block_bytes(others) + k % Wgmma::row_floats * 4) /
         descriptor_unit;
}

/// The instructions of a product: accumulators are operands 0 .. count - 1 and, unless it starts
/// from zero, also the next count; then come the left side's fragments, or its descriptor, and the
/// right side's descriptor. Descriptors of the steps are made here: as values of LLVM's they would
/// be hoisted out of loops and take two registers each.
struct WgmmaText {
  std::int64_t rows = 0, columns = 0;  // of the block's product
  int count = 0;                       // accumulators
  int blocks = 0;                      // of 64 rows
  int steps = 0;
  bool is_from_zero = false;
  int fragments = 0;  // of the left side; 0: it is in shared memory

  std::string fragment(int block, int step, int first) const {
    first += (block * steps + step) * fragment_registers;
    std::string text;
    for (int i : fragment_order) text += fmt::format("{}${}", text.empty() ? "{" : ", ", first + i);
    return text + "}";
  }

  std::string print() const {
    const int first_left = is_from_zero ? count : 2 * count;
    const int right = first_left + std::max(fragments, 1);
    std::string text =
        "{\n.reg .pred p, q;\n.reg .b64 a, b;\nsetp.ne.b32 p, 1, 0;\nsetp.ne.b32 q, 0, 0;\n"
        "wgmma.fence.sync.aligned;\n";
    for (int step = 0; step < steps; ++step) {
      text += fmt::format("add.s64 b, ${}, {};\n", right, step_offset(step, columns));
      for (int block = 0; block < blocks; ++block) {
        std::string left = "a";
        if (fragments > 0) {
          left = fragment(block, step, first_left);
        } else {
          const std::int64_t offset = block_bytes(block * Wgmma::block_rows) / descriptor_unit;
          text +=
              fmt::format("add.s64 a, ${}, {};\n", first_left, offset + step_offset(step, rows));
        }
        text += wgmma_text(columns, registers_text(block * (count / blocks), count / blocks), left,
                           "b", is_from_zero && step == 0 ? "q" : "p");
      }
    }
    return text + "wgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;\n}";
  }
};

}  // namespace

/// To tf32 by rounding to nearest, ties away from zero, in two instructions instead of three: half
/// a place is added to the bits, of which wgmma reads the first 19. The fma keeps NaN from wrapping
/// around to zero; infinities become NaN. (A predicate in place of the fma would keep them, but
/// takes registers that attention's key gradient does not have.)
Registers KernelEmitter::rounded_for_wgmma(const Registers& values) {
  Registers rounded;
  llvm::Value* zero = llvm::ConstantFP::get(builder_.getFloatTy(), 0.0);
  for (llvm::Value* value : values) {
    llvm::Value* sum =
        builder_.CreateAdd(builder_.CreateBitCast(value, builder_.getInt32Ty()), i32(half_place));
    rounded.push_back(builder_.CreateIntrinsic(
        llvm::Intrinsic::fma, {builder_.getFloatTy()},
        {value, zero, builder_.CreateBitCast(sum, builder_.getFloatTy())}));
  }
  return rounded;
}

/// Writes a side of a product where wgmma expects it, and shows it to the machine that reads it.
void KernelEmitter::store_places(const StagedTile& tile, Registers values, const Layout& layout) {
  values = rounded_for_wgmma(values);
  const Layout addresses = addresses_of(layout, tile);
  const std::vector<int> bits = schedule::vector_bits(addresses, 0, chunk_floats);
  for (int r = 0; r < addresses.register_count(); ++r) {
    if (!is_first_of_vector(r, bits)) continue;
    Registers elements;
    for (std::size_t member : members_of(r, bits)) elements.push_back(values.at(member));
    Memory memory = place_of(staged_base(tile), addresses, r, 4);
    memory.predicate = is_first_copy(layout);
    store_elements(builder_, memory, elements);
  }
  machine("fence.proxy.async.shared::cta;", "~{memory}", {});
}

/// The descriptor of a staged side, of the warpgroup's rows if it is the left one.
llvm::Value* KernelEmitter::side_descriptor(std::size_t staged, std::int64_t group_rows) {
  llvm::Value* address =
      builder_.CreatePtrToInt(staged_base(plan_.staged[staged]), builder_.getInt32Ty());
  if (group_rows > 0 && plan_.warps > Wgmma::group_warps) {
    llvm::Value* group = builder_.CreateLShr(warp(), i32(2));
    address = builder_.CreateAdd(address, builder_.CreateMul(group, i32(group_rows * row_bytes)));
  }
  return descriptor(address);
}

/// The left side: fragments of A, or its descriptor.
Registers KernelEmitter::wgmma_left(const GpuDot& dot) {
  if (dot.lhs != GpuDot::in_registers) {
    return {side_descriptor(dot.lhs, dot.result.extents[0] / (plan_.warps / Wgmma::group_warps))};
  }
  Registers fragments = rounded_for_wgmma(operand(dot.op, ir::op::Dot::lhs));
  for (llvm::Value*& value : fragments) {
    value = builder_.CreateBitCast(value, builder_.getInt32Ty());
  }
  return fragments;
}

Registers KernelEmitter::dot_by_wgmma(const GpuDot& dot, Registers acc) {
  const ir::Op& op = function_.ops[dot.op];
  const Registers a = wgmma_left(dot);
  // A product that starts from zero needs no accumulators to start from.
  const bool is_from_zero = std::ranges::all_of(acc, [](llvm::Value* value) {
    const auto* number = llvm::dyn_cast<llvm::ConstantFP>(value);
    return number != nullptr && number->isZero();
  });
  WgmmaText text;
  text.rows = dot.result.extents[0];
  text.columns = dot.result.extents[1];
  text.count = static_cast<int>(acc.size());
  text.blocks = text.count / static_cast<int>(text.columns / 2);
  text.steps =
      static_cast<int>(function_.type(op.operands[ir::op::Dot::lhs]).shape.back() / Wgmma::step);
  text.is_from_zero = is_from_zero;
  text.fragments = dot.lhs == GpuDot::in_registers ? static_cast<int>(a.size()) : 0;

  std::string constraints;
  for (std::size_t i = 0; i < acc.size(); ++i) constraints += i == 0 ? "=f" : ",=f";
  Registers operands;
  const auto add = [&](const Registers& values, const char* constraint) {
    for (llvm::Value* value : values) {
      const std::string same = std::to_string(operands.size());
      constraints += ',' + (constraint == nullptr ? same : std::string(constraint));
      operands.push_back(value);
    }
  };
  if (!is_from_zero) add(acc, nullptr);
  add(a, text.fragments > 0 ? "r" : "l");
  add({side_descriptor(dot.rhs, 0)}, "l");
  constraints += ",~{memory}";
  const std::vector<llvm::Type*> types(acc.size(), builder_.getFloatTy());
  llvm::Value* product = machine(text.print(), constraints,
                                 llvm::StructType::get(target_.getContext(), types), operands);
  for (std::size_t i = 0; i < acc.size(); ++i) {
    acc[i] = builder_.CreateExtractValue(product, static_cast<unsigned>(i));
  }
  return acc;
}

}  // namespace tile::codegen::ptx
