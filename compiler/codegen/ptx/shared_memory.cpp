// See kernel_emitter.h. Shared memory: its regions, the barriers between who writes and who reads,
// and tiles written to it element by element or in vectors.
#include "compiler/codegen/ptx/shared_tile.h"

#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/Module.h>

#include <algorithm>
#include <numeric>

#include "compiler/base/check.h"
#include "compiler/codegen/ptx/instructions.h"
#include "compiler/codegen/ptx/kernel_emitter.h"
#include "compiler/codegen/ptx/vectors.h"

namespace tile::codegen::ptx {

using ir::ValueId;

namespace {

constexpr std::int64_t vector_bytes = 16;
constexpr schedule::RegionId scratch{0};

/// Register bits that step through neighbours in memory, lowest first, as many as may be accessed
/// at once.
std::vector<int> vector_bits(const SharedTile& tile, const Layout& layout) {
  const auto& strides = tile.strides;
  const auto unit = std::ranges::find(strides, 1);
  if (unit == strides.end()) return {};
  const auto dim = static_cast<int>(unit - strides.begin());
  const auto extent = tile.type.shape[static_cast<std::size_t>(dim)];
  std::int64_t length = 1;
  const auto fits = [&](std::int64_t longer) {
    if (longer * ir::byte_size(tile.type.element) > vector_bytes || extent % longer != 0) {
      return false;
    }
    for (std::size_t d = 0; d < strides.size(); ++d) {
      if (static_cast<int>(d) != dim && strides[d] % longer != 0) return false;
    }
    return true;
  };
  while (fits(2 * length)) length *= 2;
  return schedule::vector_bits(layout, dim, length);
}

}  // namespace

std::vector<std::int64_t> row_major_strides(const ir::Shape& shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t d = shape.size(); d-- > 0;) {
    strides[d] = stride;
    stride *= shape[d];
  }
  return strides;
}

llvm::Value* KernelEmitter::region(schedule::RegionId id) {
  TILE_CHECK(shared_ != nullptr, "the plan has shared memory for what uses it");
  return builder_.CreateConstGEP1_64(builder_.getInt8Ty(), shared_,
                                     static_cast<std::uint64_t>(plan_.regions[id].offset));
}

void KernelEmitter::before_access(HazardTracker::Place place, HazardTracker::Access access,
                                  HazardTracker::Owner owner) {
  if (hazards_.needs_barrier(place, access, owner)) emit_barrier();
}

void KernelEmitter::emit_barrier() {
  if (plan_.warps == 1) {
    builder_.CreateIntrinsic(llvm::Intrinsic::nvvm_bar_warp_sync, {i32(-1)});
  } else if (are_consumers_alone_) {
    builder_.CreateIntrinsic(llvm::Intrinsic::nvvm_barrier_cta_sync_aligned_count,
                             {i32(1), i32(plan_.warps * schedule::lanes_per_warp)});
  } else {
    builder_.CreateIntrinsic(llvm::Intrinsic::nvvm_barrier_cta_sync_aligned_all, {i32(0)});
  }
}

Memory KernelEmitter::shared_place(const SharedTile& tile, const Layout& layout, int r) {
  llvm::Value* index = i32(0);
  std::int64_t constant = 0;
  for (int d = 0; d < tile.type.rank(); ++d) {
    const std::int64_t stride = tile.strides[static_cast<std::size_t>(d)];
    llvm::Value* at = thread_coordinate(layout, d);
    if (schedule::is_separable(layout, d)) {
      constant += layout.coordinate(layout.register_element(r), d) * stride;
    } else {
      at = coordinate(layout, d, r);
    }
    index = builder_.CreateAdd(index, builder_.CreateMul(at, i32(stride)));
  }
  const int bytes = ir::byte_size(tile.type.element);
  llvm::Type* element = builder_.getIntNTy(static_cast<unsigned>(8 * bytes));
  return {builder_.CreateGEP(element, tile.base, index), constant * bytes};
}

/// Elements that exist; where threads hold copies, one of them writes.
void KernelEmitter::store_shared(const SharedTile& tile, const Registers& values,
                                 const Layout& layout) {
  const std::vector<int> bits = vector_bits(tile, layout);
  for (int r = 0; r < layout.register_count(); ++r) {
    if (!is_first_of_vector(r, bits)) continue;
    Memory memory = shared_place(tile, layout, r);
    memory.predicate = is_first_copy(layout);
    if (llvm::Value* alive = is_alive(layout, tile.type.shape, r)) {
      memory.predicate =
          memory.predicate == nullptr ? alive : builder_.CreateAnd(memory.predicate, alive);
    }
    Registers elements;
    for (std::size_t member : members_of(r, bits)) elements.push_back(values.at(member));
    store_elements(builder_, memory, elements);
  }
}

/// Dead elements are not read: they may lie outside of the region.
Registers KernelEmitter::load_shared(const SharedTile& tile, const Layout& layout) {
  const std::vector<int> bits = vector_bits(tile, layout);
  llvm::Type* element = type_of(tile.type.element);
  Registers values(static_cast<std::size_t>(layout.register_count()));
  for (int r = 0; r < layout.register_count(); ++r) {
    if (!is_first_of_vector(r, bits)) continue;
    Memory memory = shared_place(tile, layout, r);
    memory.predicate = is_alive(layout, tile.type.shape, r);
    const std::vector<std::size_t> members = members_of(r, bits);
    const auto elements = load_elements(builder_, memory, element, static_cast<int>(members.size()),
                                        llvm::Constant::getNullValue(element));
    for (std::size_t i = 0; i < members.size(); ++i) values[members[i]] = elements[i];
  }
  return values;
}

void KernelEmitter::write_scratch(const Registers& values, const Layout& layout,
                                  const ir::Type& type) {
  before_access(HazardTracker::scratch_place, HazardTracker::Access::Write);
  store_shared({region(scratch), type, row_major_strides(type.shape)}, values, layout);
}

llvm::Value* KernelEmitter::read_scratch(llvm::Value* flat_index, ir::ElementType element) {
  before_access(HazardTracker::scratch_place, HazardTracker::Access::Read);
  llvm::Type* type = builder_.getIntNTy(static_cast<unsigned>(8 * ir::byte_size(element)));
  const Memory memory{builder_.CreateGEP(type, region(scratch), flat_index)};
  return load_elements(builder_, memory, type_of(element), 1, nullptr)[0];
}

/// tf32 by rounding to nearest, ties away from zero.
Registers KernelEmitter::rounded_to_tf32(const Registers& values) {
  Registers rounded;
  for (llvm::Value* value : values) {
    rounded.push_back(
        builder_.CreateBitCast(builder_.CreateIntrinsic(llvm::Intrinsic::nvvm_f2tf32_rna, {value}),
                               builder_.getFloatTy()));
  }
  return rounded;
}

llvm::Value* KernelEmitter::staged_base(const schedule::StagedTile& tile) {
  llvm::Value* base = region(tile.region);
  if (tile.alternates_in.is_none()) return base;
  llvm::Value* parity = turn_parities_.at(tile.alternates_in);
  return builder_.CreateGEP(builder_.getInt8Ty(), base,
                            builder_.CreateMul(parity, i32(tile.buffer_bytes)));
}

void KernelEmitter::stage(ValueId value) {
  for (const schedule::StagedTile& tile : plan_.staged) {
    if (tile.value != value) continue;
    const ir::Type& type = function_.type(value);
    const std::size_t rank = type.shape.size();
    // A value that is computed where it is used has no layout: the last dimension across lanes.
    Layout layout;
    if (const auto& home = plan_.layouts[value]) {
      layout = *home;
    } else {
      std::vector<int> order(rank);
      std::iota(order.rbegin(), order.rend(), 0);
      layout = schedule::blocked_layout(type.shape, order, 1, plan_.warps);
    }
    Registers values = in_layout(value, layout);
    if (tile.rounds_tf32 && tile.places.empty()) values = rounded_to_tf32(values);
    if (tile.alternates_in.is_none()) {
      before_access(HazardTracker::place_of(tile.region), HazardTracker::Access::Write);
    } else {
      // Who reads this buffer read it two turns ago: all have met since, to read the other one.
      hazards_.record_write(HazardTracker::place_of(tile.region));
    }
    if (!tile.places.empty()) {
      store_places(tile, std::move(values), layout);
      continue;
    }
    std::vector<std::int64_t> strides =
        row_major_strides({type.shape.begin(), type.shape.end() - 2});
    for (std::int64_t& stride : strides) stride *= tile.batch_pitch;
    strides.push_back(tile.is_transposed ? 1 : tile.pitch);
    strides.push_back(tile.is_transposed ? tile.pitch : 1);
    store_shared({staged_base(tile), type, std::move(strides)}, values, layout);
  }
}

}  // namespace tile::codegen::ptx
