// JSON from untrusted files: what the parser refuses, and what the accessors do.
#include "examples/llama/base/json.h"

#include <doctest/doctest.h>

#include "tests/message_of.h"

using namespace llama;
using nlohmann::json;

namespace {

std::string problem(const std::string& text) {
  return message_of([&] { parse_json_object(text, "file"); });
}

}  // namespace

TEST_CASE("json: every kind of value is as the library reads it") {
  const std::string text =
      R"({"a":[1,-2,2.5,1e300,"x\u00e9",true,null,[],{}],"b":{"c":[[{"d":18446744073709551615}]]}})";
  CHECK(parse_json_object(text, "file") == json::parse(text));
  CHECK(parse_json_object("{}", "file") == json::object());
}

TEST_CASE("json: duplicates, depth and anything but an object are refused") {
  CHECK(problem(R"({"a":{"b":1},"c":{"b":2}})") == "no error");
  CHECK(problem(R"({"a":1,"b":{"a":1},"a":2})") == "file: key \"a\" twice");
  CHECK(problem(R"({"x":[{"a":1,"a":2}]})") == "file: key \"a\" twice");
  for (const char* text : {"[1]", "[{}]", "3", "null", "\"a\"", "", "{\"a\":", "{\"a\":1}}",
                           "{\"\xff\":1}", "{\"a\":1e999}", "{\"a\":nan}"}) {
    CAPTURE(text);
    CHECK(problem(text) == "file: not a JSON object");
  }
  for (const char* opening : {"[", "{\"a\":"}) {
    std::string deep = "{\"a\":";
    for (int i = 0; i < 1'000'000; ++i) deep += opening;
    CHECK(problem(deep) == "file: more than 64 levels of JSON");
  }
}

TEST_CASE("json: accessors take exactly what a key may hold") {
  const auto document = parse_json_object(
      R"({"minus":-1,"half":1.5,"wide":18446744073709551616,"none":null,"list":[1],"yes":true})",
      "f");
  const JsonField root(document, "f");
  for (const char* key : {"minus", "half", "wide", "list", "yes"}) {
    CAPTURE(key);
    CHECK(message_of([&] { root[key].count(9); }).find("must be an integer from 0 to 9, not") !=
          std::string::npos);
  }
  CHECK(root["none"].is_null());
  CHECK(root["none"].count_or(7) == 7);
  CHECK(root["half"].number() == 1.5);
  const auto error = [&](auto&& read) { return message_of([&] { read(root); }); };
  CHECK(error([](auto& r) { r["list"].number(); }) == "f: `list` must be a number, not [1]");
  CHECK(error([](auto& r) { r["half"].flag_or(true); }) ==
        "f: `half` must be true or false, not 1.5");
  CHECK(error([](auto& r) { r["absent"].text(); }) == "f: `absent` is missing");
  CHECK(error([](auto& r) { r["absent"]["x"]; }) == "f: `absent` is missing");
  CHECK(error([](auto& r) { r["list"]["x"]; }) == "f: `list` must be an object, not [1]");
  CHECK(error([](auto& r) { r["yes"].require_false(); }) == "f: `yes` is not supported");
  CHECK(shown(std::string(100, 'x')) == "\"" + std::string(59, 'x') + "...");
}

TEST_CASE("json: a field takes what it can hold unchanged") {
  const json document =
      parse_json_object(R"({"minus":-1,"half":1.5,"one":1,"text":"a","none":null})", "f");
  const JsonField root(document, "f");
  std::uint64_t whole = 0;
  double real = 0;
  std::vector<std::string> texts;
  root["one"].read_into(whole);
  root["one"].read_into(real);
  CHECK(whole == 1);
  CHECK(real == 1);
  CHECK(message_of([&] { root["minus"].read_into(whole); }) == "f: `minus` cannot be -1");
  CHECK(message_of([&] { root["half"].read_into(whole); }) == "f: `half` cannot be 1.5");
  CHECK(message_of([&] { root["text"].read_into(real); }) == "f: `text` cannot be \"a\"");
  CHECK(message_of([&] { root["text"].read_into(texts); }) == "f: `text` cannot be \"a\"");
  CHECK(message_of([&] { root["none"].read_into(whole); }) == "f: `none` is missing");
}
