// Causal attention on a GPU (gpu.h).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "runtime/device/buffer.h"
#include "runtime/ops/attention.h"
#include "tools/tilebench/gpu.h"
#include "tools/tilebench/gpu_peer.h"
#include "tools/tilebench/gpu_report.h"
#include "tools/tilebench/gpu_timer.h"
#include "tools/tilebench/measure.h"

namespace bench::gpu {

namespace {

struct Size {
  std::int64_t batch, heads, length, width;
};
constexpr Size sizes[] = {{8, 12, 1024, 64}, {4, 32, 2048, 64}, {4, 32, 2048, 128}};

using Matrix = std::vector<double>;

/// Inputs [B, S, H, D] and a gradient of the result.
struct Inputs {
  Inputs(const Size& size, pg::Device device)
      : size(size),
        scale(1 / std::sqrt(static_cast<float>(size.width))),
        q({size.batch, size.length, size.heads, size.width}, 11, device),
        k({size.batch, size.length, size.heads, size.width}, 1111111, device),
        v({size.batch, size.length, size.heads, size.width}, 2222222, device),
        gradient({size.batch, size.length, size.heads, size.width}, 3333333, device) {}

  pg::ops::AttentionResult forward() const {
    return pg::ops::attention(q.tensor(), k.tensor(), v.tensor(), {}, scale, true,
                              pg::Precision::Tf32);
  }
  pg::ops::AttentionGradients backward(const pg::ops::AttentionResult& result) const {
    return pg::ops::attention_backward(gradient.tensor(), q.tensor(), k.tensor(), v.tensor(),
                                       result, {}, scale, true, pg::Precision::Tf32);
  }

  Size size;
  float scale;
  Noise q, k, v, gradient;
};

/// One head of one sequence, [S, D] row after row.
template <class Elements>
Matrix head_of(const Elements& x, const Size& size, std::int64_t batch, std::int64_t head) {
  Matrix rows(static_cast<std::size_t>(size.length * size.width));
  for (std::int64_t s = 0; s < size.length; ++s) {
    const std::int64_t start = ((batch * size.length + s) * size.heads + head) * size.width;
    for (std::int64_t d = 0; d < size.width; ++d) {
      rows[static_cast<std::size_t>(s * size.width + d)] =
          static_cast<double>(x[static_cast<std::int64_t>(start + d)]);
    }
  }
  return rows;
}

double dot(const double* a, const double* b, std::size_t count) {
  double lanes[8] = {};
  for (std::size_t i = 0; i < count; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  }
  double sum = 0;
  for (double lane : lanes) sum += lane;
  return sum;
}

void add_scaled(double* to, const double* from, double factor, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) to[i] += factor * from[i];
}

struct Reference {
  Matrix o, dq, dk, dv;
};

/// One head in double.
Reference reference_of(const Inputs& inputs, std::int64_t batch, std::int64_t head) {
  const Size& size = inputs.size;
  const auto length = static_cast<std::size_t>(size.length);
  const auto width = static_cast<std::size_t>(size.width);
  const Matrix q = head_of(inputs.q, size, batch, head), k = head_of(inputs.k, size, batch, head);
  const Matrix v = head_of(inputs.v, size, batch, head);
  const Matrix g = head_of(inputs.gradient, size, batch, head);
  const double scale = inputs.scale;
  Reference r{Matrix(q.size()), Matrix(q.size()), Matrix(q.size()), Matrix(q.size())};
  Matrix p(length);
  for (std::size_t s = 0; s < length; ++s) {
    double largest = -INFINITY, sum = 0;
    for (std::size_t t = 0; t <= s; ++t) {
      p[t] = scale * dot(&q[s * width], &k[t * width], width);
      largest = std::max(largest, p[t]);
    }
    for (std::size_t t = 0; t <= s; ++t) sum += p[t] = std::exp(p[t] - largest);
    for (std::size_t t = 0; t <= s; ++t) {
      p[t] /= sum;
      add_scaled(&r.o[s * width], &v[t * width], p[t], width);
    }
    const double mean = dot(&g[s * width], &r.o[s * width], width);
    for (std::size_t t = 0; t <= s; ++t) {
      const double ds = scale * p[t] * (dot(&g[s * width], &v[t * width], width) - mean);
      add_scaled(&r.dq[s * width], &k[t * width], ds, width);
      add_scaled(&r.dk[t * width], &q[s * width], ds, width);
      add_scaled(&r.dv[t * width], &g[s * width], p[t], width);
    }
  }
  return r;
}

/// What is wrong with one head of x, [B, S, H, D] on a device.
std::string check_head(const char* what, const pg::Tensor& x, const Matrix& expected,
                       const Size& size, std::int64_t batch, std::int64_t head) {
  struct Floats {
    std::vector<float> values;
    std::int64_t first;
    float operator[](std::int64_t i) const { return values[static_cast<std::size_t>(i - first)]; }
  };
  const Floats floats{pg::view::select(x, 0, batch).to_vector<float>(),
                      batch * size.length * size.heads * size.width};
  const Matrix found = head_of(floats, size, batch, head);
  double largest = 0, worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!std::isfinite(found[i])) return fmt::format("{} has a {}", what, found[i]);
    largest = std::max(largest, std::fabs(expected[i]));
    worst = std::max(worst, std::fabs(found[i] - expected[i]));
  }
  // Products in tf32 are off by some 1e-3 of the largest value, a wrong block by 1e-1.
  if (worst <= 1e-2 * largest) return {};
  return fmt::format("{} is off by {:.2g} of its largest value", what, worst / largest);
}

/// The last head, from memory that held NaN.
std::string check(const Inputs& inputs, bool is_backward) {
  const Size& size = inputs.size;
  const std::int64_t batch = size.batch - 1, head = size.heads - 1;
  static std::map<std::array<std::int64_t, 3>, Reference> known;
  const std::array key{size.heads, size.length, size.width};
  auto found = known.find(key);
  if (found == known.end()) {
    found = known.emplace(key, reference_of(inputs, batch, head)).first;
  }
  const Reference& r = found->second;
  const bool was_poisoned = pg::memory_poison();
  pg::set_memory_poison(true);
  const pg::ops::AttentionResult result = inputs.forward();
  pg::ops::AttentionGradients gradients;
  if (is_backward) gradients = inputs.backward(result);
  pg::set_memory_poison(was_poisoned);
  if (!is_backward) return check_head("o", result.o, r.o, size, batch, head);
  std::string mistake = check_head("dq", gradients.q, r.dq, size, batch, head);
  if (mistake.empty()) mistake = check_head("dk", gradients.k, r.dk, size, batch, head);
  if (mistake.empty()) mistake = check_head("dv", gradients.v, r.dv, size, batch, head);
  return mistake;
}

}  // namespace

bool attention(const Options& options) {
  Timer timer(options.device);
  Peer peer(options.peer);
  Report report(options, "attention", {"B,H,S,D", "direction"}, "TFLOP/s", 1e12);
  bool reached = true;
  for (const Size& size : sizes) {
    const Inputs inputs(size, options.device);
    for (const bool is_backward : {false, true}) {
      Row row;
      const std::string text =
          fmt::format("{},{},{},{}", size.batch, size.heads, size.length, size.width);
      row.labels = {{"B,H,S,D", text}, {"direction", is_backward ? "backward" : "forward"}};
      row.group = row.labels["direction"];
      row.work = static_cast<double>(2 * size.batch * size.heads * size.length * size.length *
                                     size.width) *
                 (is_backward ? 2.5 : 1);
      row.ceiling = 494.7;  // tf32 products, by the data sheet of an H100
      row.mistake = check(inputs, is_backward);
      row.peer = "PyTorch SDPA, memory-efficient";
      const pg::ops::AttentionResult result = inputs.forward();
      for (int round = 0; round < options.rounds; ++round) {
        row.seconds.push_back(timer.seconds([&] {
          if (is_backward) {
            inputs.backward(result);
          } else {
            inputs.forward();
          }
        }));
        const auto theirs = peer.seconds(fmt::format("attention {} {} {} {} {}", size.batch,
                                                     size.heads, size.length, size.width,
                                                     is_backward ? "backward" : "forward"));
        if (theirs) row.peer_seconds.push_back(*theirs);
      }
      report.add(row);
      const double rate = row.work / median(row.seconds) * 1e-12;
      if (size.width == 128 && rate < (is_backward ? 70 : 120)) reached = false;
    }
  }
  report.finish();
  return reached && !report.has_mistakes();
}

}  // namespace bench::gpu
