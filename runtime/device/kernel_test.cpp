// Tests of kernel launches with a compiler made of hand-written functions. This program links the
// runtime and nothing of the compiler, so it also shows that the runtime stands without it.
#include "runtime/device/kernel.h"

#include <doctest/doctest.h>
#include <immintrin.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "runtime/device/profile.h"
#include "runtime/device/thread_pool.h"

using namespace pg;

namespace {

using tile::KernelParameter;

/// add(a[N], b[N], c: out[N], scale: f32): 16 elements a program. Words: 3 tensors of 3 words, a
/// scalar.
void add_grid(tile::ArgumentWords words, std::int64_t* extents) {
  extents[0] = (words[1] + 15) / 16;
}

void add_run(tile::ArgumentWords words, const std::int64_t*, std::int64_t begin, std::int64_t end,
             void* scratch) {
  const auto* a = reinterpret_cast<const float*>(words[0]);
  const auto* b = reinterpret_cast<const float*>(words[3]);
  auto* c = reinterpret_cast<float*>(words[6]);
  float scale;
  std::memcpy(&scale, &words[9], 4);
  *static_cast<float*>(scratch) = scale;
  for (std::int64_t i = begin * 16; i < std::min(end * 16, words[1]); ++i) {
    c[i * words[8]] = a[i * words[2]] + *static_cast<float*>(scratch) * b[i * words[5]];
  }
}

class FakeCompiler : public tile::Compiler {
 public:
  std::vector<tile::CompileRequest> requests;
  std::vector<std::string> targets;
  bool inout = false;

  std::variant<tile::KernelSignature, tile::CompileError> signature(const tile::KernelSource&,
                                                                    std::string_view kernel,
                                                                    const tile::Settings&,
                                                                    std::string_view) override {
    if (kernel == "broken") return tile::CompileError{"broken.tile:1:1: error: no such kernel"};
    const auto tensor = [](std::string name, bool written, bool read) {
      return KernelParameter{name, KernelParameter::Kind::Tensor, "f32", written, read, {"N"}};
    };
    tile::KernelSignature result;
    result.name = kernel;
    result.parameters = {tensor("a", false, true),
                         tensor("b", false, true),
                         tensor("c", true, inout),
                         {"scale", KernelParameter::Kind::Scalar, "f32", false, true, {}}};
    if (kernel == "fixed") result.parameters[1].sizes = {"4"};
    tile::ScheduleArm large, any;
    large.conditions = {{0, 0, 0, tile::SizeCondition::Relation::Ge, 1000},
                        {0, 0, 8, tile::SizeCondition::Relation::Eq, 0}};
    result.arms = {large, any};
    return result;
  }

  std::variant<tile::CpuKernel, tile::CompileError> compile(
      const tile::CompileRequest& request) override {
    requests.push_back(request);
    targets.emplace_back(request.target);
    return tile::CpuKernel{add_grid, add_run, 64, nullptr};
  }
  std::variant<tile::GpuKernel, tile::CompileError> compile_gpu(
      const tile::CompileRequest&) override {
    return tile::CompileError{"no GPU"};
  }
};

/// Installs a compiler for the length of a test.
struct Installed {
  FakeCompiler compiler;
  Installed() { tile::install_compiler(&compiler); }
  ~Installed() { tile::install_compiler(nullptr); }
};

/// A rank-1 tensor argument on its own memory.
struct Vector {
  std::vector<float> values;
  std::int64_t size, stride;
  explicit Vector(std::int64_t n, float start = 0)
      : values(static_cast<std::size_t>(n)), size(n), stride(1) {
    std::iota(values.begin(), values.end(), start);
  }
  Argument argument() { return Argument::tensor(values.data(), Element::F32, 1, &size, &stride); }
};

std::string message_of(const Kernel& kernel, std::vector<Argument> arguments) {
  try {
    kernel.launch(arguments);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

Kernel kernel_named(const char* name) { return Kernel({"test.tile", "text"}, name, {}); }

}  // namespace

TEST_CASE("without a compiler a launch says so") {
  REQUIRE(tile::installed_compiler() == nullptr);
  CHECK(message_of(kernel_named("add"), {}) ==
        "add: cannot compile the kernel: this program has no compiler installed");
  CHECK(message_of(Kernel(), {}) == "kernel: the handle is empty");
}

TEST_CASE("a launch computes, on one thread and on several") {
  const Installed installed;
  const Kernel add = kernel_named("add");
  const int at_start = thread_count();
  for (int threads : {1, 2, 3}) {
    set_thread_count(threads);
    for (std::int64_t n : {0, 1, 15, 16, 17, 100003}) {
      Vector a(n), b(n, 1), c(n);
      add.launch(std::vector{a.argument(), b.argument(), c.argument(), Argument::scalar(2.0f)});
      for (std::size_t i = 0; i < c.values.size(); ++i) {
        REQUIRE(c.values[i] == a.values[i] + 2 * b.values[i]);
      }
    }
  }
  set_thread_count(at_start);
}

TEST_CASE("one variant per stride class, arm and target; never per size") {
  Installed installed;
  const Kernel add = kernel_named("add");
  const std::uint64_t before = compiled_variants();
  auto run = [&](std::int64_t n, std::int64_t stride, std::int64_t offset) {
    std::vector<float> memory(4096);
    std::int64_t unit = 1;
    Vector b(n), c(n);
    add.launch(std::vector{Argument::tensor(memory.data() + offset, Element::F32, 1, &n,
                                            stride == 1 ? &unit : &stride),
                           b.argument(), c.argument(), Argument::scalar(1.0f)});
  };
  run(100, 1, 0), run(96, 1, 4), run(7, 1, 8);
  CHECK(compiled_variants() - before == 1);
  run(100, 1, 1);  // alignment makes no difference
  CHECK(compiled_variants() - before == 1);
  run(100, 0, 0), run(100, 3, 0), run(100, 4, 0), run(100, 5, 0);
  CHECK(compiled_variants() - before == 3);  // strides 3, 4 and 5 are one class
  const auto& requests = installed.compiler.requests;
  REQUIRE(requests.size() == 3);
  CHECK(requests[0].strides.size() == 3);
  CHECK(requests[0].strides[0] == tile::StrideClass{0, 0, false});
  CHECK(requests[1].strides[0] == tile::StrideClass{-1, 1, false});
  CHECK(requests[2].strides[0] == tile::StrideClass{-1, 0, false});
  run(1008, 1, 0);
  CHECK(requests.back().arm == 0);
  CHECK(requests.front().arm == 1);
  run(1001, 1, 0);
  CHECK(requests.size() == 4);
  set_target("x86-64-v3");
  run(100, 1, 0);
  set_target("host");
  CHECK(installed.compiler.targets.back() == "x86-64-v3");
  CHECK(requests.size() == 5);
  CHECK_THROWS_AS(set_target("sm_90"), Error);
}

TEST_CASE("a kernel finds its variants again after its table has grown") {
  Installed installed;
  const Kernel add = kernel_named("add");
  std::vector<float> memory(16), result(16);
  const std::int64_t n = 2, strides[] = {0, 1, 3};
  auto argument = [&](std::vector<float>& data, int stride) {
    return Argument::tensor(data.data(), Element::F32, 1, &n, &strides[stride]);
  };
  for (int round = 0; round < 2; ++round) {
    for (int code = 0; code < 18; ++code) {
      add.launch(std::vector{argument(memory, code % 3), argument(memory, code / 3 % 3),
                             argument(result, 1 + code / 9), Argument::scalar(1.0f)});
    }
  }
  CHECK(installed.compiler.requests.size() == 18);  // the table starts with 16 slots
}

TEST_CASE("the profile counts launches per kernel and settings") {
  const Installed installed;
  const Kernel add({"test.tile", "text"}, "add", {{"B", "16"}});
  Vector a(4), b(4), c(4);
  const std::vector arguments{a.argument(), b.argument(), c.argument(), Argument::scalar(1.0f)};
  reset_profile();
  add.launch(arguments);
  CHECK(profile_table().empty());
  set_profiling(true);
  add.launch(arguments);
  add.launch(arguments);
  set_profiling(false);
  const std::string table = profile_table();
  CHECK(table.find("\nadd B=16 ") != std::string::npos);
  CHECK(table.find(" 2 ") != std::string::npos);
  reset_profile();
}

TEST_CASE("arguments that do not fit are refused with names") {
  const Installed installed;
  const Kernel add = kernel_named("add");
  Vector a(4), b(4), c(4), d(5);
  const Argument one = Argument::scalar(1.0f);
  CHECK(message_of(add, {a.argument()}) == "add: 1 arguments for 4 parameters");
  CHECK(message_of(add, {a.argument(), d.argument(), c.argument(), one}) ==
        "add: size N is 4 in `a` dimension 0, but 5 in `b` dimension 0");
  CHECK(message_of(add, {a.argument(), b.argument(), c.argument(), Argument::scalar(1)}) ==
        "add: parameter `scale` is a scalar f32, but the argument is a scalar i32");
  CHECK(
      message_of(add, {one, b.argument(), c.argument(), one}) ==
      "add: parameter `a` is a tensor of f32 with 1 dimensions, but the argument is a scalar f32");
  const std::int64_t sizes[] = {2, 2}, strides[] = {2, 1};
  CHECK(message_of(add, {Argument::tensor(a.values.data(), Element::I32, 2, sizes, strides),
                         b.argument(), c.argument(), one}) ==
        "add: parameter `a` is a tensor of f32 with 1 dimensions, but the argument is a tensor of "
        "i32 with 2 dimensions");
  CHECK(message_of(kernel_named("fixed"), {d.argument(), d.argument(), c.argument(), one}) ==
        "fixed: size of `b` in dimension 0 is 5, but the kernel needs 4");
  CHECK(message_of(kernel_named("broken"), {}) ==
        "broken: the kernel does not compile\nbroken.tile:1:1: error: no such kernel");
}

TEST_CASE("sizes and strides that lie are refused") {
  const Installed installed;
  const Kernel add = kernel_named("add");
  Vector a(4), c(4);
  const Argument one = Argument::scalar(1.0f);
  auto with = [&](std::int64_t size, std::int64_t stride, void* data) {
    return message_of(add, {Argument::tensor(data, Element::F32, 1, &size, &stride), a.argument(),
                            c.argument(), one});
  };
  CHECK(with(-1, 1, a.values.data()) == "add: `a` has size -1 in dimension 0");
  CHECK(with(INT64_MAX, 1, a.values.data()) ==
        "add: sizes and strides of `a` leave the address space");
  CHECK(with(4, INT64_MIN, a.values.data()) ==
        "add: sizes and strides of `a` leave the address space");
  CHECK(with(4, 1, nullptr) == "add: `a` has no memory");
}

TEST_CASE("outputs may not share memory") {
  Installed installed;
  const Kernel add = kernel_named("add");
  Vector a(8), b(8), c(8);
  const std::int64_t n = 8, four = 4, one_stride = 1, two = 2, zero = 0;
  const Argument scale = Argument::scalar(1.0f);
  CHECK(message_of(add, {a.argument(), b.argument(), a.argument(), scale}) ==
        "add: `c` is written, but shares memory with `a`");
  CHECK(message_of(add, {a.argument(), b.argument(),
                         Argument::tensor(c.values.data(), Element::F32, 1, &n, &zero), scale}) ==
        "add: `c` is written, but some of its elements share memory");
  // Even and odd elements of one vector do not meet.
  CHECK(message_of(add, {Argument::tensor(a.values.data(), Element::F32, 1, &four, &two),
                         Argument::tensor(b.values.data(), Element::F32, 1, &four, &one_stride),
                         Argument::tensor(a.values.data() + 1, Element::F32, 1, &four, &two),
                         scale}) == "no error");
  installed.compiler.inout = true;
  const Kernel add_in_place = kernel_named("add_in_place");
  CHECK(message_of(add_in_place, {a.argument(), b.argument(), a.argument(), scale}) == "no error");
  CHECK(message_of(add_in_place,
                   {Argument::tensor(a.values.data(), Element::F32, 1, &four, &one_stride),
                    Argument::tensor(b.values.data(), Element::F32, 1, &four, &one_stride),
                    Argument::tensor(a.values.data() + 1, Element::F32, 1, &four, &one_stride),
                    scale}) == "add_in_place: `c` is written, but shares memory with `a`");
}

TEST_CASE("a changed floating-point mode is an error") {
  const Installed installed;
  const Kernel add = kernel_named("add");
  Vector a(4), b(4), c(4);
  const std::vector arguments{a.argument(), b.argument(), c.argument(), Argument::scalar(1.0f)};
  const unsigned normal = _mm_getcsr();
  for (unsigned bit : {0x8000u, 0x0040u, 0x2000u}) {
    _mm_setcsr(normal | bit);
    const std::string message = message_of(add, arguments);
    _mm_setcsr(normal);
    CHECK(message.starts_with("add: the floating-point mode of this thread was changed"));
  }
  CHECK(message_of(add, arguments) == "no error");
}

TEST_CASE("kernels are loaded from files and found among the built-in texts") {
  CHECK_THROWS_AS(load_kernel("/nonexistent/x.tile", "x"), Error);
  CHECK_THROWS_AS(load_kernel("/", "x"), Error);
  CHECK_THROWS_AS(builtin_kernel("nonexistent.tile", "x"), Error);
  const std::string path = "kernel_test_temporary.tile";
  std::ofstream(path) << "kernel add() {}";
  CHECK(load_kernel(path, "add").name() == "add");
  std::remove(path.c_str());
}
