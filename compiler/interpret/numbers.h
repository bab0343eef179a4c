// What each arithmetic op means for one element, as small structs that the loops of
// elementwise.cpp, reduce.cpp and scan.cpp are instantiated with. `double` stands for f32 in real
// mode. Everything is branch-free where it can be, so that the loops vectorise.
#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "compiler/ir/attributes.h"

namespace tile::interpret {

template <class T>
concept Float = std::floating_point<T>;
template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool>;
template <class T>
concept Number = Float<T> || Integer<T>;

/// The unsigned type in which integer arithmetic wraps without undefined behaviour.
template <class T>
using Wrapping = std::common_type_t<std::make_unsigned_t<T>, unsigned>;

template <Float T>
auto to_bits(T value) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  return std::bit_cast<Bits>(value);
}

template <Float T>
bool is_nan(T value) {
  return value != value;
}

struct Add {
  template <Float T>
  static T apply(T a, T b) {
    return a + b;
  }
  template <Integer T>
  static T apply(T a, T b) {
    return static_cast<T>(Wrapping<T>(a) + Wrapping<T>(b));
  }
};

struct Sub {
  template <Float T>
  static T apply(T a, T b) {
    return a - b;
  }
  template <Integer T>
  static T apply(T a, T b) {
    return static_cast<T>(Wrapping<T>(a) - Wrapping<T>(b));
  }
};

struct Mul {
  template <Float T>
  static T apply(T a, T b) {
    return a * b;
  }
  template <Integer T>
  static T apply(T a, T b) {
    return static_cast<T>(Wrapping<T>(a) * Wrapping<T>(b));
  }
};

struct Div {
  template <Float T>
  static T apply(T a, T b) {
    return a / b;
  }
  template <Integer T>
  static T apply(T a, T b) {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return Sub::apply(T{0}, a);
    }
    return static_cast<T>(a / b);
  }
};

struct Rem {
  template <Integer T>
  static T apply(T a, T b) {
    if (b == 0) return a;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return 0;
    }
    return static_cast<T>(a % b);
  }
};

/// IEEE 754-2019 maximum and minimum: NaN if either is, and -0 below +0 (equal values differ in
/// nothing but the sign of zero, so `and` or `or` of their bits picks it).
struct Max {
  template <Float T>
  static T apply(T a, T b) {
    T larger = a > b ? a : b;
    larger = a == b ? std::bit_cast<T>(to_bits(a) & to_bits(b)) : larger;
    return is_nan(a) || is_nan(b) ? a + b : larger;
  }
  template <std::integral T>
  static T apply(T a, T b) {
    return a > b ? a : b;
  }
};

struct Min {
  template <Float T>
  static T apply(T a, T b) {
    T smaller = a < b ? a : b;
    smaller = a == b ? std::bit_cast<T>(to_bits(a) | to_bits(b)) : smaller;
    return is_nan(a) || is_nan(b) ? a + b : smaller;
  }
  template <std::integral T>
  static T apply(T a, T b) {
    return a < b ? a : b;
  }
};

struct MaxNumber {
  template <Float T>
  static T apply(T a, T b) {
    const T both = Max::apply(a, b);
    return is_nan(a) ? b : is_nan(b) ? a : both;
  }
  template <std::integral T>
  static T apply(T a, T b) {
    return Max::apply(a, b);
  }
};

struct MinNumber {
  template <Float T>
  static T apply(T a, T b) {
    const T both = Min::apply(a, b);
    return is_nan(a) ? b : is_nan(b) ? a : both;
  }
  template <std::integral T>
  static T apply(T a, T b) {
    return Min::apply(a, b);
  }
};

struct And {
  template <std::integral T>
  static T apply(T a, T b) {
    return static_cast<T>(a & b);
  }
};

struct Or {
  template <std::integral T>
  static T apply(T a, T b) {
    return static_cast<T>(a | b);
  }
};

struct Xor {
  template <std::integral T>
  static T apply(T a, T b) {
    return static_cast<T>(a ^ b);
  }
};

struct Shl {
  template <Integer T>
  static T apply(T a, T b) {
    constexpr unsigned mask = 8 * sizeof(T) - 1;
    return static_cast<T>(Wrapping<T>(a) << (static_cast<unsigned>(b) & mask));
  }
};

struct Shr {
  template <Integer T>
  static T apply(T a, T b) {
    constexpr unsigned mask = 8 * sizeof(T) - 1;
    return static_cast<T>(a >> (static_cast<unsigned>(b) & mask));
  }
};

struct MulHigh {
  template <Integer T>
  static T apply(T a, T b) {
    if constexpr (sizeof(T) == 8) {
      __extension__ using Wide =
          std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
      return static_cast<T>((Wide{a} * Wide{b}) >> 64);
    } else {
      using Wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
      return static_cast<T>((Wide{a} * Wide{b}) >> (8 * sizeof(T)));
    }
  }
};

struct Neg {
  template <Float T>
  static T apply(T a) {
    return -a;
  }
  template <Integer T>
  static T apply(T a) {
    return Sub::apply(T{0}, a);
  }
};

struct Not {
  static bool apply(bool a) { return !a; }
  template <Integer T>
  static T apply(T a) {
    return static_cast<T>(~a);
  }
};

struct Abs {
  template <Float T>
  static T apply(T a) {
    return std::fabs(a);
  }
  template <Integer T>
  static T apply(T a) {
    return a < 0 ? Neg::apply(a) : a;
  }
};

struct Floor {
  template <Float T>
  static T apply(T a) {
    return std::floor(a);
  }
};

struct Ceil {
  template <Float T>
  static T apply(T a) {
    return std::ceil(a);
  }
};

/// nearbyint: the rounding mode is to nearest even everywhere (interpreter.cpp checks it).
struct Round {
  template <Float T>
  static T apply(T a) {
    return std::nearbyint(a);
  }
};

struct Sqrt {
  template <Float T>
  static T apply(T a) {
    return std::sqrt(a);
  }
};

struct Fma {
  template <Float T>
  static T apply(T a, T b, T c) {
    return std::fma(a, b, c);
  }
  template <Integer T>
  static T apply(T a, T b, T c) {
    return Add::apply(Mul::apply(a, b), c);
  }
};

template <ir::Predicate P>
struct Compare {
  template <class T>
  static bool apply(T a, T b) {
    if constexpr (P == ir::Predicate::Eq) return a == b;
    if constexpr (P == ir::Predicate::Ne) return a != b;
    if constexpr (P == ir::Predicate::Lt) return a < b;
    if constexpr (P == ir::Predicate::Le) return a <= b;
    if constexpr (P == ir::Predicate::Gt) return a > b;
    if constexpr (P == ir::Predicate::Ge) return a >= b;
  }
};

/// Value conversion: floats saturate to integers and NaN becomes 0; integers wrap.
template <class To, class From>
To convert(From value) {
  if constexpr (std::same_as<To, bool>) {
    return value != 0;
  } else if constexpr (Float<From> && Integer<To>) {
    // Both bounds are powers of two (or 0), hence exact in From.
    constexpr From lowest = static_cast<From>(std::numeric_limits<To>::min());
    constexpr From above =
        From{2} * static_cast<From>(std::uint64_t{1} << (std::numeric_limits<To>::digits - 1));
    if (value >= above) return std::numeric_limits<To>::max();
    if (value <= lowest) return std::numeric_limits<To>::min();
    return is_nan(value) ? To{0} : static_cast<To>(value);
  } else {
    return static_cast<To>(value);
  }
}

/// tf32 keeps 10 mantissa bits, rounding to nearest with ties away from zero (cvt.rna). Real mode
/// does not round.
inline float round_to_tf32(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  return is_nan(value) ? value : std::bit_cast<float>((bits + 0x1000u) & ~0x1fffu);
}
inline double round_to_tf32(double value) { return value; }

}  // namespace tile::interpret
