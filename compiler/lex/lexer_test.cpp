// Tokens, literals and what the lexer refuses.
#include "compiler/lex/lexer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "compiler/lex/utf8.h"

namespace tile {
namespace {

struct Lexed {
  std::string tokens;
  std::string kinds;     // of diagnostics
  std::string messages;  // of diagnostics, one a line
};

Lexed lex_text(std::string text) {
  SourceSet sources;
  FileId file = sources.add("test.tile", std::move(text));
  Diagnostics diagnostics(sources);
  Tokens tokens = lex(sources, file, diagnostics);
  Lexed result{print(sources, file, tokens), {}, {}};
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    if (!result.kinds.empty()) result.kinds += ' ';
    result.kinds += info(diagnostic.kind).name;
    result.messages += diagnostic.message + "\n";
  }
  return result;
}

std::string kinds_of(std::string text) { return lex_text(std::move(text)).kinds; }

TEST_CASE("names, keywords, symbols and places") {
  Lexed lexed = lex_text("let x_1 = a[i +: BM];\n  for k in 0..n {}");
  CHECK(lexed.kinds == "");
  CHECK(lexed.tokens ==
        "1:1 `let`\n1:5 name x_1\n1:9 `=`\n1:11 name a\n1:12 `[`\n1:13 name i\n1:15 `+:`\n"
        "1:18 name BM\n1:20 `]`\n1:21 `;`\n2:3 `for`\n2:7 name k\n2:9 `in`\n2:12 integer 0\n"
        "2:13 `..`\n2:15 name n\n2:17 `{`\n2:18 `}`\n2:19 end of file\n");
}

TEST_CASE("every symbol and keyword is its own token") {
  for (int i = 0; i <= static_cast<int>(TokenKind::Tilde); ++i) {
    auto kind = static_cast<TokenKind>(i);
    if (!is_keyword(kind) && !is_symbol(kind)) continue;
    CAPTURE(text(kind));
    SourceSet sources;
    FileId file = sources.add("t", std::string(text(kind)));
    Diagnostics diagnostics(sources);
    Tokens tokens = lex(sources, file, diagnostics);
    REQUIRE(tokens.size() == 2);
    CHECK(tokens[0].kind == kind);
    CHECK(tokens[0].end == text(kind).size());
    CHECK(describe(sources, file, tokens[0]) == "`" + std::string(text(kind)) + "`");
  }
}

TEST_CASE("numbers") {
  Lexed lexed = lex_text("0 0x7f 0b101 1_000 1.5 1e-5 2E3 0.5e+2");
  CHECK(lexed.kinds == "");
  CHECK(lexed.tokens ==
        "1:1 integer 0\n1:3 integer 0x7f\n1:8 integer 0b101\n1:14 integer 1_000\n1:20 float 1.5\n"
        "1:24 float 1e-5\n1:29 float 2E3\n1:33 float 0.5e+2\n1:39 end of file\n");
  CHECK(integer_value("1_000") == 1000);
  CHECK(integer_value("0xffff_ffff_ffff_ffff") == ~0ull);
  CHECK(integer_value("0b101") == 5);
  CHECK(integer_value("18446744073709551616") == std::nullopt);
  CHECK(float_value("1e-5").single == 1e-5f);
  CHECK(float_value("1_0.2_5").real == 10.25);
  // Rounded once: by way of double this would become 1.
  CHECK(float_value("1.00000005960464488").single == std::nextafter(1.0f, 2.0f));
  CHECK(float_value("1e-45").single == std::numeric_limits<float>::denorm_min());
  CHECK(float_value("0.0").is_in_range);
}

TEST_CASE("numbers out of range and malformed") {
  CHECK(kinds_of("18446744073709551615") == "");
  CHECK(kinds_of("18446744073709551616") == "IntegerOutOfRange");
  CHECK(kinds_of("0x1_0000_0000_0000_0000") == "IntegerOutOfRange");
  CHECK(kinds_of("3.5e38") == "FloatOutOfRange");
  CHECK(kinds_of("1e-60") == "FloatOutOfRange");
  CHECK(kinds_of("1e999999") == "FloatOutOfRange");
  CHECK(lex_text("1.").messages == "malformed number `1.`: a digit must follow the point\n");
  CHECK(lex_text("1e+").messages == "malformed number `1e+`: the exponent has no digits\n");
  CHECK(lex_text("0x").messages == "malformed number `0x`: digits are missing after the prefix\n");
  CHECK(lex_text("007").messages == "malformed number `007`: it starts with 0\n");
  CHECK(lex_text("12abc").messages == "malformed number `12abc`: letters follow the digits\n");
  CHECK(lex_text("0b12").messages == "malformed number `0b12`: letters follow the digits\n");
  CHECK(kinds_of("1_") == "MalformedNumber");
  CHECK(kinds_of("1.5f") == "MalformedNumber");
}

TEST_CASE("strings") {
  CHECK(kinds_of("\"a \\\"b\\\" \\n\\t\\\\ \xc3\xa9\"") == "");
  CHECK(string_value("\"a \\\"b\\\"\\n\\t\\\\\"") == "a \"b\"\n\t\\");
  CHECK(kinds_of("\"abc\nx") == "UnterminatedString");
  CHECK(kinds_of("\"abc") == "UnterminatedString");
  CHECK(kinds_of("\"abc\\") == "UnterminatedString");
  CHECK(kinds_of("\"abc\\\"") == "UnterminatedString");
  CHECK(lex_text("\"\\q\\\xc3\xa9\"").messages ==
        "unknown escape `\\q` in a string\nunknown escape `\\\xc3\xa9` in a string\n");
}

TEST_CASE("comments: plain ones vanish, doc comments stay") {
  Lexed lexed = lex_text("// plain\n/// doc\r\n//// rule\nx // end");
  CHECK(lexed.kinds == "");
  CHECK(lexed.tokens == "2:1 doc comment /// doc\n4:1 name x\n4:9 end of file\n");
  CHECK(kinds_of("/* a\n b */ x") == "BlockComment");
  CHECK(lex_text("/* a\n b */ x").tokens == "2:7 name x\n2:8 end of file\n");
  CHECK(kinds_of("/* a") == "BlockComment");
}

TEST_CASE("line ends, byte order mark and empty files") {
  CHECK(lex_text("").tokens == "1:1 end of file\n");
  CHECK(lex_text("\xef\xbb\xbf").kinds == "");
  CHECK(lex_text("\xef\xbb\xbfx\r\ny\rz").tokens ==
        "1:4 name x\n2:1 name y\n2:3 name z\n2:4 end of file\n");
}

TEST_CASE("characters that are refused") {
  CHECK(lex_text("a \xff").messages == "invalid UTF-8: byte 0xff at offset 2\n");
  CHECK(lex_text(std::string("ab\0c", 4)).messages == "NUL byte at offset 2\n");
  CHECK(lex_text("// \xe2\x80\xae x").messages ==
        "bidirectional control character U+202E is not allowed\n");
  CHECK(lex_text("a @ b").tokens ==
        "1:1 name a\n1:3 invalid token @\n1:5 name b\n1:6 end of file\n");
  CHECK(lex_text("@").messages == "unexpected character `@`\n");
  CHECK(lex_text("\xc3\xa9\xc3\xa9 x").messages == "unexpected character U+00E9\n");
  CHECK(lex_text("\x01").messages == "unexpected character U+0001\n");
  CHECK(kinds_of(std::string(128, 'a')) == "");
  CHECK(lex_text(std::string(129, 'a')).messages ==
        "identifier of 129 bytes is longer than the limit of 128\n");
  CHECK(kinds_of(std::string(file_size_limit, ' ')) == "");
  CHECK(kinds_of(std::string(file_size_limit + 1, ' ')) == "FileTooLarge");
}

TEST_CASE("UTF-8 is decoded strictly") {
  auto length = [](std::string_view bytes) { return decode(bytes, 0).length; };
  CHECK(decode("\xe2\x82\xac", 0).code == 0x20ac);
  CHECK(decode("\xf4\x8f\xbf\xbf", 0).code == 0x10ffff);
  CHECK(length("\xc0\x80") == 0);          // overlong
  CHECK(length("\xe0\x9f\xbf") == 0);      // overlong
  CHECK(length("\xf0\x8f\xbf\xbf") == 0);  // overlong
  CHECK(length("\xed\xa0\x80") == 0);      // surrogate
  CHECK(length("\xf4\x90\x80\x80") == 0);  // past the last plane
  CHECK(length("\xf8\x88\x80\x80") == 0);
  CHECK(length("\x80") == 0);
  CHECK(length("\xc3") == 0);  // cut off
  CHECK(length("\xe2\x82") == 0);
}

TEST_CASE("long tokens are shortened in messages") {
  SourceSet sources;
  FileId file = sources.add("t", std::string(100, 'a'));
  Diagnostics diagnostics(sources);
  Tokens tokens = lex(sources, file, diagnostics);
  CHECK(describe(sources, file, tokens[0]) == "name `" + std::string(40, 'a') + "...`");
}

}  // namespace
}  // namespace tile
