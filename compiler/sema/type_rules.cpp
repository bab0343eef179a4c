// See type_rules.h.
#include "compiler/sema/type_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace tile::sema {

namespace {

using ir::ElementType;
using ir::OpCode;

// The element types an op takes, as a set of three classes.
struct Accepted {
  bool boolean = false;
  bool integer = false;
  bool real = false;
};

Accepted accepted(OpCode code) {
  switch (code) {
    case OpCode::Neg: case OpCode::Abs: case OpCode::Add: case OpCode::Sub: case OpCode::Mul:
    case OpCode::Div: case OpCode::Min: case OpCode::Max:
      return {.integer = true, .real = true};
    case OpCode::Rem: case OpCode::Shl: case OpCode::Shr: case OpCode::MulHigh:
      return {.integer = true};
    case OpCode::Not: case OpCode::And: case OpCode::Or: case OpCode::Xor:
      return {.boolean = true, .integer = true};
    case OpCode::Floor: case OpCode::Ceil: case OpCode::Round: case OpCode::Sqrt: case OpCode::Fma:
    case OpCode::MinNumber: case OpCode::MaxNumber: case OpCode::Dot:
      return {.real = true};
    case OpCode::Constant: case OpCode::Iota: case OpCode::ProgramId: case OpCode::Dim:
    case OpCode::Cast: case OpCode::Bitcast: case OpCode::Compare: case OpCode::Select:
    case OpCode::Broadcast: case OpCode::Reshape: case OpCode::Permute: case OpCode::Slice:
    case OpCode::Concat: case OpCode::Reduce: case OpCode::Scan: case OpCode::Load:
    case OpCode::Store: case OpCode::Call: case OpCode::For: case OpCode::While: case OpCode::If:
    case OpCode::Yield: case OpCode::Assume: case OpCode::Assert: case OpCode::Print:
      break;
  }
  return {true, true, true};
}

}  // namespace

std::optional<ir::Shape> broadcast_shapes(const ir::Shape& a, const ir::Shape& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  if (a.size() != b.size()) return std::nullopt;
  ir::Shape result(a.size());
  for (std::size_t d = 0; d < a.size(); ++d) {
    if (a[d] != b[d] && a[d] != 1 && b[d] != 1) return std::nullopt;
    result[d] = a[d] == 1 ? b[d] : a[d];
  }
  return result;
}

bool accepts(OpCode code, ElementType element) {
  Accepted set = accepted(code);
  if (element == ElementType::Bool) return set.boolean;
  return ir::is_float(element) ? set.real : set.integer;
}

std::string accepted_words(OpCode code) {
  Accepted set = accepted(code);
  std::string words;
  auto add = [&](bool is_in, const char* word) {
    if (is_in) words += (words.empty() ? "" : " and ") + std::string(word);
  };
  add(set.boolean, "bool");
  add(set.integer, "integers");
  add(set.real, "f32");
  return words;
}

bool can_bitcast(ElementType from, ElementType to) {
  return from != ElementType::Bool && to != ElementType::Bool &&
         ir::byte_size(from) == ir::byte_size(to);
}

bool fits(std::int64_t value, ElementType element) {
  if (element == ElementType::I64) return true;
  if (element == ElementType::U64) return value >= 0;
  int bits = ir::byte_size(element) * 8;
  std::int64_t high = (std::int64_t{1} << (ir::is_signed(element) ? bits - 1 : bits)) - 1;
  std::int64_t low = ir::is_signed(element) ? -high - 1 : 0;
  return low <= value && value <= high;
}

std::string extent_problem(const ir::Shape& shape) {
  for (std::int64_t extent : shape) {
    if (extent <= 0) return fmt::format("extent {} is not positive", extent);
  }
  std::optional<std::int64_t> count = ir::element_count(shape);
  if (!count || *count > max_tile_elements) {
    return fmt::format("a tile {} has more than 2^31 elements", ir::to_string(shape));
  }
  return {};
}

}  // namespace tile::sema
