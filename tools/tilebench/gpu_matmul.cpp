// Matrix products on a GPU (gpu.h).
#include <fmt/format.h>

#include <bit>
#include <cmath>

#include "runtime/device/buffer.h"
#include "runtime/device/error.h"
#include "runtime/ops/matmul.h"
#include "tools/tilebench/gpu.h"
#include "tools/tilebench/gpu_peer.h"
#include "tools/tilebench/gpu_report.h"
#include "tools/tilebench/gpu_timer.h"

namespace bench::gpu {

namespace {

struct Layout {
  const char* name;
  bool transpose_a, transpose_b;
};
constexpr Layout layouts[] = {
    {"NN", false, false}, {"NT", false, true}, {"TN", true, false}, {"TT", true, true}};

/// A rows x columns operand; stored transposed if asked.
class Operand {
 public:
  Operand(std::int64_t rows, std::int64_t columns, bool is_transposed, std::uint64_t seed,
          pg::Device device)
      : rows_(rows),
        columns_(columns),
        is_transposed_(is_transposed),
        noise_(is_transposed ? pg::Shape{columns, rows} : pg::Shape{rows, columns}, seed, device) {}

  pg::Tensor view() const {
    return is_transposed_ ? pg::view::transpose(noise_.tensor(), 0, 1) : noise_.tensor();
  }
  float at(std::int64_t row, std::int64_t column) const {
    return noise_[is_transposed_ ? column * rows_ + row : row * columns_ + column];
  }

 private:
  std::int64_t rows_, columns_;
  bool is_transposed_;
  Noise noise_;
};

/// To 10 bits of fraction, ties away from zero.
float round_to_tf32(float x) {
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(x) + 0x1000u) & 0xffffe000u);
}

/// What is wrong with c[i, j]: in fp32 one chain of fma over ascending k gives its bits, in tf32
/// the sum in double is near.
std::string check_element(const Operand& a, const Operand& b, std::int64_t k_size, std::int64_t i,
                          std::int64_t j, float found, pg::Precision precision) {
  float chain = 0;
  double exact = 0, magnitude = 0;
  for (std::int64_t k = 0; k < k_size; ++k) {
    const float x = a.at(i, k), y = b.at(k, j);
    chain = std::fma(x, y, chain);
    const double term = double{round_to_tf32(x)} * double{round_to_tf32(y)};
    exact += term;
    magnitude += std::fabs(term);
  }
  const bool is_right = precision == pg::Precision::Fp32
                            ? found == chain
                            : std::fabs(found - exact) <= 1e-5 * magnitude;
  if (is_right) return {};
  return fmt::format("[{}, {}] is {}, not {}", i, j, found,
                     precision == pg::Precision::Fp32 ? double{chain} : exact);
}

/// Of 8 x 8 elements, corners included; the result's memory held NaN before.
std::string check_product(const Operand& a, const Operand& b, const Shape3& shape,
                          pg::Precision precision) {
  const bool was_poisoned = pg::memory_poison();
  pg::set_memory_poison(true);
  const pg::Tensor c = pg::ops::matmul(a.view(), b.view(), precision);
  pg::set_memory_poison(was_poisoned);
  constexpr std::int64_t count = 8;
  for (std::int64_t row = 0; row < count; ++row) {
    const std::int64_t i = row * (shape.m - 1) / (count - 1);
    const std::vector<float> values = pg::view::select(c, 0, i).to_vector<float>();
    for (std::int64_t column = 0; column < count; ++column) {
      const std::int64_t j = column * (shape.n - 1) / (count - 1);
      std::string mistake =
          check_element(a, b, shape.k, i, j, values[static_cast<std::size_t>(j)], precision);
      if (!mistake.empty()) return mistake;
    }
  }
  return {};
}

Row measure(const Options& options, Timer& timer, Peer& peer, const Shape3& shape,
            const Layout& layout, pg::Precision precision) {
  const Operand a(shape.m, shape.k, layout.transpose_a, 12345, options.device);
  const Operand b(shape.k, shape.n, layout.transpose_b, 1234567, options.device);
  const pg::Tensor left = a.view(), right = b.view();
  Row row;
  row.labels = {{"precision", std::string(name_of(precision))},
                {"M,N,K", fmt::format("{},{},{}", shape.m, shape.n, shape.k)},
                {"layout", layout.name}};
  row.group = fmt::format("{} {}", name_of(precision), layout.name);
  row.work = 2.0 * static_cast<double>(shape.m * shape.n) * static_cast<double>(shape.k);
  // The data sheet's dense rates of an H100.
  row.ceiling = precision == pg::Precision::Fp32 ? 67 : 494.7;
  row.mistake = check_product(a, b, shape, precision);
  row.peer = "cuBLAS";
  for (int round = 0; round < options.rounds; ++round) {
    row.seconds.push_back(timer.seconds([&] { pg::ops::matmul(left, right, precision); }));
    const auto theirs = peer.seconds(fmt::format("matmul {} {} {} {} {}", name_of(precision),
                                                 shape.m, shape.n, shape.k, layout.name));
    if (theirs) row.peer_seconds.push_back(*theirs);
  }
  if (row.mistake.empty()) row.mistake = check_product(a, b, shape, precision);
  return row;
}

}  // namespace

std::vector<Shape3> parse_shapes(const std::string& text) {
  std::vector<Shape3> shapes;
  const char* at = text.c_str();
  while (*at != '\0') {
    Shape3 shape;
    char* end = nullptr;
    for (std::int64_t* size : {&shape.m, &shape.n, &shape.k}) {
      *size = std::strtoll(at, &end, 10);
      const bool is_last = size == &shape.k;
      if (end == at || *size <= 0 || (!is_last && *end != 'x')) {
        throw pg::Error(fmt::format("--shapes: `{}` is not MxNxK,...", text));
      }
      at = is_last ? end : end + 1;
    }
    shapes.push_back(shape);
    if (*at == ',') ++at;
  }
  return shapes;
}

bool matmul(const Options& options, const std::vector<pg::Precision>& precisions,
            const std::vector<Shape3>& shapes) {
  Timer timer(options.device);
  Peer peer(options.peer);
  Report report(options, "matmul", {"precision", "M,N,K", "layout"}, "TFLOP/s", 1e12);
  for (pg::Precision precision : precisions) {
    for (const Shape3& shape : shapes) {
      for (const Layout& layout : layouts) {
        const bool is_tt = layout.transpose_a && layout.transpose_b;
        if (is_tt && &shape != &shapes[0]) continue;
        report.add(measure(options, timer, peer, shape, layout, precision));
      }
    }
  }
  report.finish();
  bool reached = !report.has_mistakes();
  for (pg::Precision precision : precisions) {
    const double floor = precision == pg::Precision::Fp32 ? 0.8 : 0.9;
    for (const Layout& layout : layouts) {
      const double ratio = report.mean_ratio(fmt::format("{} {}", name_of(precision), layout.name));
      const bool counts = ratio > 0 && !(layout.transpose_a && layout.transpose_b);
      if (counts && ratio < floor) reached = false;
    }
  }
  return reached;
}

}  // namespace bench::gpu
