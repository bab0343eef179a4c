// Values from nothing and changes of shape. All of them are copies of boxes (box.h) worked out
// once.
#include <algorithm>

#include "compiler/interpret/box.h"
#include "compiler/interpret/numbers.h"
#include "compiler/interpret/prepare.h"

namespace tile::interpret {

namespace {

/// One or, for concat, two box copies.
struct CopyPlan {
  struct Part {
    std::vector<BoxDim> dims;
    std::size_t operand = 0;
    std::int64_t to_offset = 0;
    std::int64_t from_offset = 0;
  };
  std::size_t element_bytes = 0;
  std::vector<Part> parts;
};

void run_copies(Machine&, const Step& step) {
  const auto& plan = *static_cast<const CopyPlan*>(step.detail);
  const auto bytes = static_cast<std::int64_t>(plan.element_bytes);
  for (const CopyPlan::Part& part : plan.parts) {
    copy_box(plan.element_bytes, step.result + part.to_offset * bytes,
             step.operand[part.operand] + part.from_offset * bytes, part.dims);
  }
}

void run_program_id(Machine& machine, const Step& step) {
  const auto axis = static_cast<std::size_t>(std::get<ir::AxisAttrs>(step.op->attributes).axis);
  *write<std::int64_t>(step.result) = machine.program[axis];
}

/// Constants, iotas and sizes are written here, once: without `run` there is no step.
void prepare_constant(Preparation& preparation, Step& step) {
  const ir::Scalar value = std::get<ir::ConstantAttrs>(step.op->attributes).value;
  with_type(value.element, preparation.real, [&]<class T>(Tag<T>) {
    T element{};
    if constexpr (Float<T>) {
      element = value.as_float();
    } else {
      element = convert<T>(value.bits);
    }
    std::fill_n(write<T>(step.result), step.count, element);
  });
}

void prepare_iota(Preparation& preparation, Step& step) {
  const ir::Type& type = preparation.type(step.op->results[0]);
  const auto axis = static_cast<std::size_t>(std::get<ir::AxisAttrs>(step.op->attributes).axis);
  const std::int64_t stride = row_major(type.shape)[axis];
  const std::int64_t extent = type.shape[axis];
  with_type(type.element, preparation.real, [&]<class T>(Tag<T>) {
    for (std::int64_t i = 0; i < step.count; ++i) {
      write<T>(step.result)[i] = convert<T>(i / stride % extent);
    }
  });
}

void prepare_dim(Preparation& preparation, Step& step) {
  const auto axis = static_cast<std::size_t>(std::get<ir::AxisAttrs>(step.op->attributes).axis);
  const std::uint32_t tensor = preparation.function.values[step.op->operands[0]].index;
  *write<std::int64_t>(step.result) = preparation.machine.tensors[tensor].sizes[axis];
}

/// Result dimension d walks the operand with stride from_strides[d].
CopyPlan::Part part(const ir::Shape& extents, const std::vector<std::int64_t>& to_strides,
                    const std::vector<std::int64_t>& from_strides) {
  std::vector<BoxDim> dims;
  for (std::size_t d = 0; d < extents.size(); ++d) {
    dims.push_back({extents[d], to_strides[d], from_strides[d]});
  }
  dims.resize(simplify_box(dims).size());
  return {std::move(dims)};
}

CopyPlan::Part broadcast_part(const ir::Shape& from, const ir::Shape& to) {
  std::vector<std::int64_t> strides = row_major(from);
  strides.resize(to.size(), 0);  // of a scalar all are 0
  for (std::size_t d = 0; d < from.size(); ++d) {
    if (from[d] != to[d]) strides[d] = 0;
  }
  return part(to, row_major(to), strides);
}

CopyPlan::Part permute_part(const ir::Shape& from, const ir::Shape& to,
                            const std::vector<int>& order) {
  const std::vector<std::int64_t> strides = row_major(from);
  std::vector<std::int64_t> permuted;
  for (int dim : order) permuted.push_back(strides[static_cast<std::size_t>(dim)]);
  return part(to, row_major(to), permuted);
}

CopyPlan::Part slice_part(const ir::Shape& from, const ir::Shape& to,
                          const std::vector<std::int64_t>& offsets) {
  const std::vector<std::int64_t> strides = row_major(from);
  CopyPlan::Part result = part(to, row_major(to), strides);
  for (std::size_t d = 0; d < offsets.size(); ++d) result.from_offset += offsets[d] * strides[d];
  return result;
}

void concat_parts(const Preparation& preparation, const ir::Op& op, CopyPlan& plan) {
  const auto axis = static_cast<std::size_t>(std::get<ir::AxisAttrs>(op.attributes).axis);
  const auto to_strides = row_major(preparation.type(op.results[0]).shape);
  std::int64_t done = 0;
  for (std::size_t operand = 0; operand < 2; ++operand) {
    const ir::Shape& shape = preparation.type(op.operands[operand]).shape;
    CopyPlan::Part copy = part(shape, to_strides, row_major(shape));
    copy.operand = operand;
    copy.to_offset = done * to_strides[axis];
    done += shape[axis];
    plan.parts.push_back(std::move(copy));
  }
}

void prepare_copies(Preparation& preparation, Step& step) {
  const ir::Op& op = *step.op;
  const ir::Shape& from = preparation.type(op.operands[0]).shape;
  const ir::Shape& to = preparation.type(op.results[0]).shape;
  CopyPlan plan{preparation.element_bytes(op.results[0]), {}};
  if (op.code == ir::OpCode::Broadcast) plan.parts.push_back(broadcast_part(from, to));
  if (op.code == ir::OpCode::Reshape) plan.parts.push_back(part(to, row_major(to), row_major(to)));
  if (op.code == ir::OpCode::Permute) {
    const auto& order = std::get<ir::PermuteAttrs>(op.attributes).order;
    plan.parts.push_back(permute_part(from, to, order));
  }
  if (op.code == ir::OpCode::Slice) {
    const auto& offsets = std::get<ir::SliceAttrs>(op.attributes).offsets;
    plan.parts.push_back(slice_part(from, to, offsets));
  }
  if (op.code == ir::OpCode::Concat) concat_parts(preparation, op, plan);
  TILE_CHECK(!plan.parts.empty(), "not a shape op");
  step.run = run_copies;
  step.detail = preparation.keep(std::move(plan));
}

}  // namespace

void prepare_shape(Preparation& preparation, Step& step) {
  if (step.op->code == ir::OpCode::Constant) return prepare_constant(preparation, step);
  if (step.op->code == ir::OpCode::Iota) return prepare_iota(preparation, step);
  if (step.op->code == ir::OpCode::Dim) return prepare_dim(preparation, step);
  if (step.op->code == ir::OpCode::ProgramId) {
    step.run = run_program_id;
    return;
  }
  prepare_copies(preparation, step);
}

}  // namespace tile::interpret
