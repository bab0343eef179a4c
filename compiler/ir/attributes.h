// Attribute structs: the compile-time part of an op. Small, named, comparable, printable. The op
// table (ops.def) says which op carries which.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "compiler/base/ids.h"
#include "compiler/ir/type.h"

namespace tile::ir {

using FunctionId = Id<struct FunctionTag>;

/// On floats they are ordered (false if either is NaN), but for Ne, which is their not-equal.
enum class Predicate : std::uint8_t { Eq, Ne, Lt, Le, Gt, Ge };
enum class Precision : std::uint8_t { Fp32, Tf32 };
enum class ReduceKind : std::uint8_t { Sum, Prod, Max, Min, ArgMax, ArgMin, Any, All, Xor, Custom };

/// One dimension of a memory access, in the order of the tensor's dimensions.
struct AccessDim {
  enum class Kind : std::uint8_t {
    Point,   // a scalar index; drops the dimension
    Range,   // [start, start + extent); start is a scalar
    Gather,  // a rank-1 tile of indices; `extent` is its length
  };
  Kind kind = Kind::Point;
  std::int64_t extent = 1;
  /// False once analysis has proved every touched index inside the tensor, so no mask is needed.
  bool masked = true;

  bool operator==(const AccessDim&) const = default;
};

struct NoAttrs {
  bool operator==(const NoAttrs&) const = default;
};
struct ConstantAttrs {
  Scalar value;
  bool operator==(const ConstantAttrs&) const = default;
};
struct AxisAttrs {
  int axis = 0;
  bool operator==(const AxisAttrs&) const = default;
};
struct CompareAttrs {
  Predicate predicate = Predicate::Eq;
  bool operator==(const CompareAttrs&) const = default;
};
/// Result dimension d is operand dimension order[d].
struct PermuteAttrs {
  std::vector<int> order;
  bool operator==(const PermuteAttrs&) const = default;
};
/// A constant sub-box starting at `offsets`; the result type gives its extents.
struct SliceAttrs {
  std::vector<std::int64_t> offsets;
  bool operator==(const SliceAttrs&) const = default;
};
struct ReduceAttrs {
  ReduceKind kind = ReduceKind::Sum;
  int axis = 0;
  bool operator==(const ReduceAttrs&) const = default;
};
struct ScanAttrs {
  ReduceKind kind = ReduceKind::Sum;
  int axis = 0;
  bool reverse = false;
  bool operator==(const ScanAttrs&) const = default;
};
struct DotAttrs {
  Precision precision = Precision::Fp32;
  bool operator==(const DotAttrs&) const = default;
};
/// `has_pad`: the source wrote an explicit pad value, so starts below 0 or past the end are
/// allowed.
struct AccessAttrs {
  std::vector<AccessDim> dims;
  bool has_pad = false;
  bool operator==(const AccessAttrs&) const = default;
};
/// Extents of the Range and Gather dimensions: the shape of the tile read or written.
Shape access_shape(const AccessAttrs& access);
struct CallAttrs {
  FunctionId callee;
  bool operator==(const CallAttrs&) const = default;
};
struct MessageAttrs {
  std::string text;
  bool operator==(const MessageAttrs&) const = default;
};

using Attributes =
    std::variant<NoAttrs, ConstantAttrs, AxisAttrs, CompareAttrs, PermuteAttrs, SliceAttrs,
                 ReduceAttrs, ScanAttrs, DotAttrs, AccessAttrs, CallAttrs, MessageAttrs>;

/// "lt", "tf32", "argmax": the words of the text form.
std::string_view name(Predicate predicate);
std::string_view name(Precision precision);
std::string_view name(ReduceKind kind);

}  // namespace tile::ir
