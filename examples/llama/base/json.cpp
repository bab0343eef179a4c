// See json.h.
#include "examples/llama/base/json.h"

#include <fmt/format.h>

#include <vector>

#include "runtime/device/error.h"

namespace llama {

namespace {

using nlohmann::json;

constexpr std::size_t max_depth = 64;  // printing and copying a value recurse

/// Builds the document from the parser's events, and stops at what json.h refuses.
class Builder : public nlohmann::json_sax<json> {
 public:
  json root;
  std::string error = "not a JSON object";

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(std::int64_t value) override { return add(value); }
  bool number_unsigned(std::uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string&) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return !open_.empty() && open(json::array()); }
  bool end_array() override { return close(); }

  bool key(std::string& name) override {
    const auto [member, is_new] = open_.back()->emplace(std::move(name), nullptr);
    if (!is_new) error = fmt::format("key {} twice", shown(member.key()));
    member_ = &*member;
    return is_new;
  }

  bool parse_error(std::size_t, const std::string&, const json::exception&) override {
    return false;
  }

 private:
  bool add(json value) {
    if (open_.empty()) return false;  // not an object
    place(std::move(value));
    return true;
  }

  bool open(json value) {
    if (open_.size() == max_depth) {
      error = fmt::format("more than {} levels of JSON", max_depth);
      return false;
    }
    open_.push_back(&place(std::move(value)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  json& place(json value) {
    if (open_.empty()) return root = std::move(value);
    if (open_.back()->is_array()) return open_.back()->emplace_back(std::move(value));
    return *member_ = std::move(value);
  }

  std::vector<json*> open_;  // the innermost last; no list grows while one of its elements is open
  json* member_ = nullptr;   // whose value comes next
};

}  // namespace

std::expected<json, std::string> try_parse_json_object(std::string_view text) {
  Builder builder;
  if (!json::sax_parse(text, &builder)) return std::unexpected(std::move(builder.error));
  return std::move(builder.root);
}

json parse_json_object(std::string_view text, const std::string& origin) {
  auto object = try_parse_json_object(text);
  if (!object) throw pg::Error(fmt::format("{}: {}", origin, object.error()));
  return std::move(*object);
}

std::string shown(const json& value) {
  constexpr std::size_t longest = 60;
  std::string text = value.dump();
  if (text.size() <= longest) return text;
  std::size_t end = longest;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;  // not inside a character
  return text.substr(0, end) + "...";
}

JsonField::JsonField(const json& document, std::string origin)
    : JsonField(&document, std::move(origin), "") {}

JsonField::JsonField(const json* value, std::string origin, std::string path)
    : value_(value), origin_(std::move(origin)), path_(std::move(path)) {}

std::string JsonField::name() const { return fmt::format("{}: `{}`", origin_, path_); }

void JsonField::refuse(std::string_view why) const {
  throw pg::Error(fmt::format("{} {}", name(), why));
}

void JsonField::refuse_other_than(std::string_view kind) const {
  if (is_null()) refuse("is missing");
  refuse(fmt::format("must be {}, not {}", kind, shown(*value_)));
}

void JsonField::refuse_kind() const {
  if (is_null()) refuse("is missing");
  refuse(fmt::format("cannot be {}", shown(*value_)));
}

const json& JsonField::object() const {
  if (!value_->is_object()) refuse_other_than("an object");
  return *value_;
}

JsonField JsonField::operator[](const std::string& key) const {
  static const json null;
  const auto found = object().find(key);
  return {found == value_->end() ? &null : &*found, origin_,
          path_.empty() ? key : path_ + "." + key};
}

const std::string& JsonField::text() const {
  if (!value_->is_string()) refuse_other_than("a string");
  return value_->get_ref<const std::string&>();
}

std::string JsonField::text_or(const std::string& otherwise) const {
  return is_null() ? otherwise : text();
}

bool JsonField::flag() const {
  if (!value_->is_boolean()) refuse_other_than("true or false");
  return value_->get<bool>();
}

bool JsonField::flag_or(bool otherwise) const { return is_null() ? otherwise : flag(); }

std::uint64_t JsonField::integer(std::uint64_t limit) const {
  if (!value_->is_number_unsigned() || value_->get<std::uint64_t>() > limit) {
    refuse_other_than(fmt::format("an integer from 0 to {}", limit));
  }
  return value_->get<std::uint64_t>();
}

std::int64_t JsonField::count(std::int64_t limit) const {
  return static_cast<std::int64_t>(integer(static_cast<std::uint64_t>(limit)));
}

std::int64_t JsonField::count_or(std::int64_t otherwise, std::int64_t limit) const {
  return is_null() ? otherwise : count(limit);
}

double JsonField::number() const {
  if (!value_->is_number()) refuse_other_than("a number");
  return value_->get<double>();
}

double JsonField::number_or(double otherwise) const { return is_null() ? otherwise : number(); }

std::size_t JsonField::size() const {
  if (!value_->is_array()) refuse_other_than("a list");
  return value_->size();
}

void JsonField::each(const std::function<void(const JsonField&)>& visit) const {
  for (std::size_t i = 0; i < size(); ++i) {
    visit({&(*value_)[i], origin_, fmt::format("{}[{}]", path_, i)});
  }
}

void JsonField::each_member(
    const std::function<void(const std::string&, const JsonField&)>& visit) const {
  for (auto item = object().begin(); item != value_->end(); ++item) {
    visit(item.key(), {&*item, origin_, fmt::format("{}[\"{}\"]", path_, item.key())});
  }
}

void JsonField::require_null() const {
  if (!is_null()) refuse("is not supported");
}

void JsonField::require_false() const {
  if (flag_or(false)) refuse("is not supported");
}

void JsonField::require_text(std::string_view allowed) const {
  if (text() != allowed) refuse_other_than(fmt::format("\"{}\"", allowed));
}

}  // namespace llama
