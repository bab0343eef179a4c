// JSON from files that are not trusted: parsed strictly, and read value by value. Every error names
// where the document came from and the path in it: "tokenizer.json: `model.merges[7]` must be a
// string". nlohmann's own accessors convert silently (-1 to 2^64 - 1, 1.9 to 1), its parser lets
// the last of two equal keys win, and printing or copying a value recurses; none of that here.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace llama {

/// An object without duplicate keys, at most 64 levels deep; or else why it is none.
std::expected<nlohmann::json, std::string> try_parse_json_object(std::string_view text);
/// The same; throws pg::Error "<origin>: <why>".
nlohmann::json parse_json_object(std::string_view text, const std::string& origin);

/// The value as text for a message, cut when it is long.
std::string shown(const nlohmann::json& value);

/// One value of a document with its path. Accessors accept exactly what the key may hold; null
/// counts as absent.
class JsonField {
 public:
  /// Keeps a reference to the document.
  JsonField(const nlohmann::json& document, std::string origin);

  /// The member of that name; a missing one is null. Throws pg::Error unless this is an object.
  JsonField operator[](const std::string& key) const;
  bool is_null() const { return value_->is_null(); }
  bool is_text() const { return value_->is_string(); }

  /// Each throws pg::Error when the value is missing or something else.
  const std::string& text() const;
  std::string text_or(const std::string& otherwise) const;
  bool flag() const;
  bool flag_or(bool otherwise) const;
  std::uint64_t integer(std::uint64_t limit) const;  // from 0 to limit
  std::int64_t count(std::int64_t limit = INT64_MAX) const;
  std::int64_t count_or(std::int64_t otherwise, std::int64_t limit = INT64_MAX) const;
  double number() const;
  double number_or(double otherwise) const;
  const nlohmann::json& object() const;
  std::size_t size() const;                                             // of a list
  void each(const std::function<void(const JsonField&)>& visit) const;  // of a list
  void each_member(
      const std::function<void(const std::string& key, const JsonField&)>& visit) const;

  /// Into a field of any type that nlohmann converts to; a value that would change on the way is
  /// refused.
  template <class T>
  void read_into(T& field) const {
    try {
      value_->get_to(field);
    } catch (const nlohmann::json::exception&) {
      refuse_kind();
    }
    const nlohmann::json taken = field;
    const bool lost_its_sign = taken.is_number_unsigned() && !value_->is_number_unsigned();
    if (taken != *value_ || lost_its_sign) refuse_kind();
  }

  /// "origin: `path`", as errors open.
  std::string name() const;
  /// Throws "origin: `path` why".
  [[noreturn]] void refuse(std::string_view why) const;
  /// Refuses a value other than null, than null and false, or than what `allowed` says.
  void require_null() const;
  void require_false() const;
  void require_text(std::string_view allowed) const;

 private:
  JsonField(const nlohmann::json* value, std::string origin, std::string path);
  [[noreturn]] void refuse_other_than(std::string_view kind) const;
  [[noreturn]] void refuse_kind() const;

  const nlohmann::json* value_;  // of the document, which outlives this
  std::string origin_, path_;
};

}  // namespace llama
