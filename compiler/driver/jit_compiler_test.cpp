// Tests from kernel text to results: the installed compiler under the runtime's launcher, the cache
// on disk, threads and targets.
#include "compiler/driver/jit_compiler.h"

#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <thread>
#include <vector>

#include "runtime/device/kernel.h"

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

struct Installed {
  explicit Installed(Compiler& compiler) { install_compiler(&compiler); }
  ~Installed() { install_compiler(nullptr); }
};

/// Runs add on n elements, a with the given stride; true when every element is right.
bool add_is_right(const pg::Kernel& add, std::int64_t n, std::int64_t stride) {
  const auto count = static_cast<std::size_t>(n);
  std::vector<float> a(count * static_cast<std::size_t>(std::max<std::int64_t>(stride, 1)) + 1);
  std::vector<float> b(count), c(count + 1, -1.0f);
  std::iota(a.begin(), a.end(), 0.5f);
  std::iota(b.begin(), b.end(), 100.0f);
  const std::int64_t one = 1;
  add.launch(std::vector{pg::Argument::tensor(a.data(), pg::Element::F32, 1, &n, &stride),
                         pg::Argument::tensor(b.data(), pg::Element::F32, 1, &n, &one),
                         pg::Argument::tensor(c.data(), pg::Element::F32, 1, &n, &one),
                         pg::Argument::scalar(2.0f)});
  for (std::size_t i = 0; i < count; ++i) {
    if (c[i] != a[i * static_cast<std::size_t>(stride)] + b[i] * 2.0f) return false;
  }
  return c[count] == -1.0f;
}

pg::Kernel add_kernel() { return pg::Kernel({"add.tile", add_text}, "add", {}); }

}  // namespace

TEST_CASE("vector add from text, at boundary sizes, strides and targets") {
  JitCompiler compiler("");
  const Installed installed(compiler);
  for (const char* target : {"x86-64-v3", "host"}) {
    pg::set_target(target);
    const pg::Kernel add = add_kernel();
    for (std::int64_t n : {0, 1, 7, 63, 64, 65, 127, 999, 1000, 1001, 40000}) {
      for (std::int64_t stride : {0, 1, 3}) {
        CAPTURE(n);
        CAPTURE(stride);
        CHECK(add_is_right(add, n, stride));
      }
    }
  }
  pg::set_target("host");
}

TEST_CASE("the cache on disk: found again, made again when damaged, shared in the process") {
  const TemporaryDirectory directory;
  {
    JitCompiler cold(directory.path);
    const Installed installed(cold);
    const pg::Kernel first = add_kernel(), second = add_kernel();
    CHECK(add_is_right(first, 100, 1));
    CHECK(add_is_right(second, 100, 1));
    CHECK(cold.statistics().compiled == 1);
    CHECK(cold.statistics().shared == 1);
  }
  {
    JitCompiler warm(directory.path);
    const Installed installed(warm);
    CHECK(add_is_right(add_kernel(), 100, 1));
    CHECK(warm.statistics().compiled == 0);
    CHECK(warm.statistics().from_disk == 1);
  }
  for (const auto& entry : fs::directory_iterator(directory.path)) {
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-100, std::ios::end);
    file.put('!');
  }
  JitCompiler again(directory.path);
  const Installed installed(again);
  CHECK(add_is_right(add_kernel(), 100, 1));
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
  const Installed installed(compiler);
  CHECK_THROWS_AS(pg::Kernel({"bad.tile", bad.text}, "k", {}).launch({}), pg::Error);
}

TEST_CASE("several threads compile the same and different kernels at once") {
  JitCompiler compiler("");
  const Installed installed(compiler);
  const pg::Kernel shared = add_kernel();
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      right += add_is_right(shared, 500, 1);
      right += add_is_right(
          pg::Kernel({"add.tile", add_text}, "add", {{"B", std::to_string(16 << t)}}), 500, 1);
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(right == 8);
}
