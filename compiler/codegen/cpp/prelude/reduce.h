// Reductions. Partial results live in rows (an array, folded by halves) and then in the lanes of
// one vector (again by halves): together the tree over 256 lanes that defines `sum`.
#pragma once

namespace v {

struct Add {
  template <class T>
  static T of(T a, T b) {
    return a + b;
  }
};
struct Multiply {
  template <class T>
  static T of(T a, T b) {
    return a * b;
  }
};
struct Min {
  template <class T>
  static T of(T a, T b) {
    return min(a, b);
  }
};
struct Max {
  template <class T>
  static T of(T a, T b) {
    return max(a, b);
  }
};
struct And {
  template <class T>
  static T of(T a, T b) {
    return a & b;
  }
};
struct Or {
  template <class T>
  static T of(T a, T b) {
    return a | b;
  }
};
struct Xor {
  template <class T>
  static T of(T a, T b) {
    return a ^ b;
  }
};

/// Row r is combined with row r + half, for half = count / 2, ..., 1; count is a power of two.
template <class Combine, int count, class T>
TILE_INLINE T fold_rows(T* rows) {
  for (int half = count / 2; half > 0; half /= 2) {
    for (int r = 0; r < half; ++r) rows[r] = Combine::of(rows[r], rows[r + half]);
  }
  return rows[0];
}

#define TILE_LANE(l) ((l) + half) % TILE_LANES
template <int half, class V>
TILE_INLINE V rotate(V x) {
#if TILE_LANES == 16
  return __builtin_shufflevector(x, x, TILE_LANE(0), TILE_LANE(1), TILE_LANE(2), TILE_LANE(3),
                                 TILE_LANE(4), TILE_LANE(5), TILE_LANE(6), TILE_LANE(7),
                                 TILE_LANE(8), TILE_LANE(9), TILE_LANE(10), TILE_LANE(11),
                                 TILE_LANE(12), TILE_LANE(13), TILE_LANE(14), TILE_LANE(15));
#else
  return __builtin_shufflevector(x, x, TILE_LANE(0), TILE_LANE(1), TILE_LANE(2), TILE_LANE(3),
                                 TILE_LANE(4), TILE_LANE(5), TILE_LANE(6), TILE_LANE(7));
#endif
}
#undef TILE_LANE

template <class Combine, class V>
TILE_INLINE scalar_of<V> fold_lanes(V x) {
  if constexpr (lanes > 8) x = Combine::of(x, rotate<8>(x));
  x = Combine::of(x, rotate<4>(x));
  x = Combine::of(x, rotate<2>(x));
  x = Combine::of(x, rotate<1>(x));
  return x[0];
}

}  // namespace v
