// Loads and stores of vectors: whole, part of the lanes, strided, by index. Lanes that take no part
// read as the pad value and touch no memory.
#pragma once

namespace v {

template <class T>
TILE_INLINE vector_of<T> load(const T* from) {
  vector_of<T> x;
  __builtin_memcpy(&x, from, sizeof(x));
  return x;
}
template <class T>
TILE_INLINE void store(T* to, vector_of<T> x) {
  __builtin_memcpy(to, &x, sizeof(x));
}

template <class T>
TILE_INLINE vector_of<T> load_masked(const T* from, mask active, T pad) {
  return (vector_of<T>)__builtin_masked_load(__builtin_convertvector(active, bits), from,
                                             packed(splat<vector_of<T>>(pad)));
}
template <class T>
TILE_INLINE void store_masked(T* to, vector_of<T> x, mask active) {
  __builtin_masked_store(__builtin_convertvector(active, bits), packed(x), to);
}

/// Lane l is from[l * stride].
template <class T>
TILE_INLINE vector_of<T> load_strided(const T* from, long stride) {
  vector_of<T> x;
  TILE_UNROLL for (int l = 0; l < lanes; ++l) x[l] = from[l * stride];
  return x;
}
template <class T>
TILE_INLINE vector_of<T> load_strided_masked(const T* from, long stride, mask active, T pad) {
  vector_of<T> x = splat<vector_of<T>>(pad);
  for (int l = 0; l < lanes; ++l) {
    if (active[l]) x[l] = from[l * stride];
  }
  return x;
}
template <class T>
TILE_INLINE void store_strided(T* to, long stride, vector_of<T> x) {
  TILE_UNROLL for (int l = 0; l < lanes; ++l) to[l * stride] = x[l];
}
template <class T>
TILE_INLINE void store_strided_masked(T* to, long stride, vector_of<T> x, mask active) {
  for (int l = 0; l < lanes; ++l) {
    if (active[l]) to[l * stride] = x[l];
  }
}

/// Lane l is from[index[l] * stride].
template <class T>
TILE_INLINE vector_of<T> load_at(const T* from, i64 index, long stride, mask active, T pad) {
  vector_of<T> x = splat<vector_of<T>>(pad);
  for (int l = 0; l < lanes; ++l) {
    if (active[l]) x[l] = from[index[l] * stride];
  }
  return x;
}
template <class T>
TILE_INLINE void store_at(T* to, i64 index, long stride, vector_of<T> x, mask active) {
  for (int l = 0; l < lanes; ++l) {
    if (active[l]) to[index[l] * stride] = x[l];
  }
}
TILE_INLINE mask inside_each(i64 index, long size) {
  return to_mask((u64)index < splat<u64>((unsigned long)size));
}

}  // namespace v
