// The tables of shapes and element types, row by row.
#include "compiler/sema/type_rules.h"

#include <doctest/doctest.h>

#include <limits>

namespace tile::sema {
namespace {

using ir::ElementType;
using ir::OpCode;
using ir::Shape;

TEST_CASE("shapes meet when equal, scalar, or 1 in equal ranks") {
  CHECK(broadcast_shapes({4, 8}, {4, 8}) == Shape{4, 8});
  CHECK(broadcast_shapes({}, {4, 8}) == Shape{4, 8});
  CHECK(broadcast_shapes({4}, {}) == Shape{4});
  CHECK(broadcast_shapes({4, 1}, {1, 8}) == Shape{4, 8});
  CHECK(broadcast_shapes({1}, {1}) == Shape{1});
  CHECK(!broadcast_shapes({4}, {1, 4}));
  CHECK(!broadcast_shapes({4, 8}, {8, 4}));
}

TEST_CASE("integers fit their types at the ends of the ranges") {
  CHECK(fits(127, ElementType::I8));
  CHECK(!fits(128, ElementType::I8));
  CHECK(fits(-128, ElementType::I8));
  CHECK(!fits(-129, ElementType::I8));
  CHECK(fits(4294967295, ElementType::U32));
  CHECK(!fits(4294967296, ElementType::U32));
  CHECK(!fits(-1, ElementType::U64));
  CHECK(fits(std::numeric_limits<std::int64_t>::max(), ElementType::U64));
  CHECK(fits(std::numeric_limits<std::int64_t>::min(), ElementType::I64));
}

TEST_CASE("operations name the element types they take") {
  CHECK(accepts(OpCode::Add, ElementType::F32));
  CHECK(!accepts(OpCode::Add, ElementType::Bool));
  CHECK(!accepts(OpCode::Rem, ElementType::F32));
  CHECK(accepts(OpCode::And, ElementType::Bool));
  CHECK(!accepts(OpCode::Sqrt, ElementType::I64));
  CHECK(accepted_words(OpCode::And) == "bool and integers");
  CHECK(accepted_words(OpCode::Sqrt) == "f32");
}

TEST_CASE("tiles have positive extents and at most 2^31 elements") {
  CHECK(extent_problem({32768, 65536}).empty());
  CHECK(!extent_problem({65536, 65536}).empty());
  CHECK(!extent_problem({std::int64_t{1} << 40, std::int64_t{1} << 40}).empty());
  CHECK(!extent_problem({4, 0}).empty());
  CHECK(extent_problem({}).empty());
}

TEST_CASE("bitcasts keep the size") {
  CHECK(can_bitcast(ElementType::F32, ElementType::U32));
  CHECK(!can_bitcast(ElementType::F32, ElementType::I64));
  CHECK(!can_bitcast(ElementType::Bool, ElementType::I8));
}

}  // namespace
}  // namespace tile::sema
