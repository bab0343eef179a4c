// Generated code against the interpreter, bit for bit, at every vector width this machine has. The
// kernels are IR texts that reach what the kernel library does not: hazards of updating in place,
// odd shapes, every op and element type.
#include "compiler/codegen/cpp/emit.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>

#include <fmt/format.h>

#include "compiler/codegen/cpp/jit.h"
#include "compiler/interpret/interpreter.h"
#include "compiler/ir/reader.h"
#include "compiler/ir/verifier.h"
#include "compiler/schedule/make_plan.h"

using namespace tile;
using namespace tile::codegen;
using ir::ElementType;

namespace {

/// A tensor in the middle of a larger block of memory, so that writes outside it are noticed.
struct Tensor {
  ElementType element = ElementType::F32;
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;
  std::vector<std::uint8_t> memory;

  static constexpr std::size_t guard = 1024;
  std::uint8_t* data() { return memory.data() + guard; }
};

std::int64_t count(const std::vector<std::int64_t>& sizes) {
  std::int64_t total = 1;
  for (const std::int64_t size : sizes) total *= size;
  return total;
}

/// `order` lists dimensions from the outermost in memory; empty: row-major.
Tensor make_tensor(ElementType element, std::vector<std::int64_t> sizes, std::mt19937& random,
                   std::vector<std::size_t> order = {}) {
  Tensor tensor{element, sizes, std::vector<std::int64_t>(sizes.size()), {}};
  if (order.empty()) {
    for (std::size_t d = 0; d < sizes.size(); ++d) order.push_back(d);
  }
  std::int64_t stride = 1;
  for (std::size_t d = order.size(); d-- > 0;) {
    tensor.strides[order[d]] = stride;
    stride *= sizes[order[d]];
  }
  const auto bytes = static_cast<std::size_t>(ir::byte_size(element));
  const auto elements = static_cast<std::size_t>(count(sizes));
  tensor.memory.resize(2 * Tensor::guard + bytes * elements, 0xab);
  const std::uint32_t special[] = {0,          0x80000000, 0x7f800000, 0xff800000,
                                   0x7fc00000, 1,          0x80000001, 0x7f7fffff};
  for (std::size_t i = 0; i < elements; ++i) {
    std::uint64_t bits = random();
    if (element == ElementType::F32) {
      const float value = static_cast<float>(static_cast<int>(bits % 4001) - 2000) / 256.0f;
      bits = bits % 61 == 0 ? special[bits % 8] : std::bit_cast<std::uint32_t>(value);
    } else if (element == ElementType::Bool) {
      bits &= 1;
    } else if (bits % 3 == 0) {
      bits = bits % 5 == 0 ? 0 : bits % 5 == 1 ? ~0ull : bits % 64;
    } else {
      bits = bits << 32 | random();
    }
    std::memcpy(tensor.data() + i * bytes, &bits, bytes);
  }
  return tensor;
}

ir::Module read(const std::string& text) {
  auto module = ir::read_module(text);
  REQUIRE_MESSAGE(module.has_value(), module.error().line, ": ", module.error().message);
  REQUIRE_EQ(ir::verify(*module).value_or("sound"), "sound");
  return *std::move(module);
}

void interpret(const ir::Module& module, std::vector<Tensor>& tensors) {
  std::vector<interpret::Argument> arguments;
  for (Tensor& tensor : tensors) {
    arguments.push_back(interpret::TensorArgument{
        .data = tensor.data(), .sizes = tensor.sizes, .strides = tensor.strides, .defined = {}});
  }
  const auto done = interpret::interpret(module, arguments, {.check_bounds = false});
  REQUIRE_MESSAGE(done.has_value(), done.error().message);
}

void run_compiled(const ir::Module& module, const schedule::Target& target,
                  std::vector<Tensor>& tensors) {
  std::vector<StrideClass> strides;
  std::vector<std::int64_t> words;
  for (Tensor& tensor : tensors) {
    StrideClass& one = strides.emplace_back();
    words.push_back(reinterpret_cast<std::int64_t>(tensor.data()));
    words.insert(words.end(), tensor.sizes.begin(), tensor.sizes.end());
    words.insert(words.end(), tensor.strides.begin(), tensor.strides.end());
    for (std::size_t d = 0; d < tensor.sizes.size(); ++d) {
      if (tensor.strides[d] == 1) one.unit_dim = static_cast<std::int8_t>(d);
    }
  }
  const schedule::Plan plan = schedule::make_plan(module, strides, target);
  const std::string text = emit_cpp(module, plan, strides, target);
  INFO(text);
  auto object = compile_cpp(text, target.clang_cpu, CodeForm::Object);
  if (auto* error = std::get_if<ToolError>(&object)) FAIL(error->message);
  auto loaded = load_object(std::get<std::string>(object), "test");
  if (auto* error = std::get_if<ToolError>(&loaded)) FAIL(error->message);
  const auto& code = std::get<std::shared_ptr<const LoadedCode>>(loaded);
  using Words = const std::int64_t*;
  const auto grid = reinterpret_cast<void (*)(Words, std::int64_t*)>(code->find(grid_symbol));
  const auto run =
      reinterpret_cast<void (*)(Words, const std::int64_t*, std::int64_t, std::int64_t, void*)>(
          code->find(run_symbol));
  std::int64_t extents[4] = {1, 1, 1, 1};
  grid(words.data(), extents);
  // Scratch memory has a guard on both sides too.
  const std::size_t bytes = static_cast<std::size_t>(plan.scratch_bytes);
  std::vector<std::uint8_t> scratch(bytes + 64 + 2 * Tensor::guard, 0xff);
  const auto address = reinterpret_cast<std::uintptr_t>(scratch.data()) + Tensor::guard;
  std::uint8_t* aligned = scratch.data() + Tensor::guard + (64 - address % 64) % 64;
  run(words.data(), extents, 0, extents[0] * extents[1] * extents[2] * extents[3], aligned);
  const auto is_untouched = [](std::uint8_t byte) { return byte == 0xff; };
  CHECK(std::all_of(scratch.data(), aligned, is_untouched));
  CHECK(std::all_of(aligned + bytes, scratch.data() + scratch.size(), is_untouched));
}

/// NaNs are equal to each other.
std::vector<std::uint8_t> canonical(Tensor& tensor) {
  std::vector<std::uint8_t> bytes = tensor.memory;
  if (tensor.element != ElementType::F32) return bytes;
  for (std::int64_t i = 0; i < count(tensor.sizes); ++i) {
    std::uint8_t* at = bytes.data() + Tensor::guard + 4 * i;
    float value = 0;
    std::memcpy(&value, at, 4);
    if (value != value) std::memset(at, 0xff, 4);
  }
  return bytes;
}

/// Runs the IR text both ways on equal tensors.
void check(const std::string& text, const std::vector<Tensor>& tensors) {
  const ir::Module module = read(text);
  std::vector<Tensor> expected = tensors;
  interpret(module, expected);
  for (const char* name : {"x86-64-v3", "x86-64-v4"}) {
    if (name == std::string_view("x86-64-v4") && !__builtin_cpu_supports("x86-64-v4")) continue;
    CAPTURE(name);
    std::vector<Tensor> actual = tensors;
    run_compiled(module, *schedule::find_target(name), actual);
    for (std::size_t t = 0; t < tensors.size(); ++t) {
      const auto want = canonical(expected[t]);
      const auto got = canonical(actual[t]);
      const auto differs = std::ranges::mismatch(want, got);
      CAPTURE(t);
      CAPTURE(text);
      CHECK_MESSAGE(want == got, "first difference at byte ",
                    differs.in1 - want.begin() - static_cast<std::ptrdiff_t>(Tensor::guard));
    }
  }
}

constexpr std::string_view one_program = "grid {\n  %0 = constant 1 : i64\n  yield %0\n}\nbody {\n";

/// A kernel of one program over x, y: [M, N] and z: [P, Q], whose body is given.
std::string kernel(std::string_view in, std::string_view out, std::string_view body,
                   std::string_view access = "out") {
  return fmt::format(
      "kernel @k(%x: tensor<{0}>[M, N], %y: tensor<{0}>[M, N], %z: {3} tensor<{1}>[P, Q])\n{4}"
      "%o = constant 0 : i64\n{2}yield\n}}\n",
      in, out, body, access, one_program);
}

/// x and y as tiles of 8 x 40, filled with zero of the type.
std::string loads(std::string_view type, std::string_view zero) {
  return fmt::format(
      "%zero = constant {1} : {0}\n"
      "%a = load %x[%o +: 8 masked, %o +: 40 masked] fill %zero : {0}[8, 40]\n"
      "%b = load %y[%o +: 8 masked, %o +: 40 masked] fill %zero : {0}[8, 40]\n",
      type, zero);
}

void check_elementwise(ElementType in, ElementType out, const std::string& lines) {
  std::mt19937 random(7);
  const std::string body = loads(ir::name(in), in == ElementType::F32    ? "0.0"
                                               : in == ElementType::Bool ? "false"
                                                                         : "0") +
                           lines + "store %z[%o +: 8 masked, %o +: 40 masked] = %r\n";
  check(kernel(ir::name(in), ir::name(out), body),
        {make_tensor(in, {7, 37}, random), make_tensor(in, {7, 37}, random),
         make_tensor(out, {7, 37}, random)});
}

}  // namespace

TEST_CASE("floating-point arithmetic") {
  for (const char* op : {"add", "sub", "mul", "div", "min", "max", "min_number", "max_number"}) {
    check_elementwise(ElementType::F32, ElementType::F32,
                      fmt::format("%r = {} %a, %b : f32[8, 40]\n", op));
  }
  for (const char* op : {"neg", "abs", "floor", "ceil", "round", "sqrt"}) {
    check_elementwise(ElementType::F32, ElementType::F32,
                      fmt::format("%r = {} %a : f32[8, 40]\n", op));
  }
  check_elementwise(ElementType::F32, ElementType::F32, "%r = fma %a, %b, %a : f32[8, 40]\n");
}

TEST_CASE("integer arithmetic of every width") {
  using enum ElementType;
  for (const ElementType type : {I8, I32, I64, U8, U32, U64}) {
    std::string lines = fmt::format("%v0 = add %a, %b : {0}[8, 40]\n", ir::name(type));
    int step = 0;
    for (const char* op :
         {"sub", "mul", "div", "rem", "min", "max", "and", "or", "xor", "shl", "shr", "mul_high"}) {
      lines +=
          fmt::format("%w{1} = {2} %a, %b : {0}[8, 40]\n%v{3} = xor %v{1}, %w{1} : {0}[8, 40]\n",
                      ir::name(type), step, op, step + 1);
      ++step;
    }
    lines += fmt::format(
        "%n = neg %a : {0}[8, 40]\n%m = not %n : {0}[8, 40]\n%c = abs %b : {0}[8, 40]\n"
        "%d = add %m, %c : {0}[8, 40]\n%r = add %d, %v{1} : {0}[8, 40]\n",
        ir::name(type), step);
    check_elementwise(type, type, lines);
  }
}

TEST_CASE("casts between all element types") {
  using enum ElementType;
  for (const ElementType from : {Bool, I8, I32, I64, U8, U32, U64, F32}) {
    for (const ElementType to : {Bool, I8, I32, I64, U8, U32, U64, F32}) {
      if (from == to || (from != F32 && to != F32 && from != Bool && to != I32)) continue;
      const std::string scale = from == F32
                                    ? "%k = constant 3e8 : f32\n%kb = broadcast %k : f32[8, 40]\n"
                                      "%s = mul %a, %kb : f32[8, 40]\n"
                                    : fmt::format("%s = or %a, %a : {}[8, 40]\n", ir::name(from));
      check_elementwise(from, to, scale + fmt::format("%r = cast %s : {}[8, 40]\n", ir::name(to)));
    }
  }
  check_elementwise(F32, I32, "%r = bitcast %a : i32[8, 40]\n");
}

TEST_CASE("comparisons and selections") {
  for (const char* predicate : {"eq", "ne", "lt", "le", "gt", "ge"}) {
    check_elementwise(ElementType::F32, ElementType::Bool,
                      fmt::format("%r = compare {} %a, %b : bool[8, 40]\n", predicate));
  }
  check_elementwise(ElementType::I64, ElementType::I64,
                    "%c = compare lt %a, %b : bool[8, 40]\n%d = not %c : bool[8, 40]\n"
                    "%r = select %d, %a, %b : i64[8, 40]\n");
}

TEST_CASE("reductions along both axes, short and long") {
  std::mt19937 random(3);
  for (const char* kind : {"sum", "prod", "max", "min", "argmax", "argmin"}) {
    const std::string out = kind[0] == 'a' ? "i64" : "f32";
    const ElementType element = kind[0] == 'a' ? ElementType::I64 : ElementType::F32;
    for (const std::int64_t n : {1, 5, 37, 300, 700}) {
      const std::int64_t extent = n < 2 ? n : n + 3;
      const std::string row = fmt::format(
          "%zero = constant 0.0 : f32\n%a = load %x[%o +: 4 masked, %o +: {0} masked] fill %zero : "
          "f32[4, {0}]\n"
          "%s = reduce {1} %a axis=1 : {2}[4]\n%t = reshape %s : {2}[4, 1]\n"
          "store %z[%o +: 4 masked, %o +: 1] = %t\n",
          extent, kind, out);
      const Tensor x = make_tensor(ElementType::F32, {3, n}, random);
      check(kernel("f32", out, row), {x, x, make_tensor(element, {3, 1}, random)});
      const std::string column = fmt::format(
          "%zero = constant 0.0 : f32\n%a = load %x[%o +: {0} masked, %o +: 20 masked] fill %zero "
          ": f32[{0}, 20]\n"
          "%s = reduce {1} %a axis=0 : {2}[20]\n%t = reshape %s : {2}[1, 20]\n"
          "store %z[%o +: 1, %o +: 20 masked] = %t\n",
          extent, kind, out);
      const Tensor y = make_tensor(ElementType::F32, {n, 18}, random);
      check(kernel("f32", out, column), {y, y, make_tensor(element, {1, 18}, random)});
    }
  }
}

TEST_CASE("custom reductions and scans") {
  std::mt19937 random(5);
  const Tensor x = make_tensor(ElementType::F32, {3, 300}, random);
  const std::string load =
      "%zero = constant 0.0 : f32\n"
      "%a = load %x[%o +: 3, %o +: 300] fill %zero : f32[3, 300]\n";
  check(kernel("f32", "f32",
               load + "%s = reduce custom %a axis=1 : f32[3] combine (%l, %r) {\n"
                      "%h = sub %r, %l : f32\nyield %h\n}\n"
                      "%t = reshape %s : f32[3, 1]\nstore %z[%o +: 3, %o +: 1] = %t\n"),
        {x, x, make_tensor(ElementType::F32, {3, 1}, random)});
  check(kernel("f32", "f32",
               load + "%s = reduce custom %a axis=0 : f32[300] combine (%l, %r) {\n"
                      "%h = sub %r, %l : f32\nyield %h\n}\n"
                      "%t = reshape %s : f32[1, 300]\nstore %z[%o +: 1, %o +: 300] = %t\n"),
        {x, x, make_tensor(ElementType::F32, {1, 300}, random)});
  for (const char* scan :
       {"sum %a axis=1", "sum %a axis=0", "max %a axis=1", "sum %a axis=1 reverse"}) {
    check(kernel("f32", "f32",
                 load + fmt::format("%s = scan {} : f32[3, 300]\n"
                                    "store %z[%o +: 3, %o +: 300] = %s\n",
                                    scan)),
          {x, x, make_tensor(ElementType::F32, {3, 300}, random)});
  }
}

TEST_CASE("shapes: transposed, sliced, joined and renumbered tiles") {
  std::mt19937 random(9);
  const Tensor x = make_tensor(ElementType::F32, {7, 37}, random);
  const auto run = [&](const std::string& lines, std::vector<std::int64_t> sizes) {
    check(kernel("f32", "f32", loads("f32", "1.5") + lines),
          {x, x, make_tensor(ElementType::F32, std::move(sizes), random)});
  };
  run("%p = permute %a order=[1, 0] : f32[40, 8]\nstore %z[%o +: 40 masked, %o +: 8 masked] = %p\n",
      {37, 7});
  run("%s = slice %a offsets=[2, 5] : f32[3, 20]\n%t = slice %b offsets=[0, 0] : f32[3, 20]\n"
      "%u = add %s, %t : f32[3, 20]\nstore %z[%o +: 3, %o +: 20] = %u\n",
      {3, 20});
  run("%c = concat %a, %b axis=1 : f32[8, 80]\nstore %z[%o +: 8, %o +: 80] = %c\n", {8, 80});
  run("%c = concat %a, %b axis=0 : f32[16, 40]\nstore %z[%o +: 16, %o +: 40] = %c\n", {16, 40});
  run("%s = slice %a offsets=[0, 0] : f32[6, 10]\n%q = reshape %s : f32[20, 3]\n"
      "%w = mul %q, %q : f32[20, 3]\nstore %z[%o +: 20, %o +: 3] = %w\n",
      {20, 3});
  run("%s = slice %a offsets=[0, 0] : f32[1, 40]\n%c = slice %b offsets=[0, 3] : f32[8, 1]\n"
      "%sb = broadcast %s : f32[8, 40]\n%cb = broadcast %c : f32[8, 40]\n%w = sub %sb, %cb : "
      "f32[8, 40]\n"
      "store %z[%o +: 8 masked, %o +: 40 masked] = %w\n",
      {7, 37});
}

TEST_CASE("starts before and behind the tensor read the pad and write nothing") {
  std::mt19937 random(13);
  for (const int start : {-50, -3, 0, 4, 60}) {
    check(kernel("f32", "f32",
                 fmt::format(
                     "%s = constant {} : i64\n%p = constant 2.5 : f32\n%one = constant 1 : i64\n"
                     "%a = load %x[%s +: 8 masked, %s +: 40 masked] pad %p : f32[8, 40]\n"
                     "%q = load %y[%s masked, %s masked] pad %p : f32\n"
                     "%qb = broadcast %q : f32[8, 40]\n%r = add %a, %qb : f32[8, 40]\n"
                     "store %z[%s +: 8 masked, %s +: 40 masked] = %r pad\n",
                     start)),
          {make_tensor(ElementType::F32, {7, 37}, random),
           make_tensor(ElementType::F32, {7, 37}, random),
           make_tensor(ElementType::F32, {9, 33}, random)});
  }
}

TEST_CASE("gathers and scatters") {
  std::mt19937 random(17);
  const std::string body =
      "%zero = constant 0.0 : f32\n%i = iota axis=0 : i64[20]\n%k = constant 7 : i64\n"
      "%kb = broadcast %k : i64[20]\n%j = mul %i, %kb : i64[20]\n%m = constant 23 : i64\n"
      "%mb = broadcast %m : i64[20]\n%g = rem %j, %mb : i64[20]\n";
  const Tensor x = make_tensor(ElementType::F32, {23, 18}, random);
  const Tensor y = make_tensor(ElementType::F32, {18, 21}, random);
  for (const char* order : {"gather %g 20 masked, %o +: 18", "%k, gather %g 20 masked"}) {
    const bool is_row = order[0] == '%';
    check(
        fmt::format(
            "kernel @k(%x: tensor<f32>[M, N], %y: tensor<f32>[N, L], %z: out tensor<f32>[P, Q])\n{}"
            "%o = constant 0 : i64\n{}%t = load %{}[{}] fill %zero : f32[{}]\n"
            "store %z[{}] = %t\nyield\n}}\n",
            one_program, body, is_row ? "y" : "x", order, is_row ? "20" : "20, 18",
            is_row ? "%o, gather %g 20 masked" : "gather %g 20 masked, %o +: 18"),
        {x, y, make_tensor(ElementType::F32, {22, 21}, random)});
  }
}

TEST_CASE("loops that exchange, shift and keep what they carry") {
  std::mt19937 random(19);
  const std::string start =
      loads("f32", "0.0") + "%one = constant 1 : i64\n%five = constant 5 : i64\n";
  const auto run = [&](const std::string& lines) {
    check(kernel("f32", "f32", start + lines + "store %z[%o +: 8 masked, %o +: 40 masked] = %r\n"),
          {make_tensor(ElementType::F32, {7, 37}, random),
           make_tensor(ElementType::F32, {7, 37}, random),
           make_tensor(ElementType::F32, {7, 37}, random)});
  };
  run("%p, %q = for %i = %o to %five step %one carry (%u = %a, %v = %b) : (f32[8, 40], f32[8, 40]) "
      "{\n"
      "%w = add %u, %v : f32[8, 40]\nyield %v, %w\n}\n%r = sub %p, %q : f32[8, 40]\n");
  run("%p, %q = for %i = %o to %five step %one carry (%u = %a, %v = %b) : (f32[8, 40], f32[8, 40]) "
      "{\n"
      "yield %v, %u\n}\n%r = sub %p, %q : f32[8, 40]\n");
  run("%sq = slice %a offsets=[0, 0] : f32[8, 8]\n"
      "%p = for %i = %o to %five step %one carry (%u = %sq) : f32[8, 8] {\n"
      "%t = permute %u order=[1, 0] : f32[8, 8]\n%w = sub %t, %u : f32[8, 8]\nyield %w\n}\n"
      "%c1 = concat %p, %p axis=1 : f32[8, 16]\n%c2 = concat %c1, %c1 axis=1 : f32[8, 32]\n"
      "%r = concat %c2, %p axis=1 : f32[8, 40]\n");
  run("%n, %r = while carry (%c = %o, %u = %a) : (i64, f32[8, 40]) {\n%t = compare lt %c, %five : "
      "bool\n"
      "yield %t\n} do (%c.1, %u.1) {\n%d = add %c.1, %one : i64\n%w = mul %u.1, %b : f32[8, 40]\n"
      "yield %d, %w\n}\n");
  run("%t = compare lt %o, %five : bool\n%r = if %t : f32[8, 40] {\n%w = add %a, %b : f32[8, 40]\n"
      "yield %w\n} else {\nyield %a\n}\n");
}

TEST_CASE("a tensor read and written keeps its order") {
  std::mt19937 random(23);
  const auto run = [&](const std::string& lines) {
    check(kernel("f32", "f32", "%zero = constant 0.0 : f32\n%one = constant 1 : i64\n" + lines,
                 "inout"),
          {make_tensor(ElementType::F32, {7, 37}, random),
           make_tensor(ElementType::F32, {7, 37}, random),
           make_tensor(ElementType::F32, {7, 37}, random)});
  };
  run("%a = load %z[%o +: 7, %o +: 36] fill %zero : f32[7, 36]\nstore %z[%o +: 7, %one +: 36] = "
      "%a\n");
  run("%a = load %z[%o +: 7, %o +: 37] fill %zero : f32[7, 37]\n%b = mul %a, %a : f32[7, 37]\n"
      "store %z[%o +: 7, %o +: 37] = %b\n%c = load %z[%o +: 7, %o +: 37] fill %zero : f32[7, 37]\n"
      "%d = sub %c, %a : f32[7, 37]\nstore %z[%o +: 7, %o +: 37] = %d\n");
}

TEST_CASE("dots of odd shapes, both precisions, operands in any order") {
  std::mt19937 random(29);
  const std::int64_t shapes[][3] = {{1, 1, 1}, {1, 40, 37}, {3, 33, 5}, {13, 1, 20}, {37, 70, 40}};
  for (const auto& [m, n, k] : shapes) {
    for (const char* precision : {"fp32", "tf32"}) {
      for (const int form : {0, 1, 2, 3}) {
        const bool is_lhs_turned = (form & 1) != 0;
        const bool is_rhs_turned = (form & 2) != 0;
        std::vector<std::size_t> turned = {1, 0};
        const std::string text = fmt::format(
            "kernel @k(%x: tensor<f32>[M, K], %y: tensor<f32>[K, N], %z: out tensor<f32>[M, "
            "N])\n{0}"
            "%o = constant 0 : i64\n%zero = constant 0.0 : f32\n%acc = broadcast %zero : f32[{1}, "
            "{2}]\n"
            "%a = load %x[%o +: {1} masked, %o +: {3} masked] fill %zero : f32[{1}, {3}]\n"
            "%b = load %y[%o +: {3} masked, %o +: {2} masked] fill %zero : f32[{3}, {2}]\n"
            "%c = dot {4} %a, %b, %acc : f32[{1}, {2}]\n%d = dot {4} %a, %b, %c : f32[{1}, {2}]\n"
            "%e = add %c, %d : f32[{1}, {2}]\nstore %z[%o +: {1} masked, %o +: {2} masked] = "
            "%e\nyield\n}}\n",
            one_program, m == 1 ? 1 : m + 3, n == 1 ? 1 : n + 9, k == 1 ? 1 : k + 2, precision);
        check(text, {make_tensor(ElementType::F32, {m, k}, random,
                                 is_lhs_turned ? turned : std::vector<std::size_t>()),
                     make_tensor(ElementType::F32, {k, n}, random,
                                 is_rhs_turned ? turned : std::vector<std::size_t>()),
                     make_tensor(ElementType::F32, {m, n}, random)});
      }
    }
  }
}
