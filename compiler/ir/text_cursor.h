// A cursor over IR text: words, %names, strings and punctuation, with the first error kept. After
// an error every question answers "no" and every item is empty, so that callers need not check each
// step.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "compiler/ir/type.h"

namespace tile::ir {

class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : text_(text) {}

  bool ok() const { return error_.empty(); }
  const std::string& error() const { return error_; }
  int error_line() const { return error_line_; }
  void fail(std::string message);

  bool at_end();
  /// Whether `expected` comes next; does not consume.
  bool sees(std::string_view expected);
  /// Consumes `expected` when it comes next (a whole word, when it is one).
  bool take(std::string_view expected);
  /// As take, but an error when something else comes.
  void expect(std::string_view expected);

  std::string_view word();         // letters, digits, _ and .
  std::string_view number_text();  // "-1.5e-05", "0x7fc00000", "true"
  std::int64_t integer();
  std::string_view value_name();  // what follows %
  std::string quoted();
  std::string_view until_closing_angle();  // after "<": text up to its ">", which is consumed

  Type type();  // of a tile: "f32[64, 32]"
  ElementType element_type();

 private:
  void skip_space();
  std::string_view rest() const { return text_.substr(at_); }
  template <class Accepts>
  std::string_view run(const char* what, Accepts accepts);

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t consumed_ = 0;  // end of the last item taken: where an error is reported
  std::string error_;
  int error_line_ = 0;
};

}  // namespace tile::ir
