// Every rewrite rule fires in one case at least of tests/passes/rewrites.txt, and gives the IR
// shown there; what must not be rewritten (NUMERICS) is shown to stay.
#include "compiler/passes/simplify.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "compiler/passes/eliminate_dead.h"
#include "compiler/passes/test_support.h"

namespace tile::passes {
namespace {

struct Case {
  bool is_kept = false;
  std::string rule;    // or the reason to keep
  std::string type;    // of the one result
  std::string before;  // body lines; the parameters are below
  std::string after;   // simplified and without dead ops
};

std::string with_parameters(const Case& c, const std::string& body) {
  return "function @f(%x: f32[4], %y: f32[4], %s: f32, %i: i64, %j: i64, %b: bool, %u: u32, "
         "%m: f32[2, 3]) -> (" +
         c.type + ")\nbody {\n" + body + "}\n";
}

std::vector<Case> read_cases() {
  std::ifstream file(PICOGRAD_SOURCE_DIR "/tests/passes/rewrites.txt");
  REQUIRE(file.good());
  std::vector<Case> cases;
  bool in_after = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("rule ") || line.starts_with("kept ")) {
      const std::size_t colon = line.rfind(" : ");
      REQUIRE_NE(colon, std::string::npos);
      cases.push_back({line.starts_with("kept"), line.substr(5, colon - 5), line.substr(colon + 3),
                       "", ""});
      in_after = false;
    } else if (line == "=>") {
      in_after = true;
    } else if (line.starts_with("  ")) {
      (in_after ? cases.back().after : cases.back().before) += line + "\n";
    }
  }
  return cases;
}

std::string simplified(std::string_view text, std::vector<std::string_view>& fired) {
  return after_pass(
      [&](ir::Function& function) {
        simplify(function, fired);
        eliminate_dead(function);
      },
      text);
}

std::set<std::string_view> fired_in_cases() {
  std::set<std::string_view> all;
  for (const Case& c : read_cases()) {
    CAPTURE(c.rule);
    CAPTURE(c.before);
    std::vector<std::string_view> fired;
    const std::string after = simplified(with_parameters(c, c.before), fired);
    CHECK_EQ(after, with_parameters(c, c.is_kept ? c.before : c.after));
    CHECK_EQ(std::count(fired.begin(), fired.end(), c.rule) > 0, !c.is_kept);
    if (c.is_kept) CHECK(fired.empty());
    all.insert(fired.begin(), fired.end());
  }
  return all;
}

constexpr std::string_view kernel = R"(kernel @k(%a: tensor<f32>[M, 8], %c: out tensor<f32>[8, M])
grid {
  %0 = dim %c axis=1 : i64
  yield %0
}
body {
  %m = dim %c axis=1 : i64
  %n = dim %a axis=1 : i64
  print "" %m, %n
  yield
}
)";

TEST_CASE("every rule fires and gives what it should; what would change a bit stays") {
  std::set<std::string_view> fired = fired_in_cases();
  std::vector<std::string_view> in_kernel;
  CHECK_EQ(simplified(kernel, in_kernel),
           R"(kernel @k(%a: tensor<f32>[M, 8], %c: out tensor<f32>[8, M])
grid {
  %0 = dim %a axis=0 : i64
  yield %0
}
body {
  %m = dim %a axis=0 : i64
  %n = constant 8 : i64
  print "" %m, %n
  yield
}
)");
  fired.insert(in_kernel.begin(), in_kernel.end());
  for (std::string_view name : rule_names()) CHECK_MESSAGE(fired.contains(name), name);
}

TEST_CASE("rule names are unique") {
  const std::vector<std::string_view> names = rule_names();
  CHECK_EQ(std::set<std::string_view>(names.begin(), names.end()).size(), names.size());
}

}  // namespace
}  // namespace tile::passes
