// Profiles of real kernels: the work that the compiler counts beside counts by hand, and the trace.
#include "runtime/device/profile.h"

#include <doctest/doctest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "runtime/ops/attention.h"
#include "runtime/ops/fill.h"
#include "runtime/ops/matmul.h"
#include "runtime/ops/norm.h"
#include "runtime/ops/test_support.h"

using namespace pg;
using nlohmann::json;
using test::random;

namespace {

/// The trace's events of a kernel whose label begins so, while `work` runs.
std::vector<json> events_of(const std::string& kernel, const std::function<void()>& work) {
  start_trace();
  {
    const Range range("everything");
    work();
  }
  const json trace = json::parse(take_trace());
  std::vector<json> events;
  for (const json& event : trace.at("traceEvents")) {
    const auto name = event.at("name").get<std::string>();
    if (name == kernel || name.starts_with(kernel + " ")) events.push_back(event);
  }
  return events;
}

json arguments_of(const std::string& kernel, const std::function<void()>& work) {
  const std::vector<json> events = events_of(kernel, work);
  REQUIRE(events.size() == 1);
  return events[0].at("args");
}

}  // namespace

TEST_CASE("profile: a product's work is 2 m n k, whatever the tiles") {
  struct Sizes {
    std::int64_t m, k, n;
  };
  for (const auto& [m, k, n] : {Sizes{50, 70, 30}, Sizes{1, 300, 65}, Sizes{64, 64, 64}}) {
    const Tensor a = random({m, k}, 1), b = random({k, n}, 1);
    const json arguments = arguments_of("matmul", [&] { ops::matmul(a, b); });
    CHECK(arguments.at("flops") == 2 * m * n * k);
    CHECK(arguments.at("bytes") == 4 * (m * k + k * n + m * n));
  }
}

TEST_CASE("profile: rms_norm reads its rows once") {
  const std::int64_t rows = 7, size = 300, lanes = 256, blocks = 2;
  const Tensor x = random({rows, size}, 1), w = random({size}, 1);
  const json arguments = arguments_of("rmsnorm", [&] { ops::rms_norm(x, w, 1e-5); });
  // x x and x s w of each element, the sum, and mean, eps and 1 / sqrt of each row. On the CPU a
  // row streams through in blocks: the lanes' sums, then the sum of the lanes.
  const std::int64_t sums = x.device().is_cuda() ? size : blocks * lanes + lanes;
  CHECK(arguments.at("flops") == rows * (3 * size + sums + 3));
  CHECK(arguments.at("bytes") == 4 * (2 * rows * size + size + rows));
  CHECK(arguments.at("bound by") == "memory");
}

TEST_CASE("profile: attention's work is that of the keys that are seen") {
  const std::int64_t queries = 40, keys = 70, heads = 2, size = 8, block = 64;
  const Tensor q = random({1, queries, heads, size}, 1);
  const Tensor k = random({1, keys, heads, size}, 1), v = random({1, keys, heads, size}, 1);
  const auto flops = [&](const Tensor& start, bool causal) {
    return arguments_of("attention", [&] { ops::attention(q, k, v, start, 0.3, causal); })
        .at("flops")
        .get<std::int64_t>();
  };
  // Of a query and a key: two products, scale, maximum, difference, exp, sum. Of a query and a
  // block of keys: the running maximum, sum and result. Of a query: the quotient and the logarithm.
  const auto expected = [&](std::int64_t seen) {
    const std::int64_t blocks = (seen + block - 1) / block;
    return heads * queries * (seen * (4 * size + 5) + blocks * (5 + size) + size + 2);
  };
  CHECK(flops({}, false) == expected(keys));
  // Where the sequence starts lies in memory, and decides how many blocks there are.
  CHECK(flops(full({1}, 0, DType::I64, q.device()), true) == expected(block));
  CHECK(flops(full({1}, 30, DType::I64, q.device()), true) == expected(keys));
}

TEST_CASE("trace: ranges and launches, with the same clock") {
  const Tensor a = random({64, 64}, 1);
  start_trace();
  {
    const Range range("everything");
    ops::matmul(a, a);
  }
  const json trace = json::parse(take_trace());
  double begin = 0, end = 0;
  for (const json& event : trace.at("traceEvents")) {
    if (event.at("name") != "everything") continue;
    begin = event.at("ts");
    end = begin + event.at("dur").get<double>();
  }
  CHECK(end > begin);
  int launches = 0;
  for (const json& event : trace.at("traceEvents")) {
    if (event.value("cat", "") != "kernel") continue;
    ++launches;
    CHECK(event.at("ts") >= begin);
    if (!a.device().is_cuda()) {  // a GPU may go on after the host has
      CHECK(event.at("ts").get<double>() + event.at("dur").get<double>() <= end + 1e-3);
    }
    CHECK(event.at("args").at("% of roofline") > 0);
  }
  CHECK(launches == 1);
  CHECK(trace.at("otherData").at("dropped") == 0);
  CHECK(json::parse(take_trace()).at("traceEvents").size() == 1);  // the host's name alone
}
