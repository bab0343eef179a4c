// See json.h.
#include "examples/llama/base/json.h"

#include <fmt/format.h>

#include <cmath>
#include <set>
#include <vector>

#include "runtime/device/error.h"

namespace llama {

namespace {

using nlohmann::json;

constexpr std::int64_t max_size = std::int64_t{1} << 31;
constexpr int max_depth = 64;  // printing and destroying a value may recurse

/// Watches the parser: which keys the open objects have had.
class Watch {
 public:
  explicit Watch(const std::string& origin) : origin_(origin) {}

  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    if (depth > max_depth) {
      throw pg::Error(fmt::format("{}: more than {} levels of JSON", origin_, max_depth));
    }
    if (event == json::parse_event_t::object_start) keys_.emplace_back();
    if (event == json::parse_event_t::object_end) keys_.pop_back();
    if (event == json::parse_event_t::key &&
        !keys_.back().insert(parsed.get_ref<const std::string&>()).second) {
      throw pg::Error(fmt::format("{}: key {} twice", origin_, shown(parsed)));
    }
    return true;
  }

 private:
  const std::string& origin_;
  std::vector<std::set<std::string>> keys_;  // of the open objects
};

}  // namespace

json parse_json_object(std::string_view text, const std::string& origin) {
  json object = json::parse(text, Watch(origin), /*allow_exceptions=*/false);
  if (!object.is_object()) throw pg::Error(origin + ": not a JSON object");
  return object;
}

std::string shown(const json& value) {
  constexpr std::size_t longest = 60;
  std::string text = value.dump();
  if (text.size() <= longest) return text;
  std::size_t end = longest;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;  // not inside a character
  return text.substr(0, end) + "...";
}

void JsonKeys::refuse(std::string_view key, const std::string& why) const {
  throw pg::Error(fmt::format("{}: `{}` {}", origin_, key, why));
}

bool JsonKeys::has(const char* key) const {
  const auto found = object_.find(key);
  return found != object_.end() && !found->is_null();
}

const json& JsonKeys::value(const char* key) const {
  if (!has(key)) refuse(key, "is missing");
  return object_[key];
}

JsonKeys JsonKeys::object(const char* key) const {
  const json& inner = value(key);
  if (!inner.is_object()) refuse(key, "must be an object, not " + shown(inner));
  return {inner, fmt::format("{}: {}", origin_, key)};
}

std::int64_t JsonKeys::size(const char* key) const {
  const json& number = value(key);
  if (!number.is_number_unsigned() || number.get<std::uint64_t>() > max_size) {
    refuse(key, fmt::format("must be an integer from 0 to 2^31, not {}", shown(number)));
  }
  return number.get<std::int64_t>();
}

std::int64_t JsonKeys::size_or(const char* key, std::int64_t otherwise) const {
  return has(key) ? size(key) : otherwise;
}

double JsonKeys::number(const char* key) const {
  const json& number = value(key);
  if (!number.is_number()) refuse(key, "must be a number, not " + shown(number));
  return number.get<double>();
}

double JsonKeys::number_or(const char* key, double otherwise) const {
  return has(key) ? number(key) : otherwise;
}

bool JsonKeys::flag_or(const char* key, bool otherwise) const {
  if (!has(key)) return otherwise;
  const json& flag = value(key);
  if (!flag.is_boolean()) refuse(key, "must be true or false, not " + shown(flag));
  return flag.get<bool>();
}

std::string JsonKeys::text(const char* key) const {
  const json& text = value(key);
  if (!text.is_string()) refuse(key, "must be a string, not " + shown(text));
  return text.get<std::string>();
}

void JsonKeys::require_false(const char* key) const {
  if (flag_or(key, false)) refuse(key, "is not supported");
}

void JsonKeys::require_text(const char* key, std::string_view expected) const {
  if (has(key) && text(key) != expected) {
    refuse(key, fmt::format("must be \"{}\", not {}", expected, shown(value(key))));
  }
}

}  // namespace llama
