// Matrix products: acc += lhs @ rhs, every output one chain of fma with ascending k, then + 0.0.
// The work is cut into blocks of `rows` rows and `vectors` vectors of columns whose accumulators
// stay in registers. The right side is packed panel by panel (a panel: the columns of one block, k
// after k); the left side is read in place where its rows are contiguous, else packed into strips
// of `rows` rows.
#pragma once

namespace v {

/// A matrix in memory: element (i, j) is at[i * row + j * column].
struct Matrix {
  const float* at;
  long row, column;
};

/// The operands of precision tf32: 10 mantissa bits, ties away from zero.
TILE_INLINE f32 round_tf32(f32 x) {
  const u32 bits = ((u32)x + 0x1000u) & ~0x1fffu;
  return select(to_mask(x == x), (f32)bits, x);
}

template <int rows, int vectors>
TILE_INLINE void dot_block(Matrix a, const float* b, long b_row, float* c, long c_row, long depth) {
  f32 acc[rows][vectors];
  TILE_UNROLL for (int r = 0; r < rows; ++r) {
    TILE_UNROLL for (int w = 0; w < vectors; ++w) acc[r][w] = load(c + r * c_row + w * lanes);
  }
  for (long k = 0; k < depth; ++k) {
    f32 right[vectors];
    TILE_UNROLL for (int w = 0; w < vectors; ++w) right[w] = load(b + k * b_row + w * lanes);
    TILE_UNROLL for (int r = 0; r < rows; ++r) {
      const f32 left = splat<f32>(a.at[r * a.row + k * a.column]);
      TILE_UNROLL for (int w = 0; w < vectors; ++w) acc[r][w] = fma(left, right[w], acc[r][w]);
    }
  }
  TILE_UNROLL for (int r = 0; r < rows; ++r) {
    TILE_UNROLL for (int w = 0; w < vectors; ++w)
        store(c + r * c_row + w * lanes, acc[r][w] + 0.0f);
  }
}

/// x[i][l] becomes x[l][i]: lanes change places with rows, one bit of the index at a time.
template <int step>
TILE_INLINE void exchange(f32* x) {
#define TILE_LOW(l) ((l) & step) ? TILE_LANES + (l) - step : (l)
#define TILE_HIGH(l) ((l) & step) ? TILE_LANES + (l) : (l) + step
#if TILE_LANES == 16
#define TILE_EACH(f)                                                                             \
  f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7), f(8), f(9), f(10), f(11), f(12), f(13), f(14), \
      f(15)
#else
#define TILE_EACH(f) f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7)
#endif
  TILE_UNROLL for (int i = 0; i < lanes; ++i) {
    if ((i & step) != 0) continue;
    const f32 low = x[i], high = x[i + step];
    x[i] = __builtin_shufflevector(low, high, TILE_EACH(TILE_LOW));
    x[i + step] = __builtin_shufflevector(low, high, TILE_EACH(TILE_HIGH));
  }
}
TILE_INLINE void transpose(f32* x) {
  if constexpr (lanes > 8) exchange<8>(x);
  exchange<4>(x);
  exchange<2>(x);
  exchange<1>(x);
}

/// Packs `columns` columns of b, the rest of the panel is 0.
template <int vectors, bool is_tf32>
static void pack_panel(float* panel, Matrix b, long depth, long columns) {
  constexpr int width = vectors * lanes;
  const auto rounded = [](f32 x) { return is_tf32 ? round_tf32(x) : x; };
  if (b.column == 1) {
    for (long k = 0; k < depth; ++k) {
      // Rows lie far apart, where no hardware prefetcher follows.
      const bool is_ahead = k + 16 < depth;
      TILE_UNROLL for (int w = 0; w < vectors; ++w) {
        const float* from = b.at + k * b.row + w * lanes;
        if (is_ahead) __builtin_prefetch(from + 16 * b.row);
        const f32 x =
            columns == width ? load(from) : load_masked(from, below(columns - w * lanes), 0.0f);
        store(panel + k * width + w * lanes, rounded(x));
      }
    }
    return;
  }
  for (int w = 0; w < vectors; ++w) {
    const long present = columns - w * lanes;
    long k = 0;
    for (; b.row == 1 && present >= lanes && k + lanes <= depth; k += lanes) {
      f32 x[lanes];
      TILE_UNROLL for (int l = 0; l < lanes; ++l) x[l] =
          load(b.at + (w * lanes + l) * b.column + k);
      transpose(x);
      TILE_UNROLL for (int l = 0; l < lanes; ++l) {
        store(panel + (k + l) * width + w * lanes, rounded(x[l]));
      }
    }
    for (; k < depth; ++k) {
      const float* from = b.at + w * lanes * b.column + k * b.row;
      store(panel + k * width + w * lanes,
            rounded(load_strided_masked(from, b.column, below(present), 0.0f)));
    }
  }
}

/// Packs `count` rows of a, k after k; the rest of the strip is 0.
template <int rows, bool is_tf32>
static void pack_strip(float* strip, Matrix a, long depth, long count) {
  for (long k = 0; k < depth; ++k) {
    TILE_UNROLL for (int r = 0; r < rows; ++r) {
      float x = r < count ? a.at[r * a.row + k * a.column] : 0.0f;
      if (is_tf32) x = round_tf32(splat<f32>(x))[0];
      strip[k * rows + r] = x;
    }
  }
}

/// Packs all m rows into strips. Where the columns of a are contiguous, each is read once, in
/// whole.
template <int rows, bool is_tf32>
static void pack_strips(float* strips, long strip_size, Matrix a, long m, long depth) {
  long i = 0;
  if (a.row == 1 && !is_tf32) {
    const long whole = m / rows;
    for (long k = 0; k < depth; ++k) {
      const float* from = a.at + k * a.column;
      float* to = strips + k * rows;
      // Columns lie far apart, where no hardware prefetcher follows.
      if (k + 16 < depth) {
        for (long l = 0; l < m; l += 16) __builtin_prefetch(from + 16 * a.column + l);
      }
      for (long s = 0; s < whole; ++s) {
        __builtin_memcpy(to + s * strip_size, from + s * rows, 4 * rows);
      }
    }
    i = whole * rows;
  }
  for (; i < m; i += rows) {
    pack_strip<rows, is_tf32>(strips + i / rows * strip_size, {a.at + i * a.row, a.row, a.column},
                              depth, m - i);
  }
}

/// The left side of a product: m rows, in place or in strips; and where the results go.
struct Rows {
  Matrix a;
  const float* strips;  // all of them if `is_packed`, else only the last, incomplete one
  long strip_size;
  bool is_packed;
  long m, depth;
  float* acc;
  long acc_row;
};

/// All rows times one panel; the results begin at column j.
template <int rows, int vectors>
TILE_INLINE void dot_panel(const Rows& x, const float* panel, long panel_row, long j) {
  for (long i = 0; i < x.m; i += rows) {
    Matrix left = {x.a.at + i * x.a.row, x.a.row, x.a.column};
    if (x.is_packed)
      left = {x.strips + i / rows * x.strip_size, 1, rows};
    else if (x.m - i < rows)
      left = {x.strips, 1, rows};
    dot_block<rows, vectors>(left, panel, panel_row, x.acc + i * x.acc_row + j, x.acc_row, x.depth);
  }
}

/// Columns [j, n). In place, what does not fill a panel goes to narrower ones.
template <int rows, int vectors, bool packs_rhs, bool is_tf32>
TILE_INLINE void dot_columns(const Rows& x, Matrix b, long j, long n, float* panel) {
  constexpr int width = vectors * lanes;
  for (; j + width <= n; j += width) {
    const Matrix right = {b.at + j * b.column, b.row, b.column};
    if constexpr (packs_rhs) pack_panel<vectors, is_tf32>(panel, right, x.depth, width);
    if constexpr (packs_rhs)
      dot_panel<rows, vectors>(x, panel, width, j);
    else
      dot_panel<rows, vectors>(x, right.at, right.row, j);
  }
  if constexpr (!packs_rhs && vectors > 1) {
    dot_columns<rows, vectors / 2, packs_rhs, is_tf32>(x, b, j, n, panel);
  } else if (j < n) {
    pack_panel<vectors, is_tf32>(panel, {b.at + j * b.column, b.row, b.column}, x.depth, n - j);
    dot_panel<rows, vectors>(x, panel, width, j);
  }
}

/// acc has rows and columns to spare: it is written in whole blocks. `strips` has room for all
/// strips of the left side, or for one if it is read in place; `panel` for one panel.
template <int rows, int vectors, bool packs_lhs, bool packs_rhs, bool is_tf32>
static void dot(Matrix a, Matrix b, float* acc, long acc_row, long m, long n, long depth,
                float* strips, float* panel) {
  const long strip_size = depth * rows + lanes;
  if constexpr (packs_lhs) {
    pack_strips<rows, is_tf32>(strips, strip_size, a, m, depth);
  } else if (const long rest = m % rows; rest != 0) {
    const float* from = a.at + (m - rest) * a.row;
    pack_strip<rows, is_tf32>(strips, {from, a.row, a.column}, depth, rest);
  }
  const Rows x = {a, strips, strip_size, packs_lhs, m, depth, acc, acc_row};
  dot_columns<rows, vectors, packs_rhs, is_tf32>(x, b, 0, n, panel);
}

}  // namespace v
