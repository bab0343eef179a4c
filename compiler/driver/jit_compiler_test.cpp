// Tests from kernel text to results: stride classes, arms, targets, the cache on disk, threads.
#include "compiler/driver/jit_compiler.h"

#include <doctest/doctest.h>

#include <atomic>
#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <thread>
#include <vector>

using namespace tile;
namespace fs = std::filesystem;

namespace {

const char* const add_text = R"(
kernel add<tune B: int = 64>(a: tensor<f32>[N], b: tensor<f32>[N], c: out tensor<f32>[N], scale: f32)
  grid (ceil_div(N, B))
{
  let i = program();
  c[i*B +: B] = a[i*B +: B] + b[i*B +: B] * scale;
}
schedule add on cpu when N >= 1000 { B = 256; }
)";

struct TemporaryDirectory {
  std::string path;
  TemporaryDirectory() {
    path = (fs::temp_directory_path() / "tilec_jit_test_XXXXXX").string();
    path = mkdtemp(path.data());
  }
  ~TemporaryDirectory() { fs::remove_all(path); }
};

const KernelSource add_source{"add.tile", add_text};

CpuKernel compile_add(Compiler& compiler, StrideClass a = {0, 0, false}, int arm = 0,
                      Settings settings = {}, std::string target = "host") {
  CompileRequest request;
  request.source = &add_source;
  request.kernel = "add";
  request.settings = std::move(settings);
  request.strides = {a, {0, 0, false}, {0, 0, false}};
  request.arm = arm;
  request.target = std::move(target);
  auto answer = compiler.compile(request);
  if (auto* error = std::get_if<CompileError>(&answer)) FAIL(error->message);
  return std::get<CpuKernel>(answer);
}

/// Runs add on n elements, a with the given stride; true when every element is right.
bool is_right(const CpuKernel& add, std::int64_t n, std::int64_t stride) {
  const auto count = static_cast<std::size_t>(n);
  std::vector<float> a(count * static_cast<std::size_t>(std::max<std::int64_t>(stride, 1)) + 1);
  std::vector<float> b(count), c(count + 1, -1.0f);
  std::iota(a.begin(), a.end(), 0.5f);
  std::iota(b.begin(), b.end(), 100.0f);
  const auto address = [](std::vector<float>& data) {
    return static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(data.data()));
  };
  const std::int64_t words[] = {
      address(a), n, stride, address(b), n, 1, address(c), n, 1, std::bit_cast<std::int32_t>(2.0f)};
  std::int64_t programs = -1;
  add.grid(words, &programs);
  if (programs < 0 || programs > n) return false;
  std::vector<std::byte> scratch(add.scratch_bytes);
  add.run(words, &programs, 0, programs, scratch.data());
  for (std::size_t i = 0; i < count; ++i) {
    if (c[i] != a[i * static_cast<std::size_t>(stride)] + b[i] * 2.0f) return false;
  }
  return c[count] == -1.0f;
}

}  // namespace

TEST_CASE("vector add from text, at boundary sizes, stride classes, arms and targets") {
  JitCompiler compiler("");
  for (const char* target : {"x86-64-v3", "host"}) {
    for (std::int64_t stride : {0, 1, 3}) {
      StrideClass a;
      a.unit_dim = stride == 1 ? 0 : -1;
      a.zero_dims = stride == 0 ? 1 : 0;
      for (int arm : {0, 1}) {
        const CpuKernel add = compile_add(compiler, a, arm, {}, target);
        for (std::int64_t n : {0, 1, 7, 63, 64, 65, 127, 255, 256, 257, 1000, 40000}) {
          CAPTURE(n);
          CAPTURE(stride);
          CHECK(is_right(add, n, stride));
        }
      }
    }
  }
}

TEST_CASE("the cache on disk: found again, made again when damaged, shared in the process") {
  const TemporaryDirectory directory;
  {
    JitCompiler cold(directory.path);
    const CpuKernel first = compile_add(cold), second = compile_add(cold);
    CHECK(is_right(first, 100, 1));
    CHECK(is_right(second, 100, 1));
    CHECK(cold.statistics().compiled == 1);
    CHECK(cold.statistics().shared == 1);
  }
  {
    JitCompiler warm(directory.path);
    CHECK(is_right(compile_add(warm), 100, 1));
    CHECK(warm.statistics().compiled == 0);
    CHECK(warm.statistics().from_disk == 1);
    // Another arm, target or setting is another text.
    compile_add(warm, {0, 0, false}, 1);
    compile_add(warm, {0, 0, false}, 0, {}, "x86-64-v3");
    compile_add(warm, {0, 0, false}, 0, {{"B", "32"}});
    CHECK(warm.statistics().compiled == 3);
  }
  for (const auto& entry : fs::directory_iterator(directory.path)) {
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-100, std::ios::end);
    file.put('!');
  }
  JitCompiler again(directory.path);
  CHECK(is_right(compile_add(again), 100, 1));
  CHECK(again.statistics().compiled == 1);
}

TEST_CASE("mistakes reach the caller as the compiler wrote them, each request its own") {
  JitCompiler compiler("");
  const KernelSource bad{"bad.tile",
                         "kernel k(x: out tensor<f32>[N]) grid (N) { x[program()] = y; }\n"};
  for (const char* kernel : {"k", "missing", "k"}) {
    auto answer = compiler.signature(bad, kernel, {}, "host");
    REQUIRE(std::holds_alternative<CompileError>(answer));
    const std::string& message = std::get<CompileError>(answer).message;
    CHECK((message.find("unknown kernel") != std::string::npos) == !std::strcmp(kernel, "missing"));
    CHECK((message.find("`y`") != std::string::npos) == !std::strcmp(kernel, "k"));
  }
}

TEST_CASE("a kernel over the real numbers: doubles in memory and in argument words") {
  JitCompiler compiler("");
  CompileRequest request;
  request.source = &add_source;
  request.kernel = "add";
  auto answer = compiler.compile_real(request);
  REQUIRE(std::holds_alternative<RealKernel>(answer));
  const RealKernel& add = std::get<RealKernel>(answer);
  const std::vector<double> a = {0.1, 1.0 / 3.0};
  const std::vector<double> b = {1e-12, 7};
  std::vector<double> c(2);
  const auto word = [](const void* address) {
    return static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(address));
  };
  const auto scale = std::bit_cast<std::int64_t>(0.7);
  const std::int64_t words[] = {word(a.data()), 2, 1, word(b.data()), 2, 1,
                                word(c.data()), 2, 1, scale};
  CHECK_FALSE(add.run(words).has_value());
  CHECK(c == std::vector<double>{0.1 + 1e-12 * 0.7, 1.0 / 3.0 + 7 * 0.7});

  const KernelSource bits{"bits.tile",
                          "kernel k(x: inout tensor<f32>[N]) grid (N) {\n"
                          "  x[program()] = bitcast<f32>(bitcast<i32>(x[program()]) + 1);\n}\n"};
  request.source = &bits;
  request.kernel = "k";
  answer = compiler.compile_real(request);
  REQUIRE(std::holds_alternative<RealKernel>(answer));
  const auto error = std::get<RealKernel>(answer).run(words);
  REQUIRE(error.has_value());
  CHECK(error->message.starts_with("bits.tile:2:"));
}

TEST_CASE("several threads compile the same and different kernels at once") {
  JitCompiler compiler("");
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      right += is_right(compile_add(compiler), 500, 1);
      right += is_right(compile_add(compiler, {0, 0, false}, 0, {{"B", std::to_string(16 << t)}}),
                        500, 1);
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(right == 8);
}
