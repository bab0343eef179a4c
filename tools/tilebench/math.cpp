// The standard library's functions of one float, over all 2^32 of them: CPU against GPU
// (benchmarks.h). Every 65,536 results are hashed where they are computed, NaNs as one, so that
// nothing large is copied and a difference is found to its input.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/device/error.h"
#include "runtime/tensor/launch.h"
#include "tools/tilebench/benchmarks.h"

namespace bench {

namespace {

constexpr const char* text = R"(// Hashes and values of a function of one float.

fn square_root(x: f32[...]) -> f32[...] { return sqrt(x); }
fn reciprocal(x: f32[...]) -> f32[...] { return 1.0 / x; }
fn round_down(x: f32[...]) -> f32[...] { return floor(x); }
fn round_up(x: f32[...]) -> f32[...] { return ceil(x); }
fn round_nearest(x: f32[...]) -> f32[...] { return round(x); }
fn to_integer(x: f32[...]) -> f32[...] { return f32(i32(x)); }

fn of_bits<const F: fn>(bits: i64[...]) -> i32[...] {
  let y = F(bitcast<f32>(i32(bits)));
  return where(isnan(y), 0x7fc00000, bitcast<i32>(y));
}

/// y[c] is the hash of F at bits first + c 65536 + 0 .. 65535. Lane l takes every 256th of them in
/// turn; each step and the last mixing are one to one, so one changed result changes the hash.
kernel hashes<const F: fn>(first: i64, y: out tensor<i32>[C])
  grid (C)
{
  let c = program();
  let lane = iota<i64>[256];
  var h = u32(lane) * 0x9e3779b1;
  for k in 0..256 {
    let results = of_bits<F = F>(first + c * 65536 + k * 256 + lane);
    h = (h ^ u32(results)) * 0x85ebca6b;
    h = h ^ (h >> 15);
  }
  y[c] = i32(reduce_xor(h * 0xc2b2ae35 + u32(lane)));
}

/// y[i] is F at bits first + i, as bits.
kernel values<const F: fn>(first: i64, y: out tensor<i32>[N])
  grid (ceil_div(N, 256))
{
  let b = program();
  y[b * 256 +: 256] = of_bits<F = F>(first + b * 256 + iota<i64>[256]);
}
)";

constexpr std::int64_t chunk = 65536;
constexpr const char* all_functions[] = {
    "exp",         "exp2",       "expm1",      "log",      "log2",          "log10",
    "log1p",       "rsqrt",      "cbrt",       "sin",      "cos",           "tan",
    "asin",        "acos",       "atan",       "sinh",     "cosh",          "tanh",
    "erf",         "sigmoid",    "silu",       "gelu",     "gelu_erf",      "relu",
    "square_root", "reciprocal", "round_down", "round_up", "round_nearest", "to_integer"};

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

pg::Kernel kernel_of(const char* name, const std::string& function) {
  return pg::Kernel({"math.tile", text}, name, {{"F", function}});
}

/// The first input of a chunk at which the devices differ, and what they give.
std::string describe_difference(const std::string& function, std::int64_t first,
                                pg::Device device) {
  const pg::Kernel kernel = kernel_of("values", function);
  const pg::Tensor here = pg::empty({chunk}, pg::DType::I32, pg::cpu_device);
  const pg::Tensor there = pg::empty({chunk}, pg::DType::I32, device);
  pg::launch(kernel, first, here);
  pg::launch(kernel, first, there);
  const auto ours = here.to_vector<std::int32_t>(), theirs = there.to_vector<std::int32_t>();
  const auto at = std::ranges::mismatch(ours, theirs).in1 - ours.begin();
  if (at == chunk) return "the hashes differ, a second evaluation does not";
  const auto i = static_cast<std::size_t>(at);
  const auto bits = static_cast<std::uint32_t>(first + at);
  return fmt::format("at {:#010x} ({}): {:#010x} on the CPU, {:#010x} there", bits,
                     std::bit_cast<float>(bits), static_cast<std::uint32_t>(ours[i]),
                     static_cast<std::uint32_t>(theirs[i]));
}

/// Of one function.
struct Comparison {
  std::uint64_t hash = 0;  // of all chunks, in order
  std::int64_t different = 0;
  std::string first_difference;
  double cpu_seconds = 0, gpu_seconds = 0;
};

Comparison compare_function(const std::string& function, const MathOptions& options) {
  const pg::Kernel kernel = kernel_of("hashes", function);
  const bool has_gpu = options.device.is_cuda();
  const std::int64_t count = (options.count + chunk - 1) / chunk;
  const pg::Tensor here = pg::empty({count}, pg::DType::I32, pg::cpu_device);
  pg::launch(kernel, options.from, pg::view::narrow(here, 0, 0, 1));  // compiles
  Comparison result;
  std::vector<std::int32_t> theirs;
  if (has_gpu) {
    const pg::Tensor there = pg::empty({count}, pg::DType::I32, options.device);
    pg::launch(kernel, options.from, pg::view::narrow(there, 0, 0, 1));
    pg::synchronize(options.device);
    const auto start = Clock::now();
    pg::launch(kernel, options.from, there);
    theirs = there.to_vector<std::int32_t>();
    result.gpu_seconds = seconds_since(start);
  }
  const auto start = Clock::now();
  pg::launch(kernel, options.from, here);
  result.cpu_seconds = seconds_since(start);
  const auto ours = here.to_vector<std::int32_t>();
  for (std::size_t i = 0; i < ours.size(); ++i) {
    result.hash = (result.hash ^ static_cast<std::uint32_t>(ours[i])) * 0x100000001b3u;
    if (!has_gpu || ours[i] == theirs[i]) continue;
    if (result.different++ == 0) {
      result.first_difference = describe_difference(
          function, options.from + static_cast<std::int64_t>(i) * chunk, options.device);
    }
  }
  return result;
}

}  // namespace

bool math(const MathOptions& options) {
  std::vector<std::string> functions = options.functions;
  if (functions.empty()) functions.assign(std::begin(all_functions), std::end(all_functions));
  fmt::print("{} floats from {:#x}, cpu and {}\n{:<16}{:>18}{:>10}{:>10}{:>18}\n", options.count,
             options.from, pg::describe(options.device), "function", "hash", "cpu s", "gpu s",
             "different chunks");
  nlohmann::json rows = nlohmann::json::array();
  bool agree = true;
  for (const std::string& function : functions) {
    const Comparison c = compare_function(function, options);
    fmt::print("{:<16}{:>18x}{:>10.2f}{:>10.3f}{:>18}  {}\n", function, c.hash, c.cpu_seconds,
               c.gpu_seconds, c.different, c.first_difference);
    std::fflush(stdout);
    agree = agree && c.different == 0;
    rows.push_back({{"function", function},
                    {"hash", fmt::format("{:016x}", c.hash)},
                    {"different_chunks", c.different},
                    {"first_difference", c.first_difference},
                    {"cpu_seconds", c.cpu_seconds},
                    {"gpu_seconds", c.gpu_seconds}});
  }
  if (!options.json.empty()) {
    const nlohmann::json all = {{"benchmark", "math"},  {"device", pg::describe(options.device)},
                                {"from", options.from}, {"count", options.count},
                                {"agree", agree},       {"rows", rows}};
    std::ofstream file(options.json);
    file << all.dump(1) << "\n";
    if (!file.flush()) throw pg::Error(fmt::format("tilebench: cannot write {}", options.json));
  }
  return agree;
}

}  // namespace bench
