// See manifest.h.
#include "examples/llama/train/manifest.h"

#include <fmt/format.h>

#include <algorithm>

#include "examples/llama/base/json.h"
#include "runtime/device/error.h"
#include "runtime/nn/hash.h"

namespace llama {

namespace {

using nlohmann::json;

constexpr int format_version = 1;
constexpr std::string_view opening = "{\"hash\": \"", after_hash = "\", \"manifest\":\n",
                           closing = "\n}\n";
constexpr std::size_t hash_digits = 32;

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

Manifest parse_manifest(std::string_view text, const std::string& origin) {
  const std::size_t body = opening.size() + hash_digits + after_hash.size();
  const bool has_frame = text.size() >= body + closing.size() && text.starts_with(opening) &&
                         text.substr(body - after_hash.size()).starts_with(after_hash) &&
                         text.ends_with(closing);
  if (!has_frame) throw pg::Error(origin + ": not a manifest, or a part of one");
  const std::string_view rest = text.substr(body, text.size() - body - closing.size());
  if (pg::nn::hash_of(rest) != text.substr(opening.size(), hash_digits)) {
    throw pg::Error(origin + ": damaged: its hash is not that of its content");
  }
  return parse_manifest_body(rest, origin);
}

Manifest parse_manifest_body(std::string_view text, const std::string& origin) {
  const json document = parse_json_object(text, origin);
  const JsonField body(document, origin);
  if (const std::int64_t format = body["format"].count(); format != format_version) {
    body["format"].refuse(fmt::format("is {}, this program reads {}", format, format_version));
  }
  Manifest m;
  m.code = body["code"].text();
  m.step = body["step"].count();
  m.skipped = body["skipped"].count();
  const JsonField data = body["data"];
  m.data = {data["seed"].integer(UINT64_MAX), data["epoch"].count(), data["index"].count()};
  m.data_hash = body["data_hash"].text();
  m.weights_hash = body["weights_hash"].text();
  if (const JsonField loss = body["validation_loss"]; !loss.is_null()) {
    m.validation_loss = loss.number();
  }
  m.settings = body["settings"].object();
  body["files"].each_member([&](const std::string& name, const JsonField& seal) {
    if (!is_plain_name(name)) seal.refuse("is not the plain name of a file");
    m.files[name] = {seal["bytes"].integer(UINT64_MAX), seal["xxh3_128"].text()};
  });
  return m;
}

}  // namespace llama
