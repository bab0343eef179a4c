// See evaluate.h.
#include "compiler/passes/evaluate.h"

#include "compiler/interpret/numbers.h"

namespace tile::passes {

using namespace ir;

namespace {

template <class T>
T get(const Scalar& scalar) {
  if constexpr (std::same_as<T, float>) return scalar.as_float();
  return static_cast<T>(scalar.bits);
}

Scalar put(ElementType element, float value) {
  TILE_CHECK(element == ElementType::F32, "float value of an integer type");
  return interpret::is_nan(value) ? Scalar{element, 0x7fc00000u} : Scalar::from_float(value);
}
template <std::integral T>
Scalar put(ElementType element, T value) {
  return Scalar::from_int(element, static_cast<std::int64_t>(value));
}

/// Calls visit.operator()<T>() with the C++ type of an element type.
template <class Visit>
Scalar with_type(ElementType element, Visit visit) {
  switch (element) {
    case ElementType::Bool: return visit.template operator()<bool>();
    case ElementType::I8: return visit.template operator()<std::int8_t>();
    case ElementType::I32: return visit.template operator()<std::int32_t>();
    case ElementType::I64: return visit.template operator()<std::int64_t>();
    case ElementType::U8: return visit.template operator()<std::uint8_t>();
    case ElementType::U32: return visit.template operator()<std::uint32_t>();
    case ElementType::U64: return visit.template operator()<std::uint64_t>();
    case ElementType::F32: return visit.template operator()<float>();
  }
  TILE_UNREACHABLE("element type");
}

template <class Operation>
Scalar apply(std::span<const Scalar> v, ElementType result) {
  return with_type(v[0].element, [&]<class T>() -> Scalar {
    if constexpr (requires(T a) { Operation::apply(a); }) {
      return put(result, Operation::apply(get<T>(v[0])));
    } else if constexpr (requires(T a) { Operation::apply(a, a); }) {
      return put(result, Operation::apply(get<T>(v[0]), get<T>(v[1])));
    } else if constexpr (requires(T a) { Operation::apply(a, a, a); }) {
      return put(result, Operation::apply(get<T>(v[0]), get<T>(v[1]), get<T>(v[2])));
    } else {
      TILE_UNREACHABLE("op on a type it does not take");
    }
  });
}

Scalar compare(Predicate predicate, std::span<const Scalar> v) {
  using enum Predicate;
  constexpr ElementType boolean = ElementType::Bool;
  switch (predicate) {
    case Eq: return apply<interpret::Compare<Eq>>(v, boolean);
    case Ne: return apply<interpret::Compare<Ne>>(v, boolean);
    case Lt: return apply<interpret::Compare<Lt>>(v, boolean);
    case Le: return apply<interpret::Compare<Le>>(v, boolean);
    case Gt: return apply<interpret::Compare<Gt>>(v, boolean);
    case Ge: return apply<interpret::Compare<Ge>>(v, boolean);
  }
  TILE_UNREACHABLE("predicate");
}

Scalar convert(const Scalar& value, ElementType to) {
  return with_type(value.element, [&]<class From>() {
    return with_type(to, [&]<class To>() {
      return put(to, interpret::convert<To>(get<From>(value)));
    });
  });
}

/// The same bits as another type, extended as Scalar wants them.
Scalar reinterpret(const Scalar& value, ElementType to) {
  if (to == ElementType::F32) return {to, value.bits & 0xffffffffu};
  return Scalar::from_int(to, static_cast<std::int64_t>(value.bits));
}

}  // namespace

std::optional<Scalar> evaluate(const Op& op, std::span<const Scalar> v, ElementType result) {
  namespace numbers = interpret;
  using enum OpCode;
  switch (op.code) {
    case Neg: return apply<numbers::Neg>(v, result);
    case Not: return apply<numbers::Not>(v, result);
    case Abs: return apply<numbers::Abs>(v, result);
    case Floor: return apply<numbers::Floor>(v, result);
    case Ceil: return apply<numbers::Ceil>(v, result);
    case Round: return apply<numbers::Round>(v, result);
    case Sqrt: return apply<numbers::Sqrt>(v, result);
    case Add: return apply<numbers::Add>(v, result);
    case Sub: return apply<numbers::Sub>(v, result);
    case Mul: return apply<numbers::Mul>(v, result);
    case Div: return apply<numbers::Div>(v, result);
    case Rem: return apply<numbers::Rem>(v, result);
    case Min: return apply<numbers::Min>(v, result);
    case Max: return apply<numbers::Max>(v, result);
    case MinNumber: return apply<numbers::MinNumber>(v, result);
    case MaxNumber: return apply<numbers::MaxNumber>(v, result);
    case And: return apply<numbers::And>(v, result);
    case Or: return apply<numbers::Or>(v, result);
    case Xor: return apply<numbers::Xor>(v, result);
    case Shl: return apply<numbers::Shl>(v, result);
    case Shr: return apply<numbers::Shr>(v, result);
    case MulHigh: return apply<numbers::MulHigh>(v, result);
    case Fma: return apply<numbers::Fma>(v, result);
    case Compare: return compare(std::get<CompareAttrs>(op.attributes).predicate, v);
    case Select: return v[0].as_bool() ? v[1] : v[2];
    case Cast: return convert(v[0], result);
    case Bitcast: return reinterpret(v[0], result);
    case Constant: case Iota: case ProgramId: case Dim: case Broadcast: case Reshape: case Permute:
    case Slice: case Concat: case Reduce: case Scan: case Dot: case Load: case Store: case Call:
    case For: case While: case If: case Yield: case Assume: case Assert: case Print:
      return std::nullopt;
  }
  TILE_UNREACHABLE("op code");
}

}  // namespace tile::passes
