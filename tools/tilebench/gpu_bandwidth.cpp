// Kernels that should be as fast as memory, on a GPU (gpu.h).
#include <fmt/format.h>
#include <algorithm>
#include <set>

#include <cstring>

#include "runtime/device/buffer.h"
#include "runtime/ops/activation.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/elementwise.h"
#include "runtime/ops/loss.h"
#include "runtime/ops/norm.h"
#include "runtime/ops/optimizer.h"
#include "runtime/ops/reduce.h"
#include "tools/tilebench/gpu.h"
#include "tools/tilebench/gpu_peer.h"
#include "tools/tilebench/gpu_report.h"
#include "tools/tilebench/gpu_timer.h"
#include "tools/tilebench/measure.h"

namespace bench::gpu {

namespace {

using Tensors = std::vector<pg::Tensor>;

struct Case {
  Case(std::string kernel, std::int64_t rows, std::int64_t columns, double passes)
      : kernel(std::move(kernel)), rows(rows), columns(columns), passes(passes) {}

  std::string kernel;
  std::int64_t rows, columns;
  double passes;   // over rows x columns floats that must be read or written
  Tensors inputs;  // of `rows` rows each: rows of the result depend on the same rows alone
  Tensors shared;  // the same for all rows
  std::function<pg::Tensor(const Tensors& inputs, const Tensors& shared)> run;
  bool by_rows = true;
  bool has_floor = true;
};

constexpr std::int64_t elements = std::int64_t{1} << 26;

Tensors on_cpu(const Tensors& tensors, std::int64_t rows) {
  Tensors result;
  for (const pg::Tensor& x : tensors) {
    result.push_back(pg::to_device(rows > 0 ? pg::view::narrow(x, 0, 0, rows) : x, pg::cpu_device));
  }
  return result;
}

Tensors clones(const Tensors& tensors) {
  Tensors result;
  for (const pg::Tensor& x : tensors) {
    result.push_back(x.dtype() == pg::DType::F32 ? pg::ops::clone(x) : x);
  }
  return result;
}

/// The first rows against the CPU, which must give the same bits; memory held NaN before.
std::string check(const Case& c) {
  const std::int64_t rows = c.by_rows ? 5 : 0;
  const Tensors inputs = clones(c.inputs);
  const Tensors small = on_cpu(inputs, rows);
  const bool was_poisoned = pg::memory_poison();
  pg::set_memory_poison(true);
  pg::Tensor found = c.run(inputs, c.shared);
  pg::set_memory_poison(was_poisoned);
  const std::vector<float> expected = c.run(small, on_cpu(c.shared, 0)).to_vector<float>();
  if (c.by_rows) found = pg::view::narrow(found, 0, 0, rows);
  const std::vector<float> values = found.to_vector<float>();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (std::memcmp(&values[i], &expected[i], 4) != 0) {
      return fmt::format("element {} is {}, on the CPU {}", i, values[i], expected[i]);
    }
  }
  return {};
}

pg::Tensor noise(const pg::Shape& shape, std::uint64_t seed, pg::Device device) {
  return Noise(shape, seed, device).tensor();
}

void add_norms(std::vector<std::function<Case()>>& cases, pg::Device device) {
  for (const std::int64_t width : {768, 2048, 8192}) {
    for (const bool is_backward : {false, true}) {
      cases.push_back([=] {
        const std::int64_t rows = elements / width;
        Case c(is_backward ? "rms_norm_backward" : "rms_norm", rows, width, is_backward ? 3 : 2);
        c.inputs = {noise({rows, width}, 1, device)};
        c.shared = {noise({width}, 2, device)};
        if (!is_backward) {
          c.run = [](const Tensors& x, const Tensors& w) {
            return pg::ops::rms_norm(x[0], w[0], 1e-5f).y;
          };
          return c;
        }
        c.inputs.push_back(pg::ops::rms_norm(c.inputs[0], c.shared[0], 1e-5f).rstd);
        c.inputs.push_back(noise({rows, width}, 3, device));
        c.run = [](const Tensors& x, const Tensors& w) {
          return pg::ops::rms_norm_backward(x[2], x[0], w[0], x[1]).x;
        };
        return c;
      });
    }
  }
}

void add_activations(std::vector<std::function<Case()>>& cases, pg::Device device) {
  cases.push_back([=] {
    Case c("swiglu", elements / 2048, 2048, 3);
    for (std::uint64_t i = 0; i < 2; ++i) c.inputs.push_back(noise({c.rows, c.columns}, i, device));
    c.run = [](const Tensors& x, const Tensors&) { return pg::ops::swiglu(x[0], x[1]); };
    return c;
  });
  cases.push_back([=] {
    Case c("swiglu_backward", elements / 2048, 2048, 5);
    for (std::uint64_t i = 0; i < 3; ++i) c.inputs.push_back(noise({c.rows, c.columns}, i, device));
    c.run = [](const Tensors& x, const Tensors&) {
      return pg::ops::swiglu_backward(x[0], x[1], x[2]).gate;
    };
    return c;
  });
  for (const std::int64_t width : {1024, 32000}) {
    cases.push_back([=] {
      Case c("softmax", elements / width, width, 2);
      c.inputs = {noise({c.rows, width}, 1, device)};
      c.run = [](const Tensors& x, const Tensors&) { return pg::ops::softmax(x[0], -1); };
      return c;
    });
    cases.push_back([=] {
      Case c("softmax_backward", elements / width, width, 3);
      c.inputs = {noise({c.rows, width}, 1, device), noise({c.rows, width}, 2, device)};
      c.run = [](const Tensors& x, const Tensors&) {
        return pg::ops::softmax_backward(x[0], x[1], -1);
      };
      return c;
    });
  }
}

void add_losses(std::vector<std::function<Case()>>& cases, pg::Device device) {
  for (const bool is_backward : {false, true}) {
    cases.push_back([=] {
      Case c(is_backward ? "cross_entropy_backward" : "cross_entropy", 8192, 32000,
             is_backward ? 2 : 1);
      std::vector<std::int32_t> targets;
      for (std::int64_t i = 0; i < c.rows; ++i) {
        targets.push_back(static_cast<std::int32_t>(i * 7919 % c.columns));
      }
      c.inputs = {noise({c.rows, c.columns}, 1, device), pg::from_data(targets, {c.rows}, device)};
      if (!is_backward) {
        c.run = [](const Tensors& x, const Tensors&) {
          return pg::ops::cross_entropy_rows(x[0], x[1]).losses;
        };
        return c;
      }
      c.inputs.push_back(pg::ops::cross_entropy_rows(c.inputs[0], c.inputs[1]).lse);
      c.shared = {pg::tensor({0.25f}, device)};
      c.run = [](const Tensors& x, const Tensors& g) {
        return pg::ops::cross_entropy_backward(g[0], x[0], x[1], x[2]);
      };
      return c;
    });
  }
}

void add_rest(std::vector<std::function<Case()>>& cases, pg::Device device) {
  cases.push_back([=] {
    Case c("adamw", elements, 1, 7);
    for (std::uint64_t i = 0; i < 4; ++i) c.inputs.push_back(noise({elements}, i, device));
    c.inputs[2] = pg::ops::mul(c.inputs[2], c.inputs[2]);  // variances
    c.shared = {pg::empty({8}, pg::DType::F32, device), pg::tensor({0.5f}, device)};
    pg::ops::set_adamw_scalars(c.shared[0], {.weight_decay = 0.1}, 10);
    c.run = [](const Tensors& x, const Tensors& s) {
      pg::ops::adamw_(x[0], x[1], x[2], x[3], s[0], s[1]);
      return x[0];
    };
    return c;
  });
  const auto add = [&](const char* name, int operands, double passes, bool by_rows,
                       pg::Tensor (*run)(const Tensors&)) {
    cases.push_back([=] {
      Case c(name, elements / 8192, 8192, passes);
      for (int i = 0; i < operands; ++i) {
        c.inputs.push_back(noise({c.rows, c.columns}, static_cast<std::uint64_t>(i), device));
      }
      c.run = [run](const Tensors& x, const Tensors&) { return run(x); };
      c.by_rows = by_rows;
      c.has_floor = false;
      return c;
    });
  };
  add("add", 2, 3, true, [](const Tensors& x) { return pg::ops::add(x[0], x[1]); });
  add("silu", 1, 2, true,
      [](const Tensors& x) { return pg::ops::unary(pg::ops::UnaryOp::Silu, x[0]); });
  add("clone", 1, 2, true, [](const Tensors& x) { return pg::ops::clone(x[0]); });
  add("clone, transposed", 1, 2, false,
      [](const Tensors& x) { return pg::ops::clone(pg::view::transpose(x[0], 0, 1)); });
  add("sum", 1, 1, false, [](const Tensors& x) { return pg::ops::sum(x[0]); });
  add("sum over rows", 1, 1, true, [](const Tensors& x) { return pg::ops::sum(x[0], {1}); });
  add("sum over columns", 1, 1, false, [](const Tensors& x) { return pg::ops::sum(x[0], {0}); });
}

/// GB/s of the driver's copy.
double measure_copy(const Options& options, Timer& timer, Peer& peer, Report& report) {
  constexpr std::int64_t count = std::int64_t{1} << 30;  // floats
  const pg::Tensor from = noise({count}, 1, options.device);
  const pg::Tensor to = pg::empty({count}, pg::DType::F32, options.device);
  Row row;
  row.labels = {{"kernel", "copy"}, {"rows x columns", fmt::format("1 x {}", count)}};
  row.group = "copy";
  row.work = 8.0 * count;
  row.peer = "PyTorch copy_";
  for (int round = 0; round < options.rounds; ++round) {
    row.seconds.push_back(timer.seconds(
        [&] { pg::copy_bytes(to.data(), options.device, from.data(), options.device, count * 4); },
        200));
    if (const auto theirs = peer.seconds("copy")) row.peer_seconds.push_back(*theirs);
  }
  report.add(row);
  return row.work / median(row.seconds) * 1e-9;
}

}  // namespace

bool bandwidth(const Options& options) {
  Timer timer(options.device);
  Report report(options, "bandwidth", {"kernel", "rows x columns"}, "GB/s", 1e9);
  double ceiling = 0;
  {
    Peer peer(options.peer);
    ceiling = measure_copy(options, timer, peer, report);
  }
  std::vector<std::function<Case()>> cases;
  add_norms(cases, options.device);
  add_activations(cases, options.device);
  add_losses(cases, options.device);
  add_rest(cases, options.device);
  std::set<std::string> with_floor;
  for (const auto& make : cases) {
    const Case c = make();
    Row row;
    row.labels = {{"kernel", c.kernel},
                  {"rows x columns", fmt::format("{} x {}", c.rows, c.columns)}};
    row.group = c.kernel;
    row.work = 4.0 * c.passes * static_cast<double>(c.rows * c.columns);
    row.ceiling = ceiling;
    row.facts["has_floor"] = c.has_floor ? 1 : 0;
    row.mistake = check(c);
    for (int round = 0; round < options.rounds; ++round) {
      row.seconds.push_back(timer.seconds([&] { c.run(c.inputs, c.shared); }));
    }
    report.add(row);
    if (c.has_floor) with_floor.insert(row.group);
  }
  report.finish();
  const auto is_reached = [&](const std::string& kernel) {
    return report.mean_rate(kernel) >= 0.85 * ceiling;
  };
  return std::ranges::all_of(with_floor, is_reached) && !report.has_mistakes();
}

}  // namespace bench::gpu
