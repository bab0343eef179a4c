// JSON from untrusted files: what the parser refuses, and what the accessors do.
#include "examples/llama/base/json.h"

#include <doctest/doctest.h>

#include "runtime/device/error.h"

using namespace llama;

namespace {

std::string problem(const std::string& text) {
  try {
    parse_json_object(text, "file");
  } catch (const pg::Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("json: duplicates, depth and anything but an object are refused") {
  CHECK(problem(R"({"a":{"b":1},"c":{"b":2}})") == "no error");
  CHECK(problem(R"({"a":1,"b":{"a":1},"a":2})") == "file: key \"a\" twice");
  CHECK(problem(R"({"x":[{"a":1,"a":2}]})") == "file: key \"a\" twice");
  CHECK(problem("[1]") == "file: not a JSON object");
  CHECK(problem("{\"a\":") == "file: not a JSON object");
  CHECK(problem("{\"\xff\":1}") == "file: not a JSON object");
  const std::string deep(1'000'000, '[');
  CHECK(problem("{\"a\":" + deep) == "file: more than 64 levels of JSON");
}

TEST_CASE("json: accessors take exactly what a key may hold") {
  const auto object = parse_json_object(
      R"({"minus":-1,"half":1.5,"wide":18446744073709551616,"none":null,"list":[1],"yes":true})",
      "f");
  const JsonKeys keys(object, "f");
  for (const char* key : {"minus", "half", "wide", "list", "yes"}) {
    CAPTURE(key);
    CHECK_THROWS_WITH_AS(keys.size(key),
                         doctest::Contains("must be an integer from 0 to 2^31, not"), pg::Error);
  }
  CHECK(!keys.has("none"));
  CHECK(keys.size_or("none", 7) == 7);
  CHECK(keys.number("half") == 1.5);
  CHECK_THROWS_WITH_AS(keys.number("list"), "f: `list` must be a number, not [1]", pg::Error);
  CHECK_THROWS_WITH_AS(keys.flag_or("half", true), "f: `half` must be true or false, not 1.5",
                       pg::Error);
  CHECK_THROWS_WITH_AS(keys.text("absent"), "f: `absent` is missing", pg::Error);
  CHECK_THROWS_WITH_AS(keys.object("list"), "f: `list` must be an object, not [1]", pg::Error);
  CHECK(shown(std::string(100, 'x')) == "\"" + std::string(59, 'x') + "...");
}
