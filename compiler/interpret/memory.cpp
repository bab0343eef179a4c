// Loads and stores. A plain access is one box copy of what lies inside the tensor; gathers, and
// tensors whose elements are watched (races, undefined reads), go element by element.
#include "compiler/interpret/memory.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/interpret/box.h"
#include "compiler/interpret/prepare.h"

namespace tile::interpret {

namespace {

constexpr std::size_t max_rank = 16;

struct DimPlan {
  ir::AccessDim::Kind kind = ir::AccessDim::Kind::Point;
  std::int64_t extent = 1;  // 1 for points
  std::int64_t tile_stride = 0;
  const std::byte* index = nullptr;
  bool wide_index = true;  // i64, else i32
};

struct AccessPlan {
  std::size_t tensor = 0;
  std::vector<DimPlan> dims;
  bool has_gather = false;
  bool has_pad = false;
};

/// The part of one dimension that lies inside the tensor: tile positions [low, high).
struct Window {
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::int64_t start = 0;  // tensor index of tile position 0
};

std::int64_t index_at(const DimPlan& dim, std::int64_t position) {
  return dim.wide_index ? read<std::int64_t>(dim.index)[position]
                        : read<std::int32_t>(dim.index)[position];
}

[[noreturn]] void fail_bounds(Machine& machine, const Step& step, const BoundTensor& tensor,
                              std::size_t d, const char* what, std::int64_t index) {
  const bool is_load = step.op->code == ir::OpCode::Load;
  fail(machine, InterpretError::Kind::OutOfBounds, step.op->span,
       fmt::format("{} {} of dimension {} is outside `{}`, whose size there is {}, in a {}", what,
                   index, d, tensor.name, tensor.sizes[d], is_load ? "read" : "write"));
}

/// A range may start at the size (it then reads only padding); a point must be inside.
Window window_of(Machine& machine, const Step& step, const AccessPlan& plan,
                 const BoundTensor& tensor, std::size_t d) {
  const DimPlan& dim = plan.dims[d];
  const std::int64_t size = tensor.sizes[d];
  if (dim.kind == ir::AccessDim::Kind::Gather) {
    if (machine.options.check_bounds) {
      for (std::int64_t i = 0; i < dim.extent; ++i) {
        const std::int64_t index = index_at(dim, i);
        if (index < 0 || index >= size)
          fail_bounds(machine, step, tensor, d, "gathered index", index);
      }
    }
    return {0, dim.extent, 0};
  }
  const std::int64_t start = index_at(dim, 0);
  if (machine.options.check_bounds && !plan.has_pad) {
    const bool is_point = dim.kind == ir::AccessDim::Kind::Point;
    if (start < 0 || start > size || (is_point && start == size)) {
      fail_bounds(machine, step, tensor, d, is_point ? "index" : "start", start);
    }
  }
  if (start >= size || start <= -dim.extent) return {0, 0, start};
  return {std::max<std::int64_t>(0, -start), std::min(dim.extent, size - start), start};
}

using Windows = std::array<Window, max_rank>;

/// Visits the elements of an access one by one.
template <class Bits>
class ElementWalk {
 public:
  ElementWalk(Machine& machine, const Step& step, const AccessPlan& plan, const Windows& windows,
              Bits* tile)
      : machine_(machine),
        step_(step),
        plan_(plan),
        windows_(windows),
        tensor_(machine.tensors[plan.tensor]),
        tile_(tile) {}

  /// `offset` and `element` (row-major number) of the dimensions before d; tile position so far.
  void run(std::size_t d, std::int64_t offset, std::int64_t element, std::int64_t position) {
    if (d == plan_.dims.size()) return visit(offset, element, position);
    const DimPlan& dim = plan_.dims[d];
    const bool gather = dim.kind == ir::AccessDim::Kind::Gather;
    for (std::int64_t i = windows_[d].low; i < windows_[d].high; ++i) {
      const std::int64_t index = gather ? index_at(dim, i) : windows_[d].start + i;
      if (index < 0 || index >= tensor_.sizes[d]) continue;  // an unchecked gather
      run(d + 1, offset + index * tensor_.strides[d], element * tensor_.sizes[d] + index,
          position + i * dim.tile_stride);
    }
  }

 private:
  void visit(std::int64_t offset, std::int64_t element, std::int64_t position) {
    auto* memory = reinterpret_cast<Bits*>(tensor_.data) + offset;
    if (step_.op->code == ir::OpCode::Load) {
      if (tensor_.defined || tensor_.touches) note_read(machine_, step_, tensor_, element);
      tile_[position] = *memory;
    } else {
      if (tensor_.defined || tensor_.touches) note_write(machine_, step_, tensor_, element);
      *memory = tile_[position];
    }
  }

  Machine& machine_;
  const Step& step_;
  const AccessPlan& plan_;
  const Windows& windows_;
  BoundTensor& tensor_;
  Bits* tile_;
};

void walk_elements(Machine& machine, const Step& step, const AccessPlan& plan,
                   const Windows& windows, std::byte* tile) {
  const auto walk = [&]<class Bits>(Bits) {
    ElementWalk<Bits>(machine, step, plan, windows, reinterpret_cast<Bits*>(tile)).run(0, 0, 0, 0);
  };
  switch (machine.tensors[plan.tensor].element_bytes) {
    case 1:
      return walk(std::uint8_t{});
    case 4:
      return walk(std::uint32_t{});
    case 8:
      return walk(std::uint64_t{});
    default:
      TILE_UNREACHABLE("element size");
  }
}

struct Box {
  std::array<BoxDim, max_rank> dims;
  std::size_t rank = 0;
  std::int64_t memory_offset = 0;  // in elements
  std::int64_t tile_offset = 0;
};

/// The windows as one box; from memory to tile, or the other way round.
Box box_of(const AccessPlan& plan, const BoundTensor& tensor, const Windows& windows,
           bool to_tile) {
  Box box;
  box.rank = plan.dims.size();
  for (std::size_t d = 0; d < box.rank; ++d) {
    const Window& window = windows[d];
    const std::int64_t stride = tensor.strides[d];
    const std::int64_t tile_stride = plan.dims[d].tile_stride;
    box.memory_offset += (window.start + window.low) * stride;
    box.tile_offset += window.low * tile_stride;
    box.dims[d] = {window.high - window.low, to_tile ? tile_stride : stride,
                   to_tile ? stride : tile_stride};
  }
  return box;
}

/// True when the tile has elements outside the tensor.
bool overhangs(const AccessPlan& plan, const Windows& windows) {
  for (std::size_t d = 0; d < plan.dims.size(); ++d) {
    if (windows[d].high - windows[d].low < plan.dims[d].extent) return true;
  }
  return false;
}

bool is_empty(const AccessPlan& plan, const Windows& windows) {
  for (std::size_t d = 0; d < plan.dims.size(); ++d) {
    if (windows[d].high <= windows[d].low) return true;
  }
  return false;
}

Windows windows_of(Machine& machine, const Step& step, const AccessPlan& plan) {
  Windows windows;
  const BoundTensor& tensor = machine.tensors[plan.tensor];
  for (std::size_t d = 0; d < plan.dims.size(); ++d) {
    windows[d] = window_of(machine, step, plan, tensor, d);
  }
  return windows;
}

void run_load(Machine& machine, const Step& step) {
  const auto& plan = *static_cast<const AccessPlan*>(step.detail);
  const BoundTensor& tensor = machine.tensors[plan.tensor];
  const Windows windows = windows_of(machine, step, plan);
  const bool unchecked_gather = plan.has_gather && !machine.options.check_bounds;
  if (unchecked_gather || overhangs(plan, windows)) {
    fill(tensor.element_bytes, step.result, step.operand[ir::op::Load::pad], step.count);
  }
  if (is_empty(plan, windows)) return;
  if (plan.has_gather || tensor.defined || tensor.touches) {
    return walk_elements(machine, step, plan, windows, step.result);
  }
  const auto bytes = static_cast<std::int64_t>(tensor.element_bytes);
  Box box = box_of(plan, tensor, windows, true);
  const auto dims = simplify_box(std::span(box.dims.data(), box.rank));
  copy_box(tensor.element_bytes, step.result + box.tile_offset * bytes,
           tensor.data + box.memory_offset * bytes, dims);
}

void run_store(Machine& machine, const Step& step) {
  const auto& plan = *static_cast<const AccessPlan*>(step.detail);
  const BoundTensor& tensor = machine.tensors[plan.tensor];
  const Windows windows = windows_of(machine, step, plan);
  if (is_empty(plan, windows)) return;
  if (plan.has_gather || tensor.defined || tensor.touches) {
    return walk_elements(machine, step, plan, windows, const_cast<std::byte*>(step.operand[1]));
  }
  const auto bytes = static_cast<std::int64_t>(tensor.element_bytes);
  Box box = box_of(plan, tensor, windows, false);
  const auto dims = simplify_box(std::span(box.dims.data(), box.rank));
  copy_box(tensor.element_bytes, tensor.data + box.memory_offset * bytes,
           step.operand[1] + box.tile_offset * bytes, dims);
}

/// Operands of both ops: the tensor, the pad or the value, one index per dimension.
void prepare_access(Preparation& preparation, Step& step) {
  const ir::Op& op = *step.op;
  const auto& attributes = std::get<ir::AccessAttrs>(op.attributes);
  TILE_CHECK(attributes.dims.size() <= max_rank, "tensor rank");
  AccessPlan plan;
  plan.tensor = preparation.function.values[op.operands[0]].index;
  plan.has_pad = attributes.has_pad;
  std::int64_t tile_stride = 1;
  plan.dims.resize(attributes.dims.size());
  for (std::size_t d = plan.dims.size(); d-- > 0;) {
    const ir::AccessDim& dim = attributes.dims[d];
    const ir::ValueId index = op.operands[2 + d];
    const bool is_point = dim.kind == ir::AccessDim::Kind::Point;
    const std::int64_t extent = is_point ? 1 : dim.extent;
    plan.dims[d] = {dim.kind, extent, is_point ? 0 : tile_stride, preparation.address(index),
                    preparation.type(index).element == ir::ElementType::I64};
    tile_stride *= extent;
    plan.has_gather |= dim.kind == ir::AccessDim::Kind::Gather;
  }
  step.detail = preparation.keep(std::move(plan));
}

}  // namespace

void prepare_load(Preparation& preparation, Step& step) {
  prepare_access(preparation, step);
  step.run = run_load;
}

void prepare_store(Preparation& preparation, Step& step) {
  static_assert(ir::op::Store::value == 1);
  prepare_access(preparation, step);
  step.run = run_store;
}

}  // namespace tile::interpret
