// See overlap.h. Both questions ask for integers x_d in [low_d, high_d] with sum of x_d * stride_d
// = target: differences of index tuples. Strides are tried from the largest down; what smaller ones
// can still add bounds each x_d, so for ordinary views the search has one or two candidates per
// dimension.
#include "runtime/device/overlap.h"

#include <algorithm>
#include <cstdlib>

namespace pg {

namespace {

constexpr int max_terms = 2 * 8 + 1;
constexpr int search_budget = 4096;

struct Term {
  std::int64_t stride;  // > 0, in bytes
  std::int64_t low;
  std::int64_t high;
};

struct Search {
  Term terms[max_terms];
  int count = 0;
  int budget = search_budget;
  __int128 reach_low[max_terms + 1];  // least and greatest sums of the terms from here on
  __int128 reach_high[max_terms + 1];

  /// Adds indices of one dimension, [0, size - 1] * stride * sign.
  void add(std::int64_t stride, std::int64_t low, std::int64_t high) {
    if (stride < 0) {
      stride = -stride;
      std::swap(low, high);
      low = -low;
      high = -high;
    }
    for (int i = 0; i < count; ++i) {
      if (terms[i].stride != stride) continue;
      terms[i].low += low;
      terms[i].high += high;
      return;
    }
    terms[count++] = {stride, low, high};
  }

  void prepare() {
    std::sort(terms, terms + count,
              [](const Term& a, const Term& b) { return a.stride > b.stride; });
    reach_low[count] = reach_high[count] = 0;
    for (int i = count; i-- > 0;) {
      reach_low[i] = reach_low[i + 1] + static_cast<__int128>(terms[i].low) * terms[i].stride;
      reach_high[i] = reach_high[i + 1] + static_cast<__int128>(terms[i].high) * terms[i].stride;
    }
  }

  /// Is there a solution from term i on? `nonzero`: one of the earlier x is not zero already.
  bool find(int i, __int128 target, bool nonzero) {
    if (target < reach_low[i] || target > reach_high[i]) return false;
    if (i == count) return nonzero;
    if (--budget < 0) return true;
    const Term& term = terms[i];
    // x * stride must lie in [target - reach_high, target - reach_low] of the rest.
    const __int128 least = ceil_div(target - reach_high[i + 1], term.stride);
    const __int128 most = floor_div(target - reach_low[i + 1], term.stride);
    const __int128 first = std::max<__int128>(least, term.low);
    const __int128 last = std::min<__int128>(most, term.high);
    for (__int128 x = first; x <= last; ++x) {
      if (find(i + 1, target - x * term.stride, nonzero || x != 0)) return true;
    }
    return false;
  }

  static __int128 floor_div(__int128 a, std::int64_t b) {
    return a >= 0 ? a / b : -((-a + b - 1) / b);
  }
  static __int128 ceil_div(__int128 a, std::int64_t b) { return -floor_div(-a, b); }
};

}  // namespace

bool byte_range(const StridedView& view, ByteRange& range) {
  std::int64_t below = 0, above = 0;
  for (int d = 0; d < view.rank; ++d) {
    if (view.sizes[d] == 0) {
      range = {};
      return true;
    }
    std::int64_t extent = 0;
    if (__builtin_mul_overflow(view.sizes[d] - 1, view.strides[d], &extent)) return false;
    if (__builtin_add_overflow(extent < 0 ? below : above, extent, extent < 0 ? &below : &above)) {
      return false;
    }
  }
  if (__builtin_mul_overflow(below, view.element_bytes, &below) ||
      __builtin_mul_overflow(above, view.element_bytes, &above) ||
      __builtin_add_overflow(above, view.element_bytes, &above)) {
    return false;
  }
  const auto base = reinterpret_cast<std::uintptr_t>(view.data);
  range = {base + static_cast<std::uintptr_t>(below), base + static_cast<std::uintptr_t>(above)};
  return range.begin <= base && range.end > base;
}

bool overlaps_itself(const StridedView& view) {
  // Ordinary views: each dimension steps over all that the inner ones cover.
  std::int64_t covered = 1;
  bool nested = true;
  for (int d = view.rank; d-- > 0;) {
    if (view.sizes[d] == 0) return false;
    if (view.sizes[d] == 1) continue;
    const std::int64_t stride = std::abs(view.strides[d]);
    nested = nested && stride >= covered;
    covered += stride * (view.sizes[d] - 1);
  }
  if (nested) return false;

  Search search;
  for (int d = 0; d < view.rank; ++d) {
    if (view.sizes[d] == 1) continue;
    if (view.strides[d] == 0) return true;
    for (int e = 0; e < d; ++e) {
      // Equal strides of two dimensions: stepping one forward and the other back meets again.
      if (view.sizes[e] > 1 && std::abs(view.strides[e]) == std::abs(view.strides[d])) return true;
    }
    search.add(view.strides[d], 1 - view.sizes[d], view.sizes[d] - 1);
  }
  search.prepare();
  return search.find(0, 0, false);
}

bool overlap(const StridedView& a, const StridedView& b) {
  Search search;
  for (int d = 0; d < a.rank; ++d) {
    if (a.sizes[d] == 0) return false;
    if (a.sizes[d] > 1 && a.strides[d] != 0) {
      search.add(a.strides[d] * a.element_bytes, 0, a.sizes[d] - 1);
    }
  }
  for (int d = 0; d < b.rank; ++d) {
    if (b.sizes[d] == 0) return false;
    if (b.sizes[d] > 1 && b.strides[d] != 0) {
      search.add(-b.strides[d] * b.element_bytes, 0, b.sizes[d] - 1);
    }
  }
  search.add(1, 1 - b.element_bytes, a.element_bytes - 1);  // the bytes of the two elements
  search.prepare();
  const auto distance = static_cast<__int128>(reinterpret_cast<std::uintptr_t>(b.data)) -
                        static_cast<__int128>(reinterpret_cast<std::uintptr_t>(a.data));
  return search.find(0, distance, true);
}

bool is_same_view(const StridedView& a, const StridedView& b) {
  if (a.data != b.data || a.element_bytes != b.element_bytes || a.rank != b.rank) return false;
  for (int d = 0; d < a.rank; ++d) {
    if (a.sizes[d] != b.sizes[d]) return false;
    if (a.sizes[d] > 1 && a.strides[d] != b.strides[d]) return false;
  }
  return true;
}

}  // namespace pg
