// docs/ir.md contains the op table as the code has it, and an example that works.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "compiler/ir/reader.h"
#include "compiler/ir/verifier.h"

namespace tile::ir {
namespace {

std::string documentation() {
  std::ifstream file(PICOGRAD_SOURCE_DIR "/docs/ir.md");
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST_CASE("the example of docs/ir.md is sound and prints as it stands") {
  const std::string text = documentation();
  const std::size_t begin = text.find("kernel @scale");
  REQUIRE_NE(begin, std::string::npos);
  const std::string example = text.substr(begin, text.find("```", begin) - begin);
  const auto module = read_module(example);
  REQUIRE_MESSAGE(module.has_value(), module.error().message);
  CHECK_EQ(verify(*module).value_or("sound"), "sound");
  CHECK_EQ(print(*module), example);
}

TEST_CASE("docs/ir.md lists the ops of ops.def") {
  const std::string text = documentation();
  const std::size_t begin = text.find("| op | operands |");
  REQUIRE_NE(begin, std::string::npos);
  // On failure: replace the table in docs/ir.md by what is printed here.
  CHECK_EQ(text.substr(begin, text.find("\n\n", begin) + 1 - begin), op_reference());
}

TEST_CASE("the table answers by text") {
  CHECK(op_from_text("dot") == OpCode::Dot);
  CHECK_FALSE(op_from_text("Dot").has_value());
  CHECK_EQ(static_cast<int>(op::Dot::acc), 2);
  CHECK_EQ(info(OpCode::Dot).operand_count, 3);
  CHECK_EQ(info(OpCode::Constant).operand_count, 0);
  for (const OpInfo& op : all_ops()) CHECK(&info(*op_from_text(op.text)) == &op);
}

}  // namespace
}  // namespace tile::ir
