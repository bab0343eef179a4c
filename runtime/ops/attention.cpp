// See attention.h. The kernels want heads before positions and some operands transposed; both are
// views.
#include "runtime/ops/attention.h"

#include <bit>

#include "runtime/ops/checks.h"
#include "runtime/ops/kernel_table.h"

namespace pg::ops {

namespace {

/// [B, S, H, D] to [B, H, S, D], and with the last two swapped.
Tensor heads_first(const Tensor& x) { return view::transpose(x, 1, 2); }
Tensor swapped(const Tensor& x) { return view::transpose(x, 2, 3); }

void check(const char* op, const Tensor& q, const Tensor& k, const Tensor& v) {
  check_f32(op, {&q, &k, &v});
  if (q.dim() != 4 || k.dim() != 4) {
    fail(op, "expected [batch, positions, heads, size], got {} and {}", to_string(q.shape()),
         to_string(k.shape()));
  }
  check_shape(op, "v", v, k.shape());
  if (q.size(0) != k.size(0) || q.size(3) != k.size(3)) {
    fail(op, "q {} and k {} differ in batch or head size", to_string(q.shape()),
         to_string(k.shape()));
  }
  if (k.size(2) == 0 || q.size(2) % k.size(2) != 0) {
    fail(op, "{} query heads do not share {} key heads evenly", q.size(2), k.size(2));
  }
  if (q.size(3) > 256) fail(op, "head size {} is above 256", q.size(3));
}

/// Tensor cores multiply by powers of two, up to so many columns.
constexpr std::int64_t most_tensor_core_columns = 128;
/// Heads below this size are computed in fp32 also where tf32 would do: they fill no tensor core,
/// so rounding would cost digits and gain nothing.
constexpr std::int64_t smallest_tensor_core_head = 16;

/// Kernel handles by (D, causal, precision): D is the head size rounded up to a multiple of 8, in
/// tf32 to a power of two where tensor cores then take it.
class AttentionKernels {
 public:
  /// Of a gradient: its blocks are 64 long in fp32, and in tf32 what registers can hold.
  enum class Blocks : std::uint8_t { Fixed, ByPrecision };
  AttentionKernels(const char* name, Blocks blocks) : name_(name), blocks_(blocks) {}
  const Kernel& get(std::int64_t head_size, bool causal, Precision precision) {
    std::int64_t d = (head_size + 7) / 8;
    if (head_size < smallest_tensor_core_head) precision = Precision::Fp32;
    const bool is_tf32 = precision == Precision::Tf32;
    if (is_tf32 && 8 * d <= most_tensor_core_columns) {
      d = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(d)));
    }
    const std::int64_t variant = (causal ? 1 : 0) + (is_tf32 ? 2 : 0);
    return table_.get(static_cast<std::size_t>(d * 4 + variant), [&] {
      tile::Settings settings = {{"D", std::to_string(d * 8)},
                                 {"CAUSAL", causal ? "true" : "false"},
                                 {"P", std::string(name_of(precision))}};
      if (blocks_ == Blocks::ByPrecision && is_tf32 && d > 8) settings.push_back({"L", "32"});
      return builtin_kernel("attention.tile", name_, settings);
    });
  }

 private:
  const char* name_;
  Blocks blocks_;
  KernelTable<132> table_;
};

const Kernel& row_sum_kernel(std::int64_t head_size) {
  static KernelTable<33> table;
  const std::int64_t d = (head_size + 7) / 8;
  return table.get(static_cast<std::size_t>(d), [&] {
    return builtin_kernel("attention.tile", "attention_row_sums", {{"D", std::to_string(d * 8)}});
  });
}

}  // namespace

AttentionResult attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& start,
                          double scale, bool causal, Precision precision) {
  check("attention", q, k, v);
  if (causal && !start.defined() && k.size(1) < q.size(1)) {
    fail("attention", "{} queries but only {} keys", q.size(1), k.size(1));
  }
  static AttentionKernels kernels("attention", AttentionKernels::Blocks::Fixed);
  AttentionResult result{new_result("attention", q, q.shape()),
                         new_result("attention", q, {q.size(0), q.size(2), q.size(1)})};
  if (q.numel() == 0) return result;
  launch(kernels.get(q.size(3), causal, precision), heads_first(q), swapped(heads_first(k)),
         heads_first(v), start_tensor("attention", start, k.size(1) - q.size(1), q), scale,
         heads_first(result.o), result.lse);
  return result;
}

AttentionGradients attention_backward(const Tensor& gradient, const Tensor& q, const Tensor& k,
                                      const Tensor& v, const AttentionResult& result,
                                      const Tensor& start, double scale, bool causal,
                                      Precision precision) {
  const char* op = "attention_backward";
  check(op, q, k, v);
  check_f32(op, {&q, &gradient, &result.o, &result.lse});
  check_shape(op, "gradient", gradient, q.shape());
  check_shape(op, "o", result.o, q.shape());
  using enum AttentionKernels::Blocks;
  static AttentionKernels for_query("attention_query_gradient", ByPrecision);
  static AttentionKernels for_key("attention_key_gradient", ByPrecision);
  AttentionGradients gradients{new_result(op, q, q.shape()), new_result(op, k, k.shape()),
                               new_result(op, k, k.shape())};
  if (q.numel() == 0) return {gradients.q, zeros_like(k), zeros_like(k)};
  const Tensor first = start_tensor(op, start, k.size(1) - q.size(1), q);
  const Tensor g = heads_first(gradient);
  const Tensor query = heads_first(q);
  const Tensor key = heads_first(k);
  const Tensor value = heads_first(v);
  Tensor rows = new_result(op, q, result.lse.shape());
  launch(row_sum_kernel(q.size(3)), g, heads_first(result.o), rows);
  launch(for_query.get(q.size(3), causal, precision), g, query, key, swapped(key), swapped(value),
         result.lse, rows, first, scale, heads_first(gradients.q));
  launch(for_key.get(q.size(3), causal, precision), g, swapped(g), query, swapped(query), key,
         value, result.lse, rows, first, scale, heads_first(gradients.k), heads_first(gradients.v));
  return gradients;
}

}  // namespace pg::ops
