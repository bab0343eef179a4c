// Vectors of TILE_LANES elements. v::f32 is a vector of floats, v::i64 one of longs, and so on;
// every type has the same number of lanes, so that they convert lane by lane. A mask is a vector of
// 0 and -1.
#pragma once

namespace v {

#define TILE_INLINE static inline __attribute__((always_inline))
#define TILE_UNROLL _Pragma("clang loop unroll(full)")

constexpr int lanes = TILE_LANES;

typedef float f32 __attribute__((vector_size(4 * TILE_LANES)));
typedef signed char i8 __attribute__((vector_size(TILE_LANES)));
typedef unsigned char u8 __attribute__((vector_size(TILE_LANES)));
typedef int i32 __attribute__((vector_size(4 * TILE_LANES)));
typedef unsigned u32 __attribute__((vector_size(4 * TILE_LANES)));
typedef long i64 __attribute__((vector_size(8 * TILE_LANES)));
typedef unsigned long u64 __attribute__((vector_size(8 * TILE_LANES)));
typedef i32 mask;
typedef bool bits __attribute__((ext_vector_type(TILE_LANES)));

/// The vector of a scalar type, and the scalar of either.
template <class T>
struct Traits {
  using Vector = void;
};
#define TILE_TRAITS(vector, scalar)                                            \
  template <>                                                                  \
  struct Traits<scalar> {                                                      \
    using Vector = vector;                                                     \
    using Scalar = scalar;                                                     \
  };                                                                           \
  template <>                                                                  \
  struct Traits<vector> {                                                      \
    using Vector = vector;                                                     \
    using Scalar = scalar;                                                     \
  };                                                                           \
  typedef scalar packed_##vector __attribute__((ext_vector_type(TILE_LANES))); \
  TILE_INLINE packed_##vector packed(vector x) { return (packed_##vector)x; }
TILE_TRAITS(f32, float)
TILE_TRAITS(i8, signed char)
TILE_TRAITS(u8, unsigned char)
TILE_TRAITS(i32, int)
TILE_TRAITS(u32, unsigned)
TILE_TRAITS(i64, long)
TILE_TRAITS(u64, unsigned long)
template <class T>
using vector_of = typename Traits<T>::Vector;
template <class T>
using scalar_of = typename Traits<T>::Scalar;
template <class T>
constexpr bool is_vector = false;
template <>
inline constexpr bool is_vector<f32> = true;
template <>
inline constexpr bool is_vector<i8> = true;
template <>
inline constexpr bool is_vector<u8> = true;
template <>
inline constexpr bool is_vector<i32> = true;
template <>
inline constexpr bool is_vector<u32> = true;
template <>
inline constexpr bool is_vector<i64> = true;
template <>
inline constexpr bool is_vector<u64> = true;

template <class V>
TILE_INLINE V splat(scalar_of<V> x) {
  return x - V{};
}
TILE_INLINE mask splat_mask(bool x) { return -(int)x - mask{}; }

/// 0, 1, 2, ...
TILE_INLINE i32 lane_numbers() {
#if TILE_LANES == 16
  return i32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#else
  return i32{0, 1, 2, 3, 4, 5, 6, 7};
#endif
}
template <class V>
TILE_INLINE V iota(long first) {
  return (V)(splat<V>((scalar_of<V>)first) + __builtin_convertvector(lane_numbers(), V));
}

/// Lanes [first, last); both may lie anywhere.
TILE_INLINE mask below(long last) {
  return lane_numbers() < splat<i32>((int)(last < 0 ? 0 : last > lanes ? lanes : last));
}
TILE_INLINE mask between(long first, long last) { return below(last) & ~below(first); }

/// Any comparison's result as a mask.
template <class C>
TILE_INLINE mask to_mask(C x) {
  return __builtin_convertvector(x, mask);
}
TILE_INLINE mask from_bytes(u8 x) { return __builtin_convertvector(x != 0, mask); }
TILE_INLINE u8 to_bytes(mask x) { return __builtin_convertvector(-x, u8); }

/// The result of a bitwise op, as is. LLVM 22 merges a select between it and one of its operands
/// into a masked vpternlog whose table does not fit the operands' order: the result is wrong. (Seen
/// with c ? x : ((y & m) | (x & ~m)), a select around copysign.) The empty statement keeps the two
/// apart.
TILE_INLINE u32 logic(u32 x) {
#ifdef __AVX512F__
  __asm__("" : "+v"(x));
#endif
  return x;
}
TILE_INLINE i32 logic(i32 x) { return (i32)logic((u32)x); }

template <class V>
TILE_INLINE V select(mask condition, V if_true, V if_false) {
  return __builtin_convertvector(condition, bits) ? packed(if_true) : packed(if_false);
}

/// How many of `extent` elements lie inside a tensor of which `rest` elements are left.
TILE_INLINE long valid(long rest, long extent) {
  return rest < 0 ? 0 : rest < extent ? rest : extent;
}
TILE_INLINE bool inside(long index, long size) {
  return (unsigned long)index < (unsigned long)size;
}

}  // namespace v
