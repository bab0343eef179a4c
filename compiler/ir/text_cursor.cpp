// See text_cursor.h.
#include "compiler/ir/text_cursor.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace tile::ir {

namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
}

}  // namespace

void TextCursor::fail(std::string message) {
  if (!ok()) return;
  const std::string_view before = text_.substr(0, consumed_);
  error_line_ = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  error_ = std::move(message);
}

void TextCursor::skip_space() {
  while (at_ < text_.size()) {
    if (rest().starts_with("//")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t') {
      ++at_;
    } else {
      return;
    }
  }
}

bool TextCursor::at_end() {
  skip_space();
  return at_ == text_.size();
}

bool TextCursor::sees(std::string_view expected) {
  if (!ok()) return false;
  skip_space();
  if (!rest().starts_with(expected)) return false;
  const std::size_t end = at_ + expected.size();
  return !is_word(expected.back()) || end == text_.size() || !is_word(text_[end]);
}

bool TextCursor::take(std::string_view expected) {
  if (!sees(expected)) return false;
  at_ += expected.size();
  consumed_ = at_;
  return true;
}

void TextCursor::expect(std::string_view expected) {
  if (!ok() || take(expected)) return;
  const std::string_view line = rest().substr(0, std::min<std::size_t>(rest().find('\n'), 24));
  fail(fmt::format("expected `{}` before `{}`", expected, line));
}

template <class Accepts>
std::string_view TextCursor::run(const char* what, Accepts accepts) {
  if (!ok()) return {};
  skip_space();
  const std::size_t begin = at_;
  while (at_ < text_.size() && accepts(text_[at_])) ++at_;
  consumed_ = at_;
  if (at_ == begin) fail(fmt::format("expected {}", what));
  return text_.substr(begin, at_ - begin);
}

std::string_view TextCursor::word() { return run("a word", is_word); }

std::string_view TextCursor::number_text() {
  return run("a number", [](char c) { return is_word(c) || c == '-' || c == '+'; });
}

std::int64_t TextCursor::integer() {
  const std::string_view text = number_text();
  std::int64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) {
    fail(fmt::format("expected an integer, not `{}`", text));
  }
  return value;
}

std::string_view TextCursor::value_name() {
  expect("%");
  return word();
}

std::string TextCursor::quoted() {
  expect("\"");
  std::string value;
  while (ok() && at_ < text_.size() && text_[at_] != '"') {
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
      ++at_;
      value += text_[at_] == 'n' ? '\n' : text_[at_];
    } else {
      value += text_[at_];
    }
    ++at_;
  }
  expect("\"");
  return value;
}

std::string_view TextCursor::until_closing_angle() {
  const std::size_t begin = at_;
  int depth = 1;
  for (; at_ < text_.size() && ok(); ++at_) {
    if (text_[at_] == '<') ++depth;
    if (text_[at_] == '>' && --depth == 0) return text_.substr(begin, at_++ - begin);
  }
  fail("`<` without `>`");
  return {};
}

ElementType TextCursor::element_type() {
  const std::string_view text = word();
  const auto element = element_type_from_name(text);
  if (ok() && !element) fail(fmt::format("unknown element type `{}`", text));
  return element.value_or(ElementType::F32);
}

Type TextCursor::type() {
  const ElementType element = element_type();
  Shape shape;
  if (take("[")) {
    do shape.push_back(integer());
    while (take(","));
    expect("]");
  }
  return Type::tile(element, std::move(shape));
}

}  // namespace tile::ir
