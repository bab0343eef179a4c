// Element-wise ops as C++ expressions. Scalars and vectors share one spelling wherever the prelude
// gives both; masks stand for vectors of bool.
#include <charconv>
#include <cmath>

#include "compiler/codegen/cpp/kernel_emitter.h"

namespace tile::codegen {

using ir::ElementType;
using ir::Op;
using ir::OpCode;

namespace {

using Operands = std::span<const std::string>;

std::string cast(ElementType from, ElementType to, const std::string& x, bool is_vector) {
  if (to == ElementType::Bool) {
    return is_vector ? fmt::format("v::to_mask({} != 0)", x) : x + " != 0";
  }
  if (from == ElementType::Bool) {
    const std::string type = scalar_type(to);
    return is_vector ? fmt::format("v::convert<{}>(-{})", type, x) : fmt::format("({}){}", type, x);
  }
  if (!ir::is_float(from) || ir::is_float(to)) {
    return fmt::format("v::convert<{}>({})", scalar_type(to), x);
  }
  if (is_vector && to == ElementType::I32) return fmt::format("v::saturate_i32({})", x);
  const int bits = 8 * ir::byte_size(to);
  const bool is_signed = ir::is_signed(to);
  return fmt::format("v::saturate<{}>({}, {}, 0x1p{}f)", scalar_type(to), x,
                     is_signed ? fmt::format("-0x1p{}f", bits - 1) : "-1.0f",
                     is_signed ? bits - 1 : bits);
}

std::string compare(ir::Predicate predicate, ElementType element, Operands x, bool is_vector) {
  const auto with = [&](std::string_view sign) {
    // A mask holds -1 for true, so its order is the reverse of bool's.
    const bool is_mask = is_vector && element == ElementType::Bool;
    std::string text = fmt::format("{} {} {}", x[is_mask ? 1 : 0], sign, x[is_mask ? 0 : 1]);
    return is_vector ? fmt::format("v::to_mask({})", text) : text;
  };
  switch (predicate) {
    using enum ir::Predicate;
    case Eq:
      return with("==");
    case Ne:
      return with("!=");
    case Lt:
      return with("<");
    case Le:
      return with("<=");
    case Gt:
      return with(">");
    case Ge:
      return with(">=");
  }
  TILE_UNREACHABLE("predicate");
}

std::string infix(Operands x, std::string_view sign) {
  return fmt::format("{} {} {}", x[0], sign, x[1]);
}

std::string call(std::string_view function, Operands x) {
  return fmt::format("v::{}({})", function, fmt::join(x, ", "));
}

/// Division by a positive constant cannot trap or overflow.
bool has_safe_divisor(const ir::Function& function, const Op& op) {
  const auto divisor = function.constant_value(op.operands[1]);
  return divisor && divisor->as_int() > 0;
}

std::string_view name_of(ElementType element) { return ir::name(element); }

/// Bitwise ops on vectors of 32-bit integers must not be merged with a select of the result
/// (v::logic says why).
std::string logic(const ir::Function& function, const ir::Op& op, std::string text,
                  bool is_vector) {
  const ir::ElementType element = function.type(op.results[0]).element;
  const bool is_word = ir::is_integer(element) && ir::byte_size(element) == 4;
  return is_vector && is_word ? "v::logic(" + text + ")" : text;
}

}  // namespace

std::string scalar_type(ElementType element) {
  switch (element) {
    using enum ElementType;
    case Bool:
      return "bool";
    case I8:
      return "signed char";
    case I32:
      return "int";
    case I64:
      return "long";
    case U8:
      return "unsigned char";
    case U32:
      return "unsigned";
    case U64:
      return "unsigned long";
    case F32:
      return "float";
  }
  TILE_UNREACHABLE("element type");
}

std::string memory_type(ElementType element) {
  return element == ElementType::Bool ? "unsigned char" : scalar_type(element);
}

std::string vector_type(ElementType element) {
  if (element == ElementType::Bool) return "v::mask";
  return fmt::format("v::{}", name_of(element));
}

std::string literal(const ir::Scalar& value) {
  switch (value.element) {
    using enum ElementType;
    case Bool:
      return value.as_bool() ? "true" : "false";
    case I8:
      return fmt::format("(signed char){}", value.as_int());
    case U8:
      return fmt::format("(unsigned char){}", value.bits);
    case I32:
      if (value.as_int() == INT32_MIN) return "(-2147483647 - 1)";
      return value.as_int() < 0 ? fmt::format("({})", value.as_int())
                                : fmt::format("{}", value.as_int());
    case I64:
      if (value.as_int() == INT64_MIN) return "(-9223372036854775807l - 1)";
      return value.as_int() < 0 ? fmt::format("({}l)", value.as_int())
                                : fmt::format("{}l", value.as_int());
    case U32:
      return fmt::format("{}u", value.bits);
    case U64:
      return fmt::format("{}ul", value.bits);
    case F32:
      break;
  }
  const float x = value.as_float();
  if (std::isnan(x)) return fmt::format("__builtin_bit_cast(float, {:#x}u)", value.bits);
  if (std::isinf(x)) return x < 0 ? "(-__builtin_inff())" : "__builtin_inff()";
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof digits, x).ptr;
  std::string text(digits, end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return std::signbit(x) ? fmt::format("({}f)", text) : text + 'f';
}

std::string splat(const Term& term, ElementType element) {
  if (term.is_vector) return term.text;
  if (element == ElementType::Bool) return fmt::format("v::splat_mask({})", term.text);
  return fmt::format("v::splat<{}>({})", vector_type(element), term.text);
}

std::string elementwise(const ir::Function& function, const Op& op, Operands x, bool is_vector) {
  const ElementType element = function.type(op.operands[0]).element;
  const ElementType result = function.type(op.results[0]).element;
  const bool is_bool = element == ElementType::Bool;
  const bool is_float = ir::is_float(element);
  switch (op.code) {
    using enum OpCode;
    case Neg:
      return "-" + x[0];
    case Not:
      return (is_bool && !is_vector ? "!" : "~") + x[0];
    case Abs:
      return is_float || ir::is_signed(element) ? call("abs", x) : x[0];
    case Floor:
      return call("floor", x);
    case Ceil:
      return call("ceil", x);
    case Round:
      return call("round", x);
    case Sqrt:
      return call("sqrt", x);
    case Cast:
      return cast(element, result, x[0], is_vector);
    case Bitcast:
      return fmt::format("v::bitcast<{}>({})", scalar_type(result), x[0]);
    case Add:
      return infix(x, "+");
    case Sub:
      return infix(x, "-");
    case Mul:
      return infix(x, "*");
    case Div:
      return is_float || has_safe_divisor(function, op) ? infix(x, "/") : call("divide", x);
    case Rem:
      return has_safe_divisor(function, op) ? infix(x, "%") : call("remainder", x);
    case Min:
      return is_bool ? infix(x, "&") : call("min", x);
    case Max:
      return is_bool ? infix(x, "|") : call("max", x);
    case MinNumber:
      return call("min_number", x);
    case MaxNumber:
      return call("max_number", x);
    case And:
      return logic(function, op, infix(x, "&"), is_vector);
    case Or:
      return logic(function, op, infix(x, "|"), is_vector);
    case Xor:
      return logic(function, op, infix(x, "^"), is_vector);
    case Shl:
      return call("shift_left", x);
    case Shr:
      return call("shift_right", x);
    case MulHigh:
      return call("mul_high", x);
    case Compare:
      return compare(std::get<ir::CompareAttrs>(op.attributes).predicate, element, x, is_vector);
    case Select:
      if (!is_vector) return fmt::format("{} ? {} : {}", x[0], x[1], x[2]);
      if (result == ElementType::Bool) {
        return fmt::format("({0} & {1}) | (~{0} & {2})", x[0], x[1], x[2]);
      }
      return call("select", x);
    case Fma:
      return is_float ? call("fma", x) : fmt::format("{} * {} + {}", x[0], x[1], x[2]);
    default:
      TILE_UNREACHABLE("not an element-wise op");
  }
}

}  // namespace tile::codegen
