// Golden tests: IR before and after the pass, as text.
#include "compiler/passes/eliminate_dead.h"

#include "compiler/passes/test_support.h"

namespace tile::passes {
namespace {

TEST_CASE("unused ops, carried values and results go; effects stay") {
  CHECK_EQ(after_pass(eliminate_dead, in_function("f32[4]", R"(
  %unused = neg %x : f32[4]
  %c1 = constant 1 : i64
  %p, %q, %r = for %k = %i to %j step %c1 carry (%a = %x, %d = %x, %e = %i) : (f32[4], f32[4], i64) {
    %0 = add %a, %a : f32[4]
    %1 = add %d, %a : f32[4]
    %2 = add %e, %k : i64
    yield %0, %1, %2
  }
  %s, %t = if %b : (f32[4], f32[4]) {
    %3 = neg %p : f32[4]
    yield %3, %q
  } else {
    yield %p, %x
  }
  %empty = if %b : f32[4] {
    assert "positive" %b
    yield %x
  } else {
    yield %x
  }
  yield %s
)")),
           in_function("f32[4]", R"(  %c1 = constant 1 : i64
  %p = for %k = %i to %j step %c1 carry (%a = %x) : f32[4] {
    %0 = add %a, %a : f32[4]
    yield %0
  }
  %s = if %b : f32[4] {
    %1 = neg %p : f32[4]
    yield %1
  } else {
    yield %p
  }
  if %b {
    assert "positive" %b
    yield
  } else {
    yield
  }
  yield %s
)"));
}

TEST_CASE("a carried value that only feeds itself goes, one that feeds the condition stays") {
  CHECK_EQ(after_pass(eliminate_dead, in_function("i64", R"(
  %p, %q, %r = while carry (%a = %i, %d = %x, %n = %j) : (i64, f32[4], i64) {
    %0 = compare lt %n, %i : bool
    yield %0
  } do (%a.1, %d.1, %n.1) {
    %1 = add %a.1, %a.1 : i64
    %2 = neg %d.1 : f32[4]
    %3 = add %n.1, %n.1 : i64
    yield %1, %2, %3
  }
  yield %p
)")),
           in_function("i64", R"(  %p, %r = while carry (%a = %i, %n = %j) : (i64, i64) {
    %0 = compare lt %n, %i : bool
    yield %0
  } do (%a.1, %n.1) {
    %1 = add %a.1, %a.1 : i64
    %2 = add %n.1, %n.1 : i64
    yield %1, %2
  }
  yield %p
)"));
}

}  // namespace
}  // namespace tile::passes
