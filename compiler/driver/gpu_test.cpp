// Tests of GPU targets that need no GPU: grids agree with the CPU's, compiled kernels come back
// from the cache as they were. That every kernel assembles: gpu_resources_test.cpp.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "compiler/driver/gpu_kernel.h"
#include "compiler/driver/host_program.h"
#include "compiler/driver/jit_compiler.h"
#include "compiler/driver/pipeline.h"

using namespace tile;
namespace fs = std::filesystem;

namespace {

constexpr const char* gpu = "sm_90a";

struct TemporaryDirectory {
  std::string path;
  TemporaryDirectory() {
    path = (fs::temp_directory_path() / "tilec_gpu_test_XXXXXX").string();
    path = mkdtemp(path.data());
  }
  ~TemporaryDirectory() { fs::remove_all(path); }
};

KernelSource read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {path.filename().string(), std::string(std::istreambuf_iterator<char>(in), {})};
}

const KernelSource grid_source{"grid.tile", R"(
kernel k(x: out tensor<f32>[M, N, L], n: i32, flag: bool, wide: i64)
  grid (ceil_div(M, 7), max(i64(n * 65537 - 3) % 11, 0), where(flag && wide / 3 <= N, 4, i64(-n)))
{
  let (i, j, l) = program();
  x[i, j, l] = 1.0;
}
)"};

std::int64_t apply(const HostProgram::Step& step, const std::vector<std::int64_t>& values,
                   ArgumentWords words) {
  using enum HostProgram::Step::Op;
  const auto value = [&](int i) { return values.at(static_cast<std::size_t>(i)); };
  const auto wrapped = [](std::uint64_t bits) { return static_cast<std::int64_t>(bits); };
  const auto a =
      static_cast<std::uint64_t>(step.op == Constant || step.op == Word ? 0 : value(step.a));
  const auto b =
      static_cast<std::uint64_t>(step.op == Constant || step.op == Word ? 0 : value(step.b));
  const std::int64_t x = wrapped(a), y = wrapped(b);
  switch (step.op) {
    case Constant:
      return step.constant;
    case Word:
      return words[step.constant];
    case Add:
      return wrapped(a + b);
    case Sub:
      return wrapped(a - b);
    case Mul:
      return wrapped(a * b);
    case Div:
      return y == 0 ? 0 : y == -1 ? wrapped(0 - a) : x / y;
    case Rem:
      return y == 0 ? x : y == -1 ? 0 : x % y;
    case Min:
      return std::min(x, y);
    case Max:
      return std::max(x, y);
    case Eq:
      return x == y;
    case Ne:
      return x != y;
    case Lt:
      return x < y;
    case Le:
      return x <= y;
    case Select:
      return x != 0 ? y : value(step.c);
  }
  return 0;
}

std::vector<std::int64_t> evaluate(const HostProgram& program, ArgumentWords words) {
  std::vector<std::int64_t> values, results;
  for (const auto& step : program.steps) values.push_back(apply(step, values, words));
  for (int result : program.results) results.push_back(values.at(static_cast<std::size_t>(result)));
  return results;
}

}  // namespace

TEST_CASE("a grid has the same extents on the host of a GPU and on the CPU") {
  JitCompiler compiler("");
  CompileRequest request;
  request.source = &grid_source;
  request.kernel = "k";
  request.strides = {{2, 0, false}};
  auto cpu = compiler.compile(request);
  if (auto* error = std::get_if<CompileError>(&cpu)) FAIL(error->message);
  request.target = gpu;
  auto made = compiler.compile_gpu(request);
  if (auto* error = std::get_if<CompileError>(&made)) FAIL(error->message);
  const auto& program = std::get<GpuKernel>(made).grid;
  for (std::int64_t m : {0, 1, 7, 8, 1000}) {
    for (std::int32_t n : {0, 1, -1, 65535, 2147483647, -2147483647 - 1}) {
      for (std::int64_t flag : {0, 1}) {
        const std::int64_t words[] = {0, m, 5, 6, 30, 6, 1, n, flag, m * n};
        std::array<std::int64_t, 3> extents{};
        std::get<CpuKernel>(cpu).grid(words, extents.data());
        const auto own = evaluate(program, words);
        CHECK(std::ranges::equal(own, extents));
      }
    }
  }
}

TEST_CASE("a GPU kernel comes back from the disk as it was") {
  const TemporaryDirectory directory;
  const KernelSource source = read(fs::path(PICOGRAD_SOURCE_DIR) / "examples/03_matmul.tile");
  CompileRequest request;
  request.source = &source;
  request.kernel = "matmul";
  request.target = gpu;
  request.strides = {{1, 0, true}, {1, 0, true}, {1, 0, true}};
  std::string first;
  for (const bool is_warm : {false, true}) {
    JitCompiler compiler(directory.path);
    auto made = compiler.compile_gpu(request);
    if (auto* error = std::get_if<CompileError>(&made)) FAIL(error->message);
    const std::string text = encode(std::get<GpuKernel>(made));
    if (is_warm) CHECK(text == first);
    first = text;
    CHECK(compiler.statistics().compiled == (is_warm ? 0 : 1));
    CHECK(compiler.statistics().from_disk == (is_warm ? 1 : 0));
  }
  // Anything else that decides the code makes another entry.
  JitCompiler compiler(directory.path);
  request.strides[1] = {0, 0, true};
  compiler.compile_gpu(request);
  request.settings = {{"BM", "32"}};
  compiler.compile_gpu(request);
  CHECK(compiler.statistics().compiled == 2);
  CHECK_FALSE(decode_gpu_kernel("").has_value());
  CHECK_FALSE(decode_gpu_kernel(first.substr(0, 12)).has_value());
}

TEST_CASE("a target of the other kind is refused") {
  JitCompiler compiler("");
  CompileRequest request;
  request.source = &grid_source;
  request.kernel = "k";
  CHECK(std::holds_alternative<CompileError>(compiler.compile_gpu(request)));
  request.target = gpu;
  CHECK(std::holds_alternative<CompileError>(compiler.compile(request)));
}

TEST_CASE("blocks of a schedule become a bound on registers, or a diagnostic") {
  JitCompiler compiler("");
  CompileRequest request;
  request.kernel = "k";
  request.target = gpu;
  request.strides = {{0, 0, true}};
  const auto compiled = [&](const std::string& choices) {
    const KernelSource source{
        "blocks.tile",
        "kernel k(x: inout tensor<f32>[N]) grid (1) { x[0 +: 1024] = -x[0 +: 1024]; }\n"
        "schedule k on cuda { " +
            choices + " }\n"};
    request.source = &source;
    auto made = compiler.compile_gpu(request);
    if (auto* error = std::get_if<CompileError>(&made)) return error->message;
    return std::get<GpuKernel>(made).image;
  };
  CHECK(compiled("warps = 8; blocks = 2;").find(".minnctapersm 2") != std::string::npos);
  CHECK(compiled("warps = 8;").find("minnctapersm") == std::string::npos);
  // A program of 1024 elements has 4 warps where the schedule leaves that to the planner.
  const std::string limits =
      "`sm_90a` runs at most 32 blocks and 2048 threads; a block of this kernel has ";
  CHECK(compiled("warps = 1; blocks = 33;").find(limits + "32 threads") != std::string::npos);
  CHECK(compiled("warps = 32; blocks = 3;").find(limits + "1024 threads") != std::string::npos);
  CHECK(compiled("blocks = 17;").find(limits + "128 threads") != std::string::npos);
  CHECK(compiled("blocks = 16;").find(".minnctapersm 16") != std::string::npos);
  request.target = "sm_86";
  CHECK(compiled("blocks = 13;").find("at most 16 blocks and 1536 threads") != std::string::npos);
  CHECK(compiled("warps = 1; blocks = 17;").find("at most 16 blocks") != std::string::npos);
  CHECK(compiled("warps = 1; blocks = 16;").find(".minnctapersm 16") != std::string::npos);
}

TEST_CASE("as many elements as the message of too many registers allows do compile") {
  JitCompiler compiler("");
  CompileRequest request;
  request.kernel = "square";
  request.target = gpu;
  request.strides = {{0, 0, true}, {0, 0, true}};
  const auto compile = [&](const std::string& element, std::int64_t count, int warps) {
    const KernelSource source{
        "square.tile", fmt::format("kernel square(x: tensor<{0}>[N], y: out tensor<{0}>[N])\n"
                                   "  grid (ceil_div(N, {1}))\n"
                                   "{{\n"
                                   "  let v = x[program()*{1} +: {1}];\n"
                                   "  y[program()*{1} +: {1}] = v * v;\n"
                                   "}}\n"
                                   "schedule square on cuda {{ warps = {2}; }}\n",
                                   element, count, warps)};
    request.source = &source;
    auto made = compiler.compile_gpu(request);
    auto* error = std::get_if<CompileError>(&made);
    return error != nullptr ? error->message : std::string();
  };
  for (const char* element : {"f32", "i64", "u8"}) {
    for (const int warps : {1, 8, 32}) {
      CAPTURE(element);
      CAPTURE(warps);
      const std::string message = compile(element, 1 << 20, warps);
      const std::string_view before = "choose smaller extents, at most ";
      const std::size_t at = message.find(before);
      REQUIRE_MESSAGE(at != std::string::npos, message);
      const std::int64_t most = std::stoll(message.substr(at + before.size()));
      CHECK(compile(element, most, warps) == "");
      CHECK(compile(element, most + 1, warps).find("T0703") != std::string::npos);
    }
  }
}
