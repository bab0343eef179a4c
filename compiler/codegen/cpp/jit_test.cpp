// Tests of compiling text and loading objects in process.
#include "compiler/codegen/cpp/jit.h"

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

using namespace tile::codegen;

namespace {

std::string compile(std::string_view text, std::string_view processor = "x86-64-v3") {
  auto object = compile_cpp(text, processor, CodeForm::Object);
  if (auto* error = std::get_if<ToolError>(&object)) FAIL(error->message);
  return std::get<std::string>(object);
}

std::shared_ptr<const LoadedCode> load(std::string object) {
  auto code = load_object(std::move(object), "test");
  if (auto* error = std::get_if<ToolError>(&code)) FAIL(error->message);
  return std::get<std::shared_ptr<const LoadedCode>>(code);
}

long resident_kib() {
  std::ifstream status("/proc/self/statm");
  long total = 0, resident = 0;
  status >> total >> resident;
  return resident * 4;
}

constexpr const char* add_text = R"cpp(
  typedef float v16 __attribute__((vector_size(64), aligned(4)));
  extern "C" void add(const float* a, const float* b, float* c) {
    *(v16*)c = *(const v16*)a + *(const v16*)b;
  }
  extern "C" float multiply_add(float a, float b, float c) { return a * b + c; }
  extern "C" void copy(char* to, const char* from, long n) { __builtin_memcpy(to, from, n); }
)cpp";

}  // namespace

TEST_CASE("text becomes callable code") {
  auto code = load(compile(add_text));
  auto add = reinterpret_cast<void (*)(const float*, const float*, float*)>(code->find("add"));
  REQUIRE(static_cast<bool>(add));
  float a[16], b[16], c[16];
  for (int i = 0; i < 16; ++i) a[i] = i, b[i] = 100 * i;
  add(a, b, c);
  for (int i = 0; i < 16; ++i) CHECK(c[i] == 101 * i);
  CHECK(code->find("absent") == nullptr);
}

TEST_CASE("products are not contracted into sums") {
  auto code = load(compile(add_text));
  auto f = reinterpret_cast<float (*)(float, float, float)>(code->find("multiply_add"));
  const float x = 1.0f + 0x1p-12f;
  CHECK(f(x, x, -1.0f) == 0x1p-11f);  // a fused result would keep 2^-24 more
}

TEST_CASE("code may call the C library's memory functions") {
  auto code = load(compile(add_text));
  auto copy = reinterpret_cast<void (*)(char*, const char*, long)>(code->find("copy"));
  char to[6] = {};
  copy(to, "hello", 5);
  CHECK(std::string(to) == "hello");
}

TEST_CASE("every target's processor is known to clang") {
  for (const char* processor : {"x86-64-v3", "x86-64-v4", "znver4", "znver5"}) {
    CHECK(compile(add_text, processor).substr(1, 3) == "ELF");
  }
  CHECK(compile(add_text, "x86-64-v3") != compile(add_text, "x86-64-v4"));
}

TEST_CASE("clang's complaints come back as text") {
  auto result = compile_cpp("int f() { return missing; }", "x86-64-v3", CodeForm::Object);
  REQUIRE(std::holds_alternative<ToolError>(result));
  CHECK(std::get<ToolError>(result).message.find("missing") != std::string::npos);
  auto broken = load_object("not an object", "test");
  CHECK(std::holds_alternative<ToolError>(broken));
}

TEST_CASE("same symbols in many objects, loaded and dropped without leaking") {
  const std::string object = compile(add_text);
  for (int i = 0; i < 20; ++i) load(object)->find("add");
  const long before = resident_kib();
  for (int i = 0; i < 300; ++i) load(object)->find("add");
  CHECK(resident_kib() - before < 300 * 200);  // kept modules would cost 2 MB each
}

TEST_CASE("threads compile and load at once") {
  std::vector<std::thread> threads;
  std::vector<int> results(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t, &results] {
      auto text = "extern \"C\" int f() { return " + std::to_string(t) + "; }";
      auto object = compile_cpp(text, "x86-64-v3", CodeForm::Object);
      auto code = load_object(std::get<std::string>(object), "test");
      auto f = std::get<std::shared_ptr<const LoadedCode>>(code)->find("f");
      results[t] = reinterpret_cast<int (*)()>(f)();
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(results == std::vector<int>{0, 1, 2, 3});
}
