// JSON from files that are not trusted: parsed strictly and read by key. Every error names where
// the object came from and the key. nlohmann's own accessors convert silently (-1 to 2^64 - 1, 1.9
// to 1) and its parser lets the last of two equal keys win; neither happens here.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace llama {

/// An object, without duplicate keys, at most 64 levels deep. Throws pg::Error "<origin>: ...".
nlohmann::json parse_json_object(std::string_view text, const std::string& origin);

/// The value as text for a message, cut when it is long.
std::string shown(const nlohmann::json& value);

/// Accessors that accept exactly what the key may hold. A key that holds null counts as absent.
class JsonKeys {
 public:
  /// Keeps a reference to the object.
  JsonKeys(const nlohmann::json& object, std::string origin)
      : object_(object), origin_(std::move(origin)) {}

  const std::string& origin() const { return origin_; }
  [[noreturn]] void refuse(std::string_view key, const std::string& why) const;

  bool has(const char* key) const;
  /// Error unless it is there and an object.
  JsonKeys object(const char* key) const;
  /// 0 to 2^31.
  std::int64_t size(const char* key) const;
  std::int64_t size_or(const char* key, std::int64_t otherwise) const;
  double number(const char* key) const;
  double number_or(const char* key, double otherwise) const;
  bool flag_or(const char* key, bool otherwise) const;
  std::string text(const char* key) const;
  /// Error when the key holds anything else.
  void require_false(const char* key) const;
  void require_text(const char* key, std::string_view expected) const;

 private:
  const nlohmann::json& value(const char* key) const;

  const nlohmann::json& object_;
  std::string origin_;
};

}  // namespace llama
