// Arithmetic with one meaning for a scalar and for each lane of a vector: the meaning of
// ir/ops.def.
#pragma once

namespace v {

template <class T>
constexpr bool is_float = false;
template <>
inline constexpr bool is_float<float> = true;
template <>
inline constexpr bool is_float<f32> = true;

/// IEEE 754-2019 minimum and maximum: NaN if either is, and -0 below +0.
template <class T>
TILE_INLINE T min(T a, T b) {
  if constexpr (is_float<T>)
    return __builtin_elementwise_minimum(a, b);
  else
    return __builtin_elementwise_min(a, b);
}
template <class T>
TILE_INLINE T max(T a, T b) {
  if constexpr (is_float<T>)
    return __builtin_elementwise_maximum(a, b);
  else
    return __builtin_elementwise_max(a, b);
}
/// The same, but the other operand if one is NaN.
template <class T>
TILE_INLINE T min_number(T a, T b) {
  if constexpr (is_float<T>)
    return __builtin_elementwise_minimumnum(a, b);
  else
    return __builtin_elementwise_min(a, b);
}
template <class T>
TILE_INLINE T max_number(T a, T b) {
  if constexpr (is_float<T>)
    return __builtin_elementwise_maximumnum(a, b);
  else
    return __builtin_elementwise_max(a, b);
}

template <class T>
TILE_INLINE T abs(T x) {
  return __builtin_elementwise_abs(x);
}
template <class T>
TILE_INLINE T floor(T x) {
  return __builtin_elementwise_floor(x);
}
template <class T>
TILE_INLINE T ceil(T x) {
  return __builtin_elementwise_ceil(x);
}
template <class T>
TILE_INLINE T round(T x) {
  return __builtin_elementwise_roundeven(x);
}
template <class T>
TILE_INLINE T sqrt(T x) {
  return __builtin_elementwise_sqrt(x);
}
template <class T>
TILE_INLINE T fma(T a, T b, T c) {
  return __builtin_elementwise_fma(a, b, c);
}

/// Conversion that is exact, rounds to nearest even, or wraps.
template <class To, class From>
TILE_INLINE auto convert(From x) {
  if constexpr (is_vector<From>)
    return __builtin_convertvector(x, vector_of<To>);
  else
    return (To)x;
}

/// Float to integer: toward zero; beyond the range the nearest end, NaN 0. The bounds are powers of
/// two.
template <class To>
TILE_INLINE To saturate(float x, float low, float high) {
  constexpr bool is_signed = (To)-1 < (To)0;
  constexpr To top = is_signed ? (To)(((unsigned long)1 << (8 * sizeof(To) - 1)) - 1) : (To)-1;
  if (!(x > low)) return x == x && is_signed ? (To)low : (To)0;
  return x < high ? (To)x : top;
}
template <class To>
TILE_INLINE vector_of<To> saturate(f32 x, float low, float high) {
  vector_of<To> result;
  for (int l = 0; l < lanes; ++l) result[l] = saturate<To>(x[l], low, high);
  return result;
}
TILE_INLINE i32 saturate_i32(f32 x) {
  const mask is_low = x < splat<f32>(-0x1p31f), is_high = x >= splat<f32>(0x1p31f);
  const mask fits = (x == x) & ~is_low & ~is_high;
  const i32 inner = __builtin_convertvector(select(fits, x, f32{}), i32);
  return inner | (is_low & splat<i32>((int)0x80000000)) | (is_high & splat<i32>(0x7fffffff));
}

template <class To, class From>
TILE_INLINE auto bitcast(From x) {
  if constexpr (is_vector<From>)
    return (vector_of<To>)x;
  else
    return __builtin_bit_cast(To, x);
}

/// x / 0 is 0, and the lowest value / -1 wraps.
template <class T>
TILE_INLINE T divide(T a, T b) {
  if constexpr (is_vector<T>) {
    T x;
    for (int l = 0; l < lanes; ++l) x[l] = divide(a[l], b[l]);
    return x;
  } else {
    if (b == 0) return 0;
    if ((T)-1 < (T)0 && b == (T)-1) return (T)(0 - a);
    return a / b;
  }
}
/// x % 0 is x.
template <class T>
TILE_INLINE T remainder(T a, T b) {
  if constexpr (is_vector<T>) {
    T x;
    for (int l = 0; l < lanes; ++l) x[l] = remainder(a[l], b[l]);
    return x;
  } else {
    if (b == 0) return a;
    if ((T)-1 < (T)0 && b == (T)-1) return 0;
    return a % b;
  }
}

/// Shift counts are taken modulo the width.
template <class T>
TILE_INLINE T shift_left(T a, T count) {
  return a << (count & (scalar_of<T>)(8 * sizeof(scalar_of<T>) - 1));
}
template <class T>
TILE_INLINE T shift_right(T a, T count) {
  return a >> (count & (scalar_of<T>)(8 * sizeof(scalar_of<T>) - 1));
}

/// Upper half of the double-width product.
TILE_INLINE signed char mul_high(signed char a, signed char b) { return (signed char)(a * b >> 8); }
TILE_INLINE unsigned char mul_high(unsigned char a, unsigned char b) {
  return (unsigned char)(a * b >> 8);
}
TILE_INLINE int mul_high(int a, int b) { return (int)((long)a * b >> 32); }
TILE_INLINE unsigned mul_high(unsigned a, unsigned b) {
  return (unsigned)((unsigned long)a * b >> 32);
}
TILE_INLINE long mul_high(long a, long b) { return (long)((__int128)a * b >> 64); }
TILE_INLINE unsigned long mul_high(unsigned long a, unsigned long b) {
  return (unsigned long)((unsigned __int128)a * b >> 64);
}
TILE_INLINE u32 mul_high(u32 a, u32 b) {
  return __builtin_convertvector(
      __builtin_convertvector(a, u64) * __builtin_convertvector(b, u64) >> 32, u32);
}
template <class V>
TILE_INLINE V mul_high(V a, V b) {
  V x;
  for (int l = 0; l < lanes; ++l) x[l] = mul_high(a[l], b[l]);
  return x;
}

}  // namespace v
