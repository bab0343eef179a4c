// See safetensors_header.h.
#include "runtime/nn/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

namespace pg::nn {
namespace {

constexpr std::size_t kLongestName = 1024;

/// Receives the parser's events. The grammar is small: an object of tensors, each an object of
/// dtype, shape and data_offsets, and one object of strings, __metadata__. Anything else stops with
/// `error`.
class HeaderEvents : public nlohmann::json_sax<nlohmann::json> {
 public:
  SafetensorsHeader header;
  std::string error;

  bool start_object(std::size_t) override {
    if (place_ == Place::Start) return go(Place::Names);
    if (place_ == Place::TensorValue) return go(Place::Fields);
    if (place_ == Place::MetadataValue) return go(Place::MetadataKeys);
    return unexpected("an object");
  }

  bool end_object() override {
    if (place_ == Place::Names) return go(Place::End);
    if (place_ == Place::MetadataKeys) return go(Place::Names);
    return end_tensor();  // the parser itself matches braces
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::FieldValue || field_ == "dtype") return unexpected("an array");
    return go(Place::Numbers);
  }

  bool end_array() override {
    if (field_ == "data_offsets" && numbers_.size() != 2) {
      return stop(
          fmt::format("tensor `{}`: data_offsets has {} numbers, not 2", name_, numbers_.size()));
    }
    return go(Place::Fields);
  }

  bool key(string_t& text) override {
    if (place_ == Place::Names) return tensor_name(text);
    if (place_ == Place::MetadataKeys) {
      metadata_key_ = text;
      if (header.metadata.contains(text))
        return stop(fmt::format("__metadata__: key `{}` twice", text));
      place_ = Place::MetadataString;
      return true;
    }
    if (text != "dtype" && text != "shape" && text != "data_offsets") {
      return stop(fmt::format("tensor `{}`: unknown field `{}`", name_, text));
    }
    if (!fields_.insert(text).second) {
      return stop(fmt::format("tensor `{}`: field `{}` twice", name_, text));
    }
    field_ = text;
    numbers_.clear();
    return go(Place::FieldValue);
  }

  bool string(string_t& text) override {
    if (place_ == Place::MetadataString) {
      header.metadata[metadata_key_] = text;
      return go(Place::MetadataKeys);
    }
    if (place_ != Place::FieldValue || field_ != "dtype") return unexpected("a string");
    if (!safetensors_element_bits(text)) {
      return stop(fmt::format("tensor `{}`: unknown dtype `{}`", name_, text));
    }
    entry_.element = text;
    return go(Place::Fields);
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ != Place::Numbers) return unexpected("a number");
    if (value > INT64_MAX) return bad_number(std::to_string(value));
    numbers_.push_back(static_cast<std::int64_t>(value));
    if (field_ == "shape") {
      entry_.shape = numbers_;
    } else {
      (numbers_.size() == 1 ? entry_.begin : entry_.end) = value;
    }
    return true;
  }

  bool number_integer(number_integer_t value) override { return bad_number(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& text) override { return bad_number(text); }
  bool boolean(bool value) override { return bad_number(value ? "true" : "false"); }
  bool null() override { return bad_number("null"); }
  bool binary(binary_t&) override { return unexpected("binary data"); }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return stop(fmt::format("the header is not valid JSON at byte {}", position));
  }

 private:
  enum class Place {
    Start,
    Names,
    TensorValue,
    Fields,
    FieldValue,
    Numbers,
    MetadataValue,
    MetadataKeys,
    MetadataString,
    End,
  };

  bool go(Place place) {
    place_ = place;
    return true;
  }
  bool stop(std::string message) {
    if (error.empty()) error = std::move(message);
    return false;
  }
  std::string where() const {
    switch (place_) {
      case Place::Start:
      case Place::Names:
      case Place::End:
        return "the header";
      case Place::TensorValue:
      case Place::Fields:
        return fmt::format("tensor `{}`", name_);
      case Place::FieldValue:
      case Place::Numbers:
        return fmt::format("tensor `{}`: {}", name_, field_);
      case Place::MetadataValue:
      case Place::MetadataKeys:
      case Place::MetadataString:
        return "__metadata__";
    }
    return "the header";
  }
  bool unexpected(std::string_view what) {
    return stop(fmt::format("{}: {} is not allowed here", where(), what));
  }
  bool bad_number(std::string_view text) {
    if (place_ != Place::Numbers) return unexpected(text);
    return stop(fmt::format("tensor `{}`: {} holds {}, not a whole number of at most 63 bits",
                            name_, field_, text));
  }

  bool tensor_name(const std::string& text) {
    if (!names_.insert(text).second) return stop(fmt::format("name `{}` twice", text));
    if (text == "__metadata__") return go(Place::MetadataValue);
    if (text.empty() || text.size() > kLongestName) {
      return stop(fmt::format("a tensor's name has {} bytes; 1 to {} are allowed", text.size(),
                              kLongestName));
    }
    // A name may end up in a path or on a terminal.
    const bool has_control =
        std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    if (has_control || text.front() == '/' || text.find("../") != std::string::npos ||
        text.ends_with("..")) {
      return stop(fmt::format("tensor name {} is refused", nlohmann::json(text).dump()));
    }
    name_ = text;
    entry_ = {};
    entry_.name = text;
    fields_.clear();
    return go(Place::TensorValue);
  }

  bool end_tensor() {
    for (const char* field : {"dtype", "shape", "data_offsets"}) {
      if (!fields_.contains(field))
        return stop(fmt::format("tensor `{}`: no field `{}`", name_, field));
    }
    header.entries.push_back(std::move(entry_));
    return go(Place::Names);
  }

  Place place_ = Place::Start;
  std::string name_, field_, metadata_key_;
  SafetensorsEntry entry_;
  std::vector<std::int64_t> numbers_;
  std::set<std::string> names_, fields_;
};

/// What is wrong with the entry by itself, or nothing.
std::string problem_of(const SafetensorsEntry& entry, std::uint64_t data_bytes) {
  std::uint64_t bits = *safetensors_element_bits(entry.element);
  bool is_empty = false;
  bool overflows = false;
  for (std::int64_t size : entry.shape) {
    is_empty |= size == 0;
    overflows |= __builtin_mul_overflow(
        bits, static_cast<std::uint64_t>(std::max<std::int64_t>(size, 1)), &bits);
  }
  const std::string shape = fmt::format("[{}]", fmt::join(entry.shape, ", "));
  if (overflows) return fmt::format("shape {} of {} overflows 64 bits", shape, entry.element);
  if (is_empty) bits = 0;
  if (entry.begin > entry.end) {
    return fmt::format("data_offsets [{}, {}] run backwards", entry.begin, entry.end);
  }
  if (entry.end > data_bytes) {
    return fmt::format("data_offsets [{}, {}] end behind the file's {} bytes of data", entry.begin,
                       entry.end, data_bytes);
  }
  if (bits % 8 != 0 || entry.end - entry.begin != bits / 8) {
    return fmt::format("{} {} needs {} bytes, data_offsets [{}, {}] hold {}", entry.element, shape,
                       bits / 8, entry.begin, entry.end, entry.end - entry.begin);
  }
  return {};
}

}  // namespace

std::optional<std::uint64_t> safetensors_element_bits(std::string_view element) {
  constexpr std::pair<std::string_view, std::uint64_t> kTypes[] = {
      {"BOOL", 8}, {"U8", 8},   {"I8", 8},   {"F8_E5M2", 8}, {"F8_E4M3", 8},
      {"I16", 16}, {"U16", 16}, {"F16", 16}, {"BF16", 16},   {"I32", 32},
      {"U32", 32}, {"F32", 32}, {"I64", 64}, {"U64", 64},    {"F64", 64},
  };
  for (const auto& [name, bits] : kTypes) {
    if (name == element) return bits;
  }
  return std::nullopt;
}

std::expected<SafetensorsHeader, std::string> parse_safetensors_header(std::string_view json,
                                                                       std::uint64_t data_bytes) {
  if (json.empty() || json.front() != '{')
    return std::unexpected("the header does not open with `{`");
  HeaderEvents events;
  const bool parsed = nlohmann::json::sax_parse(json, &events);
  if (!events.error.empty()) return std::unexpected(events.error);
  if (!parsed) return std::unexpected("the header is not valid JSON");
  SafetensorsHeader header = std::move(events.header);

  std::uint64_t covered = 0;
  for (const SafetensorsEntry& entry : header.entries) {
    const std::string problem = problem_of(entry, data_bytes);
    if (!problem.empty())
      return std::unexpected(fmt::format("tensor `{}`: {}", entry.name, problem));
  }
  std::ranges::sort(header.entries, [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  for (const SafetensorsEntry& entry : header.entries) {
    if (entry.begin < covered) {
      return std::unexpected(fmt::format(
          "tensor `{}`: data_offsets [{}, {}] overlap the tensor before, which ends at {}",
          entry.name, entry.begin, entry.end, covered));
    }
    if (entry.begin > covered) {
      return std::unexpected(
          fmt::format("tensor `{}`: data_offsets [{}, {}] leave a hole from byte {}", entry.name,
                      entry.begin, entry.end, covered));
    }
    covered = entry.end;
  }
  if (covered != data_bytes) {
    return std::unexpected(
        fmt::format("the tensors end at byte {} of {} bytes of data", covered, data_bytes));
  }
  return header;
}

}  // namespace pg::nn
