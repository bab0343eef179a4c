// See kernel_emitter.h. Matrix products: the addresses of the operands and one call of the
// prelude's dot, inside loops over batch dimensions.
#include "compiler/codegen/cpp/kernel_emitter.h"

namespace tile::codegen {

using ir::Op;
using ir::ValueId;
using schedule::IndexMap;
using schedule::IndexTerm;

namespace {

/// base + the parts of an address, and the strides along the operand's rows and columns.
struct MatrixText {
  std::string at;
  std::string strides[2] = {"0", "1"};  // what no dimension follows is never advanced
};

void follow(MatrixText& matrix, IndexTerm term, const std::string& stride, int batch,
            const std::vector<std::string>& indices) {
  if (term.offset != 0) matrix.at += fmt::format(" + {} * {}", term.offset, stride);
  if (term.dim >= batch) {
    matrix.strides[term.dim - batch] = stride;
  } else if (term.dim >= 0) {
    matrix.at += fmt::format(" + {} * {}", indices[static_cast<std::size_t>(term.dim)], stride);
  }
}

MatrixText matrix_of(KernelEmitter& kernel, const schedule::DotOperand& operand,
                     const std::vector<std::string>& indices) {
  const int batch = static_cast<int>(indices.size());
  const schedule::Place& place = kernel.plan().places[operand.value];
  MatrixText matrix;
  if (place.kind == schedule::Place::Kind::Stored) {
    matrix.at = kernel.buffer(place.buffer);
    const std::vector<std::int64_t>& strides = kernel.plan().buffers[place.buffer].strides;
    for (std::size_t d = 0; d < strides.size(); ++d) {
      follow(matrix, operand.map[d], fmt::format("{}", strides[d]), batch, indices);
    }
    return matrix;
  }
  const Op& op = *kernel.function().defining_op(operand.value);
  const auto& access = std::get<ir::AccessAttrs>(op.attributes);
  const ValueId tensor = op.operands[ir::op::Load::tensor];
  matrix.at = kernel.tensor(tensor);
  std::size_t d = 0;
  for (std::size_t t = 0; t < access.dims.size(); ++t) {
    const std::string stride = kernel.stride(tensor, t);
    const std::string start = kernel.scalar(op.operands[ir::op::Load::indices + t]);
    if (start != "0l") matrix.at += fmt::format(" + {} * {}", start, stride);
    if (access.dims[t].kind == ir::AccessDim::Kind::Point) continue;
    follow(matrix, operand.map[d++], stride, batch, indices);
  }
  return matrix;
}

}  // namespace

void KernelEmitter::emit_dot(const schedule::Dot& dot) {
  const Op& op = function_.ops[dot.op];
  const ir::Shape& shape = function_.type(op.results[0]).shape;
  const std::size_t batch = shape.size() - 2;
  const std::int64_t depth = function_.type(op.operands[ir::op::Dot::lhs]).shape.back();
  const bool is_tf32 = std::get<ir::DotAttrs>(op.attributes).precision == ir::Precision::Tf32;
  TILE_CHECK(function_.type(op.results[0]).element == ir::ElementType::F32, "dot of f32 only");
  const std::vector<std::int64_t>& strides = plan_.buffers[dot.buffer].strides;
  const auto name_of = [&](ValueId value) -> std::string_view {
    const std::string& name = function_.values[value].name;
    return name.empty() ? "a tile" : std::string_view(name);
  };
  line("// {} += {} @ {}", buffer(dot.buffer), name_of(op.operands[ir::op::Dot::lhs]),
       name_of(op.operands[ir::op::Dot::rhs]));
  std::string acc = buffer(dot.buffer);
  std::vector<std::string> indices;
  for (std::size_t d = 0; d < batch; ++d) {
    indices.push_back(fresh("batch"));
    line("for (long {0} = 0; {0} < {1}; ++{0}) {{", indices[d], shape[d]);
    if (strides[d] != 0) acc += fmt::format(" + {} * {}", indices[d], strides[d]);
  }
  const MatrixText lhs = matrix_of(*this, dot.lhs, indices);
  const MatrixText rhs = matrix_of(*this, dot.rhs, indices);
  line("v::dot<{}, {}, {}, {}, {}>({{{}, {}, {}}}, {{{}, {}, {}}},", dot.block_rows,
       dot.block_vectors, dot.packs_lhs, dot.packs_rhs, is_tf32, lhs.at, lhs.strides[0],
       lhs.strides[1], rhs.at, rhs.strides[0], rhs.strides[1]);
  line("{}, {}, {}, {}, {}, {}, {});", acc, strides[batch] == 0 ? 1 : strides[batch],
       count(dot.rows, shape[batch]), count(dot.columns, shape[batch + 1]), count(dot.depth, depth),
       buffer(dot.strips), buffer(dot.panel));
  for (std::size_t d = 0; d < batch; ++d) line("}}");
}

}  // namespace tile::codegen
