// See remark.h: the remarks about a plan for a CPU.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/schedule/remark.h"
#include "compiler/schedule/work.h"

namespace tile::schedule {

using ir::AccessDim;
using ir::Op;
using ir::OpCode;
using ir::ValueId;

namespace {

constexpr std::int64_t few_elements = 4;  // too few for a vector anyway

class CpuRemarks {
 public:
  CpuRemarks(const Plan& plan, const ir::Function& function, std::span<const StrideClass> strides)
      : plan_(plan), function_(function), strides_(strides) {}
  std::vector<Remark> run();

 private:
  void visit(const Nest& nest);
  void visit(const Nest& nest, const TensorAccess& access);
  void visit(const Dot& dot);
  void packed_side(const Dot& dot, const DotOperand& side, bool is_left);
  const std::string& tensor_name(const Op& op) const {
    return function_.parameters[function_.values[op.operands[0]].index].name;
  }

  const Plan& plan_;
  const ir::Function& function_;
  std::span<const StrideClass> strides_;
  std::vector<Remark> all_;
};

void CpuRemarks::visit(const Nest& nest, const TensorAccess& access) {
  if (nest.vector_dim < 0) return;
  const Op& op = function_.ops[access.op];
  const auto& dims = std::get<ir::AccessAttrs>(op.attributes).dims;
  const StrideClass& strides = strides_[tensor_number(function_, op.operands[0])];
  const char* verb = op.code == OpCode::Load ? "loaded" : "stored";
  std::size_t d = 0;
  for (std::size_t t = 0; t < dims.size(); ++t) {
    if (dims[t].kind == AccessDim::Kind::Point) continue;
    if (access.map[d++].dim != nest.vector_dim) continue;
    const std::string& name = tensor_name(op);
    if (dims[t].kind == AccessDim::Kind::Gather) {
      add_once(all_, {op.span, fmt::format("`{}` is {} lane by lane", name, verb),
                      "the vector loop runs along gathered indices",
                      "gather along another dimension than the contiguous one"});
    } else if (strides.unit_dim != static_cast<int>(t)) {
      add_once(
          all_,
          {op.span, fmt::format("`{}` is {} lane by lane", name, verb),
           fmt::format("the vector loop runs along its dimension {}, whose stride is not 1", t),
           "pass it with that dimension contiguous, or run the tile along the contiguous one"});
    }
  }
}

void CpuRemarks::visit(const Nest& nest) {
  const bool is_long =
      std::ranges::any_of(nest.space, [](std::int64_t n) { return n > few_elements; });
  const Sink& sink = nest.sinks.front();
  if (nest.vector_dim < 0 && is_long) {
    const bool is_scan = sink.kind == Sink::Kind::Scan;
    add_once(all_, {sink.op.is_none() ? function_.span : function_.ops[sink.op].span,
                    fmt::format("loops over {} run element by element", ir::to_string(nest.space)),
                    is_scan ? "each element of a scan needs the one before"
                            : "the order of the elements is part of the result, or no dimension "
                              "holds a vector",
                    is_scan ? "scan more rows at once" : ""});
  }
  for (const TensorAccess& access : work_of(function_, plan_, nest).accesses) visit(nest, access);
}

void CpuRemarks::packed_side(const Dot& dot, const DotOperand& side, bool is_left) {
  const Op& op = function_.ops[dot.op];
  const ir::Shape& shape = function_.type(op.results[0]).shape;
  const bool is_tf32 = function_.attributes<ir::DotAttrs>(dot.op).precision == ir::Precision::Tf32;
  const bool is_reused = !is_left && shape[shape.size() - 2] > dot.block_rows;
  const std::string& name = function_.values[side.value].name;
  add_once(all_, {op.span,
                  fmt::format("the {} side of the dot{} is copied into blocks",
                              is_left ? "left" : "right", name.empty() ? "" : " (`" + name + "`)"),
                  is_tf32     ? "tf32 rounds it first"
                  : is_reused ? "each block of rows reads it again"
                              : "its rows are not contiguous in memory",
                  is_tf32 || is_reused ? "" : "pass it with its last dimension contiguous"});
}

void CpuRemarks::visit(const Dot& dot) {
  if (dot.packs_lhs) packed_side(dot, dot.lhs, true);
  if (dot.packs_rhs) packed_side(dot, dot.rhs, false);
}

std::vector<Remark> CpuRemarks::run() {
  for (const Nest& nest : plan_.nests) visit(nest);
  for (const Dot& dot : plan_.dots) visit(dot);
  return std::move(all_);
}

}  // namespace

void add_once(std::vector<Remark>& all, Remark remark) {
  if (std::ranges::find(all, remark) == all.end()) all.push_back(std::move(remark));
}

std::vector<Remark> remarks(const Plan& plan, const ir::Function& function,
                            std::span<const StrideClass> strides) {
  return CpuRemarks(plan, function, strides).run();
}

}  // namespace tile::schedule
