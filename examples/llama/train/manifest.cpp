// See manifest.h.
#include "examples/llama/train/manifest.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/device/error.h"
#include "runtime/nn/hash.h"

namespace llama {

namespace {

using nlohmann::json;

constexpr int format_version = 1;
constexpr std::string_view opening = "{\"hash\": \"", after_hash = "\", \"manifest\":\n",
                           closing = "\n}\n";
constexpr std::size_t hash_digits = 32;
constexpr int deepest = 8;

const json& member(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) throw pg::Error(fmt::format("field `{}` is missing", name));
  return *found;
}

std::uint64_t whole_number(const json& object, const char* name) {
  const json& value = member(object, name);
  if (!value.is_number_unsigned()) {
    throw pg::Error(fmt::format("field `{}` is not a whole number", name));
  }
  return value.get<std::uint64_t>();
}

std::int64_t count(const json& object, const char* name) {
  const std::uint64_t value = whole_number(object, name);
  if (value > std::uint64_t{INT64_MAX}) {
    throw pg::Error(fmt::format("field `{}` is {}, too large", name, value));
  }
  return static_cast<std::int64_t>(value);
}

std::string text(const json& object, const char* name) {
  const json& value = member(object, name);
  if (!value.is_string()) throw pg::Error(fmt::format("field `{}` is not a text", name));
  return value.get<std::string>();
}

const json& object(const json& parent, const char* name) {
  const json& value = member(parent, name);
  if (!value.is_object()) throw pg::Error(fmt::format("field `{}` is not an object", name));
  return value;
}

// A name that cannot leave the checkpoint's folder.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace

std::string to_text(const Manifest& m) {
  json files = json::object();
  for (const auto& [name, seal] : m.files) {
    files[name] = {{"bytes", seal.bytes}, {"xxh3_128", seal.hash}};
  }
  json body = {
      {"format", format_version},
      {"code", m.code},
      {"step", m.step},
      {"skipped", m.skipped},
      {"data", {{"seed", m.data.seed}, {"epoch", m.data.epoch}, {"index", m.data.index}}},
      {"data_hash", m.data_hash},
      {"weights_hash", m.weights_hash},
      {"settings", m.settings},
      {"files", files},
  };
  if (m.validation_loss) body["validation_loss"] = *m.validation_loss;
  const std::string rest = body.dump(1);
  return fmt::format("{}{}{}{}{}", opening, pg::nn::hash_of(rest), after_hash, rest, closing);
}

Manifest parse_manifest(std::string_view text) {
  const std::size_t body = opening.size() + hash_digits + after_hash.size();
  const bool has_frame = text.size() >= body + closing.size() && text.starts_with(opening) &&
                         text.substr(body - after_hash.size()).starts_with(after_hash) &&
                         text.ends_with(closing);
  if (!has_frame) throw pg::Error("not a manifest, or a part of one");
  const std::string_view rest = text.substr(body, text.size() - body - closing.size());
  if (pg::nn::hash_of(rest) != text.substr(opening.size(), hash_digits)) {
    throw pg::Error("damaged: its hash is not that of its content");
  }
  return parse_manifest_body(rest);
}

Manifest parse_manifest_body(std::string_view text_of_body) {
  // Copying what is nested without end would exhaust the stack.
  const auto check_depth = [](int depth, json::parse_event_t, const json&) {
    if (depth > deepest) throw pg::Error(fmt::format("nested more than {} deep", deepest));
    return true;
  };
  const json body = json::parse(text_of_body, check_depth, false);
  if (!body.is_object()) throw pg::Error("not a JSON object");
  if (const std::uint64_t format = whole_number(body, "format"); format != format_version) {
    throw pg::Error(fmt::format("format {}, this program reads format {}", format, format_version));
  }
  Manifest m;
  m.code = text(body, "code");
  m.step = count(body, "step");
  m.skipped = count(body, "skipped");
  const json& data = object(body, "data");
  m.data = {whole_number(data, "seed"), count(data, "epoch"), count(data, "index")};
  m.data_hash = text(body, "data_hash");
  m.weights_hash = text(body, "weights_hash");
  if (const auto loss = body.find("validation_loss"); loss != body.end()) {
    if (!loss->is_number()) throw pg::Error("field `validation_loss` is not a number");
    m.validation_loss = loss->get<double>();
  }
  m.settings = object(body, "settings");
  for (const auto& [name, seal] : object(body, "files").items()) {
    if (!is_plain_name(name) || !seal.is_object()) {
      throw pg::Error(fmt::format("files: `{}` is not the plain name of a file", name));
    }
    m.files[name] = {whole_number(seal, "bytes"), text(seal, "xxh3_128")};
  }
  return m;
}

}  // namespace llama
