// One value of a JSON document with its path, so that every error names both: "tokenizer.json:
// `model.merges[7]` must be a string". Accessors accept exactly what the key may hold.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace llama {

class JsonField {
 public:
  /// Throws pg::Error unless `bytes` are a JSON object.
  static nlohmann::json parse(const std::string& bytes, const std::string& origin);
  JsonField(const nlohmann::json& document, std::string origin);

  /// The member of that name; a missing one is null.
  JsonField operator[](const std::string& key) const;
  bool is_null() const { return value_->is_null(); }
  bool is_text() const { return value_->is_string(); }
  bool is_list() const { return value_->is_array(); }

  /// Each throws pg::Error when the value is something else.
  const std::string& text() const;
  std::string text_or(const std::string& otherwise) const;
  bool flag() const;
  bool flag_or(bool otherwise) const;
  std::int64_t integer(std::int64_t limit) const;                       // from 0 to limit
  std::size_t size() const;                                             // of a list
  void each(const std::function<void(const JsonField&)>& visit) const;  // of a list
  void each_member(
      const std::function<void(const std::string& key, const JsonField&)>& visit) const;

  /// "origin: `path`", as errors open.
  std::string name() const;
  /// Throws "origin: `path` why".
  [[noreturn]] void refuse(std::string_view why) const;
  /// Refuses a value other than null, or than what `allowed` says.
  void require_null() const;
  void require_text(std::string_view allowed) const;

 private:
  JsonField(const nlohmann::json* value, std::string origin, std::string path);

  const nlohmann::json* value_;  // of the document, which outlives this
  std::string origin_, path_;
};

}  // namespace llama
