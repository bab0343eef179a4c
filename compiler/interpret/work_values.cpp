// See work_values.h.
#include "compiler/interpret/work_values.h"

#include <algorithm>

namespace tile::interpret {

namespace {

bool compare(ir::Predicate predicate, std::int64_t a, std::int64_t b) {
  switch (predicate) {
    using enum ir::Predicate;
    case Eq:
      return a == b;
    case Ne:
      return a != b;
    case Lt:
      return a < b;
    case Le:
      return a <= b;
    case Gt:
      return a > b;
    case Ge:
      return a >= b;
  }
  return false;
}

/// Of 64-bit integers; nothing for operations that no kernel decides by.
std::optional<std::int64_t> combine(const ir::Op& op, std::int64_t a, std::int64_t b) {
  const auto x = static_cast<std::uint64_t>(a), y = static_cast<std::uint64_t>(b);
  switch (op.code) {
    using enum ir::OpCode;
    case Add:
      return static_cast<std::int64_t>(x + y);
    case Sub:
      return static_cast<std::int64_t>(x - y);
    case Mul:
      return static_cast<std::int64_t>(x * y);
    case Div:
      return b == 0 ? 0 : b == -1 ? static_cast<std::int64_t>(0 - x) : a / b;
    case Rem:
      return b == 0 ? a : b == -1 ? 0 : a % b;
    case Min:
      return std::min(a, b);
    case Max:
      return std::max(a, b);
    case And:
      return a & b;
    case Or:
      return a | b;
    case Xor:
      return a ^ b;
    case Shl:
      return static_cast<std::int64_t>(x << (y & 63));
    case Shr:
      return a >> (y & 63);
    case Compare:
      return compare(std::get<ir::CompareAttrs>(op.attributes).predicate, a, b);
    default:
      return std::nullopt;
  }
}

/// Dimensions of 1 come and go; any other change of shape forgets what was known.
Extents reshaped(const Extents& first, const ir::Type& from, const ir::Type& type) {
  Extents extents = all_any;
  int source = 0;
  for (int d = 0; d < type.rank(); ++d) {
    if (type.shape[d] == 1) continue;
    while (source < from.rank() && from.shape[source] == 1) ++source;
    if (source == from.rank() || from.shape[source] != type.shape[d]) return all_any;
    extents[d] = first[source++];
  }
  return extents;
}

}  // namespace

std::int64_t least(std::int64_t a, std::int64_t b) {
  return a == any ? b : b == any ? a : std::min(a, b);
}

std::int64_t extent_or(std::int64_t extent, std::int64_t whole) {
  return extent == any ? whole : extent;
}

double element_count(const Extents& extents, const ir::Type& type) {
  double count = 1;
  for (int d = 0; d < type.rank(); ++d) {
    count *= static_cast<double>(extent_or(extents[d], type.shape[d]));
  }
  return count;
}

double flops_of(ir::OpCode code) {
  switch (code) {
    using enum ir::OpCode;
    case Add:
    case Sub:
    case Mul:
    case Div:
    case Rem:
    case Min:
    case Max:
    case MinNumber:
    case MaxNumber:
    case Sqrt:
    case Floor:
    case Ceil:
    case Round:
      return 1;
    case Fma:
      return 2;
    default:
      return 0;
  }
}

std::optional<std::int64_t> integer_of(const ir::Function& function, const ir::Op& op,
                                       const Operands& operands) {
  const auto operand = [&](std::size_t i) { return operands[i]->number; };
  switch (op.code) {
    using enum ir::OpCode;
    case Constant:
      return std::get<ir::ConstantAttrs>(op.attributes).value.as_int();
    case Cast:
    case Reshape:
      if (!function.type(op.operands[0]).is_scalar()) return std::nullopt;
      return operand(0);
    case Neg:
      if (!operand(0)) return std::nullopt;
      return static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(*operand(0)));
    case Not:
      if (!operand(0)) return std::nullopt;
      return function.type(op.results[0]).element == ir::ElementType::Bool ? *operand(0) == 0
                                                                           : ~*operand(0);
    case Select:
      if (!operand(0)) return std::nullopt;
      return operand(*operand(0) != 0 ? 1 : 2);
    default:
      if (op.operands.size() != 2 || !operand(0) || !operand(1)) return std::nullopt;
      return combine(op, *operand(0), *operand(1));
  }
}

Extents extents_of(const ir::Function& function, const ir::Op& op, const Operands& operands) {
  const ir::Type& type = function.type(op.results[0]);
  Extents extents = all_any;
  if (type.is_scalar() || op.operands.empty()) return extents;
  const Extents& first = operands[0]->extents;
  const ir::Type& from = function.type(op.operands[0]);
  switch (op.code) {
    using enum ir::OpCode;
    case Broadcast:
      for (int d = 0; d < from.rank(); ++d) {
        if (from.shape[d] == type.shape[d]) extents[d] = first[d];
      }
      return extents;
    case Reshape:
      return reshaped(first, from, type);
    case Permute: {
      const auto& order = std::get<ir::PermuteAttrs>(op.attributes).order;
      for (std::size_t d = 0; d < order.size(); ++d) {
        extents[d] = first[static_cast<std::size_t>(order[d])];
      }
      return extents;
    }
    case Slice: {
      const auto& offsets = std::get<ir::SliceAttrs>(op.attributes).offsets;
      for (std::size_t d = 0; d < offsets.size(); ++d) {
        if (first[d] == any) continue;
        extents[d] = std::clamp<std::int64_t>(first[d] - offsets[d], 0, type.shape[d]);
      }
      return extents;
    }
    default:
      if (!ir::info(op.code).is_elementwise()) return extents;
      // The most: a sum with what lies partly outside is still a sum.
      for (std::size_t i = 0; i < op.operands.size(); ++i) {
        const Extents& other = operands[i]->extents;
        for (int d = 0; d < type.rank(); ++d) extents[d] = std::max(extents[d], other[d]);
      }
      return extents;
  }
}

}  // namespace tile::interpret
