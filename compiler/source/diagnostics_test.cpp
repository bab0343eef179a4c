// Collecting, sorting and rendering.
#include "compiler/source/diagnostics.h"

#include <doctest/doctest.h>

#include <set>

namespace tile {
namespace {

struct Setup {
  SourceSet sources;
  FileId file;
  Diagnostics diagnostics{sources};

  explicit Setup(std::string text) { file = sources.add("a.tile", std::move(text)); }
  Span span(std::uint32_t begin, std::uint32_t end) const { return {file, begin, end}; }
};

TEST_CASE("every kind has a code of its own and a message in house style") {
  std::set<std::string_view> codes;
  for (std::size_t i = 0; i < kind_count(); ++i) {
    const KindInfo& kind = info(static_cast<Kind>(i));
    CAPTURE(kind.name);
    CHECK(codes.insert(kind.code).second);
    CHECK(kind.code.size() == 5);
    CHECK(kind.code.starts_with('T'));
    CHECK_FALSE(kind.message.ends_with('.'));
    char first = kind.message[0];
    CHECK((first == '`' || first == '{' || (first >= 'a' && first <= 'z') ||
           kind.message.starts_with("NUL")));
  }
}

TEST_CASE("a message with range, note and help") {
  Setup setup("let x = a + bc;\nlet y = 1;\n");
  setup.diagnostics.report(setup.span(12, 14), Kind::TypeMismatch, "f32", "i64")
      .note(setup.span(20, 21), "declared here")
      .note("a note without a place")
      .help("write `f32(bc)`");
  CHECK(setup.diagnostics.has_errors());
  CHECK(setup.diagnostics.render(false) ==
        "a.tile:1:13: error[T0301]: expected `f32`, found `i64`\n"
        "let x = a + bc;\n"
        "            ^~\n"
        "a.tile:2:5: note: declared here\n"
        "let y = 1;\n"
        "    ^\n"
        "note: a note without a place\n"
        "help: write `f32(bc)`\n");
  CHECK(setup.diagnostics.render(true).starts_with(
      "a.tile:1:13: \033[1;31merror[T0301]:\033[0m expected"));
}

TEST_CASE("warnings are no errors; no place gives a message alone") {
  Setup setup("x");
  setup.diagnostics.report(setup.span(0, 1), Kind::UnusedVariable, "x");
  CHECK_FALSE(setup.diagnostics.has_errors());
  CHECK(setup.diagnostics.report(Span(), Kind::UnknownKernel, "k").is_new());
  CHECK_FALSE(setup.diagnostics.report(Span(), Kind::UnknownKernel, "k").is_new());
  CHECK(setup.diagnostics.report(Span(), Kind::UnknownKernel, "l").is_new());
  CHECK(setup.diagnostics.render(false) ==
        "a.tile:1:1: warning[T0410]: `x` is never used\nx\n^\n"
        "error[T0209]: unknown kernel `k`\nerror[T0209]: unknown kernel `l`\n");
}

TEST_CASE("sorted by place, repeated mistakes once") {
  Setup setup("a b c");
  setup.diagnostics.report(setup.span(4, 5), Kind::UnknownName, "c");
  setup.diagnostics.report(setup.span(0, 1), Kind::UnknownName, "a");
  setup.diagnostics.report(setup.span(4, 5), Kind::UnknownName, "c").help("dropped");
  CHECK(setup.diagnostics.error_count() == 2);
  CHECK(setup.diagnostics.render(false) ==
        "a.tile:1:1: error[T0201]: unknown name `a`\na b c\n^\n"
        "a.tile:1:5: error[T0201]: unknown name `c`\na b c\n    ^\n");
}

TEST_CASE("twenty are shown, a thousand kept, all counted") {
  Setup setup(std::string(5000, 'x'));
  for (std::uint32_t i = 0; i < 5000; ++i) {
    setup.diagnostics.report(setup.span(i, i + 1), Kind::UnknownName, i);
  }
  CHECK(setup.diagnostics.error_count() == 5000);
  CHECK(setup.diagnostics.all().size() == 1000);
  CHECK(setup.diagnostics.is_full());
  std::string text = setup.diagnostics.render(false);
  CHECK(text.ends_with("\n4980 more not shown\n"));
  CHECK(text.find("name `19`") != std::string::npos);
  CHECK(text.find("name `20`") == std::string::npos);
}

TEST_CASE("tabs, wide characters, line ends and long lines keep the caret in place") {
  Setup tabs("\tx = y;\r\n");
  tabs.diagnostics.report(tabs.span(5, 6), Kind::UnknownName, "y");
  CHECK(tabs.diagnostics.render(false) ==
        "a.tile:1:6: error[T0201]: unknown name `y`\n        x = y;\n            ^\n");

  Setup accents("\xc3\xa9\xc3\xa9 = y; // \xe2\x80\xae");
  accents.diagnostics.report(accents.span(7, 8), Kind::UnknownName, "y");
  CHECK(accents.diagnostics.render(false) ==
        "a.tile:1:8: error[T0201]: unknown name `y`\n"
        "\xc3\xa9\xc3\xa9 = y; // \xef\xbf\xbd\n     ^\n");

  Setup wide(std::string(10'000, ' ') + "y" + std::string(10'000, ' '));
  wide.diagnostics.report(wide.span(10'000, 10'001), Kind::UnknownName, "y");
  std::string text = wide.diagnostics.render(false);
  CHECK(text.size() < 400);
  CHECK(text.find("\n" + std::string(80, ' ') + "^\n") != std::string::npos);
}

TEST_CASE("ranges over several lines, at the end and empty ones") {
  Setup setup("a = f(\n  x);\n");
  setup.diagnostics.report(setup.span(4, 11), Kind::UnknownName, "f");
  setup.diagnostics.report(setup.span(13, 13), Kind::ExpectedToken, "`}`", "end of file");
  setup.diagnostics.report(setup.span(6, 6), Kind::ExpectedToken, "a", "b");
  CHECK(setup.diagnostics.render(false) ==
        "a.tile:1:5: error[T0201]: unknown name `f`\na = f(\n    ^~\n"
        "a.tile:1:7: error[T0101]: expected a, found b\na = f(\n      ^\n"
        "a.tile:3:1: error[T0101]: expected `}`, found end of file\n\n^\n");
}

TEST_CASE("bytes that are not text are shown as a replacement") {
  Setup setup("a\xff\x01z");
  setup.diagnostics.report(setup.span(1, 2), Kind::InvalidUtf8, 0xff, 1);
  CHECK(setup.diagnostics.render(false) ==
        "a.tile:1:2: error[T0001]: invalid UTF-8: byte 0xff at offset 1\n"
        "a\xef\xbf\xbd\xef\xbf\xbdz\n ^\n");
}

TEST_CASE("did you mean") {
  std::vector<std::string_view> names = {"sum", "rsqrt", "sqrt", "ceil_div", "program"};
  CHECK(nearest_name("ceildiv", names) == "ceil_div");
  CHECK(nearest_name("progam", names) == "program");
  CHECK(nearest_name("sqr", names) == "sqrt");
  CHECK(nearest_name("sqtr", {"sqrt"}) == "");  // two changes in four letters
  CHECK(nearest_name("chekc", {"check"}) == "check");
  CHECK(nearest_name("matmul", names) == "");
  CHECK(nearest_name("x", names) == "");
}

}  // namespace
}  // namespace tile
