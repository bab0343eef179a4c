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

/// Kernel handles by (D, causal): D is the head size rounded up to a multiple of 8.
class AttentionKernels {
 public:
  explicit AttentionKernels(const char* name) : name_(name) {}
  const Kernel& get(std::int64_t head_size, bool causal) {
    const std::int64_t d = (head_size + 7) / 8;
    return table_.get(static_cast<std::size_t>(d * 2 + (causal ? 1 : 0)), [&] {
      return builtin_kernel("attention.tile", name_,
                            {{"D", std::to_string(d * 8)}, {"CAUSAL", causal ? "true" : "false"}});
    });
  }

 private:
  const char* name_;
  KernelTable<66> table_;
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
                          float scale, bool causal) {
  check("attention", q, k, v);
  if (causal && !start.defined() && k.size(1) < q.size(1)) {
    fail("attention", "{} queries but only {} keys", q.size(1), k.size(1));
  }
  static AttentionKernels kernels("attention");
  AttentionResult result{new_result("attention", q, q.shape()),
                         new_result("attention", q, {q.size(0), q.size(2), q.size(1)})};
  if (q.numel() == 0) return result;
  launch(kernels.get(q.size(3), causal), heads_first(q), swapped(heads_first(k)), heads_first(v),
         start_tensor("attention", start, k.size(1) - q.size(1), q), scale, heads_first(result.o),
         result.lse);
  return result;
}

AttentionGradients attention_backward(const Tensor& gradient, const Tensor& q, const Tensor& k,
                                      const Tensor& v, const AttentionResult& result,
                                      const Tensor& start, float scale, bool causal) {
  const char* op = "attention_backward";
  check(op, q, k, v);
  check_f32(op, {&q, &gradient, &result.o, &result.lse});
  check_shape(op, "gradient", gradient, q.shape());
  check_shape(op, "o", result.o, q.shape());
  static AttentionKernels for_query("attention_query_gradient");
  static AttentionKernels for_key("attention_key_gradient");
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
  launch(for_query.get(q.size(3), causal), g, query, key, swapped(key), swapped(value), result.lse,
         rows, first, scale, heads_first(gradients.q));
  launch(for_key.get(q.size(3), causal), g, swapped(g), query, swapped(query), key, value,
         result.lse, rows, first, scale, heads_first(gradients.k), heads_first(gradients.v));
  return gradients;
}

}  // namespace pg::ops
