// See attributes.h.
#include "compiler/ir/attributes.h"

namespace tile::ir {

Shape access_shape(const AccessAttrs& access) {
  Shape shape;
  for (const AccessDim& dim : access.dims) {
    if (dim.kind != AccessDim::Kind::Point) shape.push_back(dim.extent);
  }
  return shape;
}

std::string_view name(Predicate predicate) {
  switch (predicate) {
    case Predicate::Eq: return "eq";
    case Predicate::Ne: return "ne";
    case Predicate::Lt: return "lt";
    case Predicate::Le: return "le";
    case Predicate::Gt: return "gt";
    case Predicate::Ge: return "ge";
  }
  TILE_UNREACHABLE("predicate");
}

std::string_view name(Precision precision) {
  switch (precision) {
    case Precision::Fp32: return "fp32";
    case Precision::Tf32: return "tf32";
  }
  TILE_UNREACHABLE("precision");
}

std::string_view name(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::Sum: return "sum";
    case ReduceKind::Prod: return "prod";
    case ReduceKind::Max: return "max";
    case ReduceKind::Min: return "min";
    case ReduceKind::ArgMax: return "argmax";
    case ReduceKind::ArgMin: return "argmin";
    case ReduceKind::Any: return "any";
    case ReduceKind::All: return "all";
    case ReduceKind::Xor: return "xor";
    case ReduceKind::Custom: return "custom";
  }
  TILE_UNREACHABLE("reduce kind");
}

}  // namespace tile::ir
