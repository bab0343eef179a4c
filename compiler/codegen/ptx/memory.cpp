// See kernel_emitter.h. Loads and stores of tensors. The address of an element is a pointer of the
// thread (starts and the thread's own coordinates), plus what its register adds along dimensions of
// unknown stride, plus a constant along the unit dimension. Elements outside the tensor, and dead
// ones of the tile, are switched off by a predicate: no memory outside the tensor is ever touched.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "compiler/base/check.h"
#include "compiler/codegen/ptx/instructions.h"
#include "compiler/codegen/ptx/kernel_emitter.h"
#include "compiler/codegen/ptx/vectors.h"
#include "compiler/schedule/gpu/access.h"
#include "compiler/schedule/index_map.h"

namespace tile::codegen::ptx {

using ir::AccessDim;
using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;

namespace {

/// All threads hold the one element.
Layout scalar_layout(const schedule::GpuPlan& plan) {
  Layout layout;
  layout.lanes.assign(5, 0);
  layout.warps.assign(static_cast<std::size_t>(schedule::log2_exact(plan.warps)), 0);
  return layout;
}

}  // namespace

/// One load or store on its way to machine instructions.
class AccessEmitter {
 public:
  AccessEmitter(KernelEmitter& kernel, OpId op);
  void load();
  void store();

 private:
  struct Dim {
    AccessDim::Kind kind = AccessDim::Kind::Point;
    int tile_dim = -1;
    bool is_separable = false;  // a range whose thread part is in the base pointer
    llvm::Value* stride = nullptr;
    llvm::Value* start = nullptr;  // of points and ranges, i64
    Registers indices;             // of gathers
    // Coordinates [low, low + count) are inside the tensor and alive. Null count: all are.
    llvm::Value* low = nullptr;    // i32; null: 0
    llvm::Value* count = nullptr;  // i32
    llvm::Value* room = nullptr;   // i32, see room_dim_: the coordinates left from the thread's own
  };

  void add_dim(std::size_t d, int tile_dim);
  void limit_range(Dim& dim, std::size_t d);
  void choose_room_dim();
  void make_base();
  bool is_early() const;
  void before(HazardTracker::Access access);
  int index_register(const Dim& dim, int r) const;
  llvm::Value* wide(llvm::Value* value) {
    return builder().CreateSExt(value, builder().getInt64Ty());
  }
  void require(llvm::Value*& all, llvm::Value* condition) {
    if (condition == nullptr) return;
    all = all == nullptr ? condition : builder().CreateAnd(all, condition);
  }
  llvm::Value* predicate(int r);
  Memory memory(int r);
  /// Calls visit(memory, registers of the vector).
  template <class Visit>
  void each_vector(Visit&& visit);

  llvm::IRBuilder<>& builder() { return kernel_.builder_; }

  KernelEmitter& kernel_;
  const OpId id_;
  const Op& op_;
  const ir::AccessAttrs& access_;
  const ValueId tensor_;
  const ir::Type type_;  // of the tile
  Layout layout_;
  std::int64_t element_bytes_;
  std::vector<Dim> dims_;
  std::vector<int> vector_bits_;  // register bits along the unit dimension, lowest first
  bool is_constant_ = false;
  llvm::Value* base_ = nullptr;
  llvm::Value* always_ = nullptr;  // what holds or not for all registers; null: true
  int room_dim_ = -1;              // whose end is compared beside each access; -1: none
  std::map<std::vector<std::int64_t>, llvm::Value*> pointers_;  // by the registers' coordinates
};

AccessEmitter::AccessEmitter(KernelEmitter& kernel, OpId id)
    : kernel_(kernel),
      id_(id),
      op_(kernel.function_.ops[id]),
      access_(std::get<ir::AccessAttrs>(op_.attributes)),
      tensor_(op_.operands[0]),
      type_(kernel.function_.type(op_.code == OpCode::Load ? op_.results[0]
                                                           : op_.operands[ir::op::Store::value])),
      element_bytes_(ir::byte_size(type_.element)) {
  layout_ = kernel.accessed_layout(id);
  int tile_dim = 0;
  for (std::size_t d = 0; d < access_.dims.size(); ++d) {
    const bool is_point = access_.dims[d].kind == AccessDim::Kind::Point;
    add_dim(d, is_point ? -1 : tile_dim++);
  }
  const StrideClass& strides = kernel.strides_[schedule::tensor_number(kernel.function_, tensor_)];
  vector_bits_ =
      schedule::plan_access(kernel.function_, id, layout_, strides, kernel.facts_).vector_bits;
  choose_room_dim();
  make_base();
  is_constant_ = kernel.places(tensor_).empty() && !is_early();
}

/// Loaded under products on tensor cores. ptxas moves what is known to be constant down to its use,
/// where its latency shows; any other load stays above the next barrier.
bool AccessEmitter::is_early() const {
  return op_.code == OpCode::Load &&
         std::ranges::any_of(kernel_.plan_.dots, [](const schedule::GpuDot& dot) {
           return dot.kind == schedule::GpuDot::Kind::Wgmma;
         });
}

void AccessEmitter::add_dim(std::size_t d, int tile_dim) {
  const AccessDim& access = access_.dims[d];
  Dim dim;
  dim.kind = access.kind;
  dim.tile_dim = tile_dim;
  dim.stride = kernel_.stride(tensor_, d);
  const Registers indices = kernel_.operand(id_, 2 + d);
  if (access.kind == AccessDim::Kind::Gather) {
    for (llvm::Value* index : indices) dim.indices.push_back(wide(index));
  } else {
    dim.start = wide(indices[0]);
    if (access.kind == AccessDim::Kind::Range) {
      dim.is_separable = schedule::is_separable(layout_, tile_dim);
      limit_range(dim, d);
    } else if (access.masked) {
      require(always_, builder().CreateICmpULT(dim.start, kernel_.size(tensor_, d)));
    }
  }
  dims_.push_back(std::move(dim));
}

/// The part of the range inside the tensor, as 32-bit coordinates of the tile. Starts may be any
/// number, so they are brought near the tensor before anything is subtracted.
void AccessEmitter::limit_range(Dim& dim, std::size_t d) {
  const std::int64_t extent = access_.dims[d].extent;
  if (!access_.dims[d].masked) {
    const bool has_dead = layout_.extents[static_cast<std::size_t>(dim.tile_dim)] != extent;
    if (has_dead) dim.count = kernel_.i32(extent);
    return;
  }
  llvm::IRBuilder<>& b = builder();
  const auto clamped = [&](llvm::Value* value, std::int64_t low, llvm::Value* high) {
    value = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, value, kernel_.i64(low));
    return b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, value, high);
  };
  llvm::Value* size = kernel_.size(tensor_, d);
  const bool may_be_negative =
      !kernel_.facts_.is_never_negative(kernel_.facts_.form(op_.operands[2 + d]));
  llvm::Value* start = may_be_negative ? clamped(dim.start, -extent, size) : dim.start;
  llvm::Value* end = clamped(b.CreateSub(size, start), 0, kernel_.i64(extent));
  if (may_be_negative) {
    llvm::Value* low = clamped(b.CreateNeg(start), 0, kernel_.i64(extent));
    // An empty tensor: end may lie before low.
    end = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, b.CreateSub(end, low), kernel_.i64(0));
    dim.low = b.CreateTrunc(low, b.getInt32Ty());
  }
  dim.count = b.CreateTrunc(end, b.getInt32Ty());
}

/// Of the limited ranges the one along which a thread has most coordinates, if it has several. Not
/// under products on tensor cores: there a predicate made before the loop is cheaper than one more
/// instruction in it (6 % of attention).
void AccessEmitter::choose_room_dim() {
  if (is_early()) return;
  std::size_t most = 1;
  for (std::size_t d = 0; d < dims_.size(); ++d) {
    const Dim& dim = dims_[d];
    if (!dim.is_separable || dim.count == nullptr || dim.low != nullptr) continue;
    std::set<std::int64_t> coordinates;
    for (int r = 0; r < layout_.register_count(); ++r) {
      if (!is_first_of_vector(r, vector_bits_)) continue;
      coordinates.insert(layout_.coordinate(layout_.register_element(r), dim.tile_dim));
    }
    if (coordinates.size() <= most) continue;
    most = coordinates.size();
    room_dim_ = static_cast<int>(d);
  }
  if (room_dim_ < 0) return;
  Dim& dim = dims_[static_cast<std::size_t>(room_dim_)];
  dim.room = builder().CreateSub(dim.count, kernel_.thread_coordinate(layout_, dim.tile_dim));
}

/// What is the same in all registers of a thread.
void AccessEmitter::make_base() {
  llvm::IRBuilder<>& b = builder();
  // Starts change from turn to turn of a loop; the thread's part does not, so it comes first.
  llvm::Value* thread = kernel_.i64(0);
  llvm::Value* start = kernel_.i64(0);
  for (const Dim& dim : dims_) {
    if (dim.start != nullptr) start = b.CreateAdd(start, b.CreateMul(dim.start, dim.stride));
    if (!dim.is_separable) continue;
    llvm::Value* own =
        b.CreateZExt(kernel_.thread_coordinate(layout_, dim.tile_dim), b.getInt64Ty());
    thread = b.CreateAdd(thread, b.CreateMul(own, dim.stride));
  }
  llvm::Type* element = b.getIntNTy(static_cast<unsigned>(8 * element_bytes_));
  base_ = b.CreateGEP(element, b.CreateGEP(element, kernel_.tensor(tensor_), thread), start);
}

/// The register of the index tile that belongs to register r of the tile: that layout has kept the
/// register bits that move along the dimension.
int AccessEmitter::index_register(const Dim& dim, int r) const {
  int index = 0, next = 0;
  for (std::size_t bit = 0; bit < layout_.registers.size(); ++bit) {
    if (layout_.coordinate(layout_.registers[bit], dim.tile_dim) == 0) continue;
    index |= (r >> bit & 1) << next++;
  }
  return index;
}

/// Whether register r is to be accessed, but for the end of room_dim_; null: always.
llvm::Value* AccessEmitter::predicate(int r) {
  llvm::IRBuilder<>& b = builder();
  llvm::Value* all = always_;
  for (std::size_t d = 0; d < dims_.size(); ++d) {
    const Dim& dim = dims_[d];
    if (dim.count != nullptr && dim.room == nullptr) {
      llvm::Value* at = kernel_.coordinate(layout_, dim.tile_dim, r);
      if (dim.low != nullptr) at = b.CreateSub(at, dim.low);
      require(all, b.CreateICmpULT(at, dim.count));
    }
    if (dim.kind != AccessDim::Kind::Gather) continue;
    const auto extent = static_cast<std::size_t>(dim.tile_dim);
    if (layout_.extents[extent] != type_.shape[extent]) {
      require(all, b.CreateICmpULT(kernel_.coordinate(layout_, dim.tile_dim, r),
                                   kernel_.i32(type_.shape[extent])));
    }
    if (!access_.dims[d].masked) continue;
    llvm::Value* index = dim.indices.at(static_cast<std::size_t>(index_register(dim, r)));
    require(all, b.CreateICmpULT(index, kernel_.size(tensor_, d)));
  }
  if (op_.code == OpCode::Store) require(all, kernel_.is_first_copy(layout_));
  return all;
}

Memory AccessEmitter::memory(int r) {
  llvm::IRBuilder<>& b = builder();
  const std::int64_t own = layout_.register_element(r);
  std::vector<std::int64_t> key;
  llvm::Value* offset = nullptr;
  std::int64_t constant = 0;
  const auto add = [&](llvm::Value* index, llvm::Value* stride) {
    llvm::Value* part = b.CreateMul(index, stride);
    offset = offset == nullptr ? part : b.CreateAdd(offset, part);
  };
  for (const Dim& dim : dims_) {
    if (dim.kind == AccessDim::Kind::Point) continue;
    const std::int64_t at = layout_.coordinate(own, dim.tile_dim);
    const auto* stride = llvm::dyn_cast<llvm::ConstantInt>(dim.stride);
    if (dim.is_separable && stride != nullptr) {
      constant += at * stride->getSExtValue();
      continue;
    }
    key.push_back(at);
    if (dim.kind == AccessDim::Kind::Gather) {
      add(dim.indices.at(static_cast<std::size_t>(index_register(dim, r))), dim.stride);
    } else if (!dim.is_separable) {
      add(b.CreateZExt(kernel_.coordinate(layout_, dim.tile_dim, r), b.getInt64Ty()), dim.stride);
    } else if (at != 0) {
      add(kernel_.i64(at), dim.stride);
    }
  }
  llvm::Value*& pointer = pointers_[key];
  if (pointer == nullptr) {
    llvm::Type* element = b.getIntNTy(static_cast<unsigned>(8 * element_bytes_));
    pointer = offset == nullptr ? base_ : b.CreateGEP(element, base_, offset);
  }
  Memory memory{.address = pointer,
                .offset = constant * element_bytes_,
                .predicate = predicate(r),
                .is_constant = is_constant_};
  if (room_dim_ >= 0) {
    const Dim& dim = dims_[static_cast<std::size_t>(room_dim_)];
    memory.room = dim.room;
    memory.at = layout_.coordinate(own, dim.tile_dim);
  }
  return memory;
}

template <class Visit>
void AccessEmitter::each_vector(Visit&& visit) {
  for (int r = 0; r < layout_.register_count(); ++r) {
    if (is_first_of_vector(r, vector_bits_)) visit(memory(r), members_of(r, vector_bits_));
  }
}

void AccessEmitter::before(HazardTracker::Access access) {
  const auto places = kernel_.places(tensor_);
  if (places.empty()) return;
  const HazardTracker::Owner owner = kernel_.owner_of(id_);
  for (HazardTracker::Place place : places) kernel_.before_access(place, access, owner);
}

void AccessEmitter::load() {
  llvm::Value* pad = kernel_.scalar(op_.operands[ir::op::Load::pad]);
  Registers registers(static_cast<std::size_t>(layout_.register_count()));
  before(HazardTracker::Access::Read);
  each_vector([&](const Memory& memory, const std::vector<std::size_t>& members) {
    const auto elements = load_elements(builder(), memory, kernel_.type_of(type_.element),
                                        static_cast<int>(members.size()), pad);
    for (std::size_t i = 0; i < members.size(); ++i) registers[members[i]] = elements[i];
  });
  kernel_.bind(op_.results[0], std::move(registers));
}

void AccessEmitter::store() {
  const Registers registers = kernel_.operand(id_, ir::op::Store::value);
  before(HazardTracker::Access::Write);
  each_vector([&](const Memory& memory, const std::vector<std::size_t>& members) {
    Registers elements;
    for (std::size_t member : members) elements.push_back(registers.at(member));
    store_elements(builder(), memory, elements);
  });
}

/// An inout may be given a second time as a parameter that is only read.
std::vector<HazardTracker::Place> KernelEmitter::places(ValueId tensor) const {
  const std::size_t index = function_.values[tensor].index;
  if (function_.parameters[index].access != ir::Access::In) {
    return {HazardTracker::place_of_tensor(index)};
  }
  std::vector<HazardTracker::Place> places;
  for (std::size_t other = 0; other < function_.parameters.size(); ++other) {
    const ValueId value = function_.blocks[function_.body].arguments[other];
    if (function_.parameters[other].access == ir::Access::InOut &&
        function_.type(value) == function_.type(tensor)) {
      places.push_back(HazardTracker::place_of_tensor(other));
    }
  }
  return places;
}

Layout KernelEmitter::accessed_layout(OpId id) const {
  const Op& op = function_.ops[id];
  const auto& planned = op.code == OpCode::Load ? plan_.layouts[op.results[0]]
                                                : plan_.operands[id][ir::op::Store::value];
  return planned ? *planned : scalar_layout(plan_);
}

/// Which thread takes an element follows from the element's place within the tile. Where the tile
/// starts at a multiple of its padded extent, that is the element's index modulo the extent,
/// wherever the tile lies; else accesses must start at the same value. Dimensions of points have no
/// part in it.
HazardTracker::Owner KernelEmitter::owner_of(OpId id, const std::set<ValueId>& varying) {
  const Op& op = function_.ops[id];
  const auto& dims = std::get<ir::AccessAttrs>(op.attributes).dims;
  const Layout layout = accessed_layout(id);
  if (layout.has_copies()) return 0;
  std::string text = schedule::to_string(layout);
  std::size_t tile_dim = 0;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    if (dims[d].kind == AccessDim::Kind::Gather) return 0;
    if (dims[d].kind == AccessDim::Kind::Point) {
      text += " point";
      continue;
    }
    const std::int64_t extent = layout.extents[tile_dim++];
    const ValueId operand = op.operands[2 + d];
    const passes::Form start = facts_.form(operand);
    const bool is_multiple =
        start.is_valid() && std::ranges::all_of(start.terms(), [&](const passes::Term& term) {
          return term.factor % extent == 0;
        });
    if (!is_multiple && varying.contains(operand)) return 0;
    text += is_multiple ? " multiple" : fmt::format(" from {}", operand.index);
  }
  auto found = std::ranges::find(owners_, text);
  if (found == owners_.end()) found = owners_.insert(found, text);
  return 1 + static_cast<HazardTracker::Owner>(found - owners_.begin());
}

void KernelEmitter::emit_load(OpId op) { AccessEmitter(*this, op).load(); }

void KernelEmitter::emit_store(OpId op) { AccessEmitter(*this, op).store(); }

}  // namespace tile::codegen::ptx
