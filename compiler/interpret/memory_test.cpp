// Accesses: padding, gathers, and the mistakes that the interpreter must find and name.
#include <fmt/format.h>

#include "compiler/interpret/test_kernels.h"

namespace tile::interpret {
namespace {

using enum InterpretError::Kind;

/// One or more programs over x, y (inout) and ids with a given body; %i is the program.
std::string kernel(std::string_view body, int programs = 1) {
  return fmt::format(
      R"(kernel @k(%x: tensor<f32>[N], %y: inout tensor<f32>[M], %ids: tensor<i64>[K], %n: i64)
grid {{
  %g0 = constant {} : i64
  yield %g0
}}
body {{
  %i = program_id axis=0 : i64
  %0 = constant 0 : i64
  %1 = constant 1 : i64
  %fill = constant 0.0 : f32
  {}
  yield
}}
)",
      programs, body);
}

struct Memory {
  std::vector<float> x = {1, 2, 3, 4, 5};
  std::vector<float> y = std::vector<float>(8, -1.0f);
  std::vector<std::int64_t> ids = {4, 0, 2};
  std::int64_t n = 0;

  std::vector<Argument> arguments() {
    return {tensor_of(x), tensor_of(y), tensor_of(ids),
            ir::Scalar::from_int(ir::ElementType::I64, n)};
  }
};

TEST_CASE("what overhangs reads the pad and is not written") {
  Memory memory;
  memory.n = 3;
  run(kernel(R"(%nine = constant 9.0 : f32
  %t = load %x[%n +: 4 masked] pad %nine : f32[4]
  store %y[%0 +: 4] = %t
  %six = constant 6 : i64
  store %y[%six +: 4 masked] = %t)"),
      memory.arguments());
  CHECK_EQ(memory.y, std::vector<float>{4, 5, 9, 9, -1, -1, 4, 5});
  memory.n = -2;
  run(kernel(R"(%t = load %x[%n +: 4 masked] pad %fill : f32[4]
  store %y[%0 +: 4] = %t)"),
      memory.arguments());
  CHECK_EQ(memory.y, std::vector<float>{0, 0, 1, 2, -1, -1, 4, 5});
}

TEST_CASE("a gather picks elements; a scatter writes them") {
  Memory memory;
  run(kernel(R"(%j = load %ids[%0 +: 3] fill %0 : i64[3]
  %t = load %x[gather %j 3 masked] fill %fill : f32[3]
  store %y[gather %j 3 masked] = %t)"),
      memory.arguments());
  CHECK_EQ(memory.y, std::vector<float>{1, -1, 3, -1, 5, -1, -1, -1});
}

TEST_CASE("starts, points and gathered indices outside are errors") {
  Memory memory;
  const std::string range = kernel(R"(%t = load %x[%n +: 4 masked] fill %fill : f32[4])");
  memory.n = 5;
  run(range, memory.arguments());  // a start at the size reads only padding
  memory.n = 6;
  CHECK_EQ(failure(range, memory.arguments(), OutOfBounds),
           "kernel `k`: start 6 of dimension 0 is outside `x`, whose size there is 5, in a read "
           "(program (0))");
  memory.n = -1;
  failure(range, memory.arguments(), OutOfBounds);
  run(range, memory.arguments(), {.check_bounds = false});

  const std::string point = kernel("store %y[%n masked] = %fill");
  memory.n = 8;
  CHECK_EQ(failure(point, memory.arguments(), OutOfBounds),
           "kernel `k`: index 8 of dimension 0 is outside `y`, whose size there is 8, in a write "
           "(program (0))");
  run(point, memory.arguments(), {.check_bounds = false});

  memory.ids[1] = 5;
  const std::string gather = kernel(R"(%j = load %ids[%0 +: 3] fill %0 : i64[3]
  %t = load %x[gather %j 3 masked] fill %fill : f32[3]
  store %y[%0 +: 3] = %t)");
  failure(gather, memory.arguments(), OutOfBounds);
  run(gather, memory.arguments(), {.check_bounds = false});
  CHECK_EQ(memory.y[1], 0.0f);
}

TEST_CASE("races name both programs") {
  Memory memory;
  CHECK_EQ(failure(kernel("store %y[%0] = %fill", 2), memory.arguments(), Race),
           "kernel `k`: program (1) writes `y[0]`, which program (0) writes");
  run(kernel("store %y[%0] = %fill", 2), memory.arguments(), {.check_races = false});
  const std::string reads_next = kernel(R"(%next = add %i, %1 : i64
  %t = load %y[%next masked] fill %fill : f32
  store %y[%i masked] = %t)",
                                        2);
  CHECK_EQ(failure(reads_next, memory.arguments(), Race),
           "kernel `k`: program (1) writes `y[1]`, which program (0) reads");
  CHECK_EQ(failure(reads_next, memory.arguments(), Race, {.order = ProgramOrder::Descending}),
           "kernel `k`: program (0) reads `y[1]`, which program (1) writes");
  run(kernel(R"(%t = load %y[%i masked] fill %fill : f32
  store %y[%i masked] = %t)",
             3),
      memory.arguments());
}

TEST_CASE("a read-only parameter over the written view takes part in races") {
  Memory memory;
  std::vector<Argument> arguments = memory.arguments();
  arguments[0] = tensor_of(memory.y);
  const std::string own = kernel(R"(%t = load %x[%i masked] fill %fill : f32
  store %y[%i masked] = %t)",
                                 2);
  run(own, arguments);
  const std::string first = kernel(R"(%t = load %x[%0 masked] fill %fill : f32
  store %y[%i masked] = %t)",
                                   2);
  failure(first, arguments, Race);
}

TEST_CASE("reads of undefined elements") {
  Memory memory;
  std::vector<std::uint8_t> defined = {1, 1, 0, 1, 1};
  std::vector<Argument> arguments = memory.arguments();
  std::get<TensorArgument>(arguments[0]).defined = defined;
  const std::string all = kernel("%t = load %x[%n +: 5 masked] fill %fill : f32[5]");
  CHECK_EQ(failure(all, arguments, Undefined),
           "kernel `k`: program (0) reads `x[2]`, which was never written");
  run(all, arguments, {.check_defined = false});
  arguments[3] = ir::Scalar::from_int(ir::ElementType::I64, 3);
  run(all, arguments);
}

TEST_CASE("an error carries both places") {
  ir::Module module = module_of(kernel("store %y[%0] = %fill\n  store %y[%0] = %fill", 2));
  ir::Function& function = module.functions[module.kernel];
  std::uint32_t next = 1;
  for (ir::Op& op : function.ops) {
    if (op.code == ir::OpCode::Store) op.span = {FileId{0}, next, next + 1}, next += 4;
  }
  Memory memory;
  const auto done = interpret(module, memory.arguments());
  REQUIRE(!done.has_value());
  SourceSet sources;
  sources.add("k.tile", "abcdefghijklm\n");
  CHECK_EQ(describe(done.error(), sources),
           "k.tile:1:2: error: kernel `k`: program (1) writes `y[0]`, which program (0) writes\n"
           "k.tile:1:6: note: program (0) writes it here");
}

}  // namespace
}  // namespace tile::interpret
