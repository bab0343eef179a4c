// See json_field.h.
#include "examples/llama/tokenizer/json_field.h"

#include <fmt/format.h>

#include "runtime/device/error.h"

namespace llama {

using nlohmann::json;

namespace {

constexpr std::size_t max_quoted_bytes = 60;

// The value as an error quotes it.
std::string quote(const json& value) {
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/false, json::error_handler_t::replace);
  if (text.size() > max_quoted_bytes) return std::string("this ") + value.type_name();
  return text;
}

}  // namespace

json JsonField::parse(const std::string& bytes, const std::string& origin) {
  json document = json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) throw pg::Error(origin + ": not a JSON object");
  return document;
}

JsonField::JsonField(const json& document, std::string origin)
    : JsonField(&document, std::move(origin), "") {}

JsonField::JsonField(const json* value, std::string origin, std::string path)
    : value_(value), origin_(std::move(origin)), path_(std::move(path)) {}

std::string JsonField::name() const { return fmt::format("{}: `{}`", origin_, path_); }

void JsonField::refuse(std::string_view why) const {
  throw pg::Error(fmt::format("{} {}", name(), why));
}

JsonField JsonField::operator[](const std::string& key) const {
  static const json null;
  if (!value_->is_object()) refuse("must be an object, not " + quote(*value_));
  auto found = value_->find(key);
  return {found == value_->end() ? &null : &*found, origin_,
          path_.empty() ? key : path_ + "." + key};
}

const std::string& JsonField::text() const {
  if (!value_->is_string()) refuse("must be a string, not " + quote(*value_));
  return value_->get_ref<const std::string&>();
}

std::string JsonField::text_or(const std::string& otherwise) const {
  return is_null() ? otherwise : text();
}

bool JsonField::flag() const {
  if (!value_->is_boolean()) refuse("must be true or false, not " + quote(*value_));
  return value_->get<bool>();
}

bool JsonField::flag_or(bool otherwise) const { return is_null() ? otherwise : flag(); }

std::int64_t JsonField::integer(std::int64_t limit) const {
  if (!value_->is_number_unsigned() ||
      value_->get<std::uint64_t>() > static_cast<std::uint64_t>(limit)) {
    refuse(fmt::format("must be an integer from 0 to {}, not {}", limit, quote(*value_)));
  }
  return value_->get<std::int64_t>();
}

std::size_t JsonField::size() const {
  if (!value_->is_array()) refuse("must be a list, not " + quote(*value_));
  return value_->size();
}

void JsonField::each(const std::function<void(const JsonField&)>& visit) const {
  for (std::size_t i = 0; i < size(); ++i) {
    visit({&(*value_)[i], origin_, fmt::format("{}[{}]", path_, i)});
  }
}

void JsonField::each_member(
    const std::function<void(const std::string&, const JsonField&)>& visit) const {
  if (!value_->is_object()) refuse("must be an object, not " + quote(*value_));
  for (auto item = value_->begin(); item != value_->end(); ++item) {
    visit(item.key(), {&*item, origin_, fmt::format("{}[\"{}\"]", path_, item.key())});
  }
}

void JsonField::require_null() const {
  if (!is_null()) refuse("is not supported");
}

void JsonField::require_text(std::string_view allowed) const {
  if (text() != allowed) refuse(fmt::format("must be \"{}\", not {}", allowed, quote(*value_)));
}

}  // namespace llama
