// See texts.h.
#include "examples/llama/data/texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "examples/llama/base/files.h"
#include "examples/llama/base/json.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

constexpr std::size_t max_text_bytes = std::size_t{4} << 30;
constexpr std::size_t max_line_bytes = std::size_t{64} << 20;

// The document of one line. Whatever else the line holds is not looked at.
std::string document_of(std::string_view line, const std::string& field, const std::string& where) {
  if (line.size() > max_line_bytes) {
    throw pg::Error(fmt::format("{}: {} bytes, more than {}", where, line.size(), max_line_bytes));
  }
  const nlohmann::json object = parse_json_object(line, where);
  return JsonField(object, where)[field].text();
}

}  // namespace

std::vector<Text> parse_jsonl(std::string_view bytes, const std::string& field,
                              const std::string& origin) {
  std::vector<Text> texts;
  for (std::size_t number = 1; !bytes.empty(); ++number) {
    const std::size_t end = bytes.find('\n');
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    texts.push_back({document_of(line, field, fmt::format("{}: line {}", origin, number)), true});
  }
  if (texts.empty()) throw pg::Error(origin + ": no documents");
  return texts;
}

std::vector<Text> read_texts(const TextFiles& files) {
  std::vector<Text> texts;
  for (const std::filesystem::path& path : files.paths) {
    std::string bytes = read_file(path, max_text_bytes);
    if (bytes.empty()) throw pg::Error(path.string() + ": the file is empty");
    if (path.extension() == ".jsonl") {
      std::ranges::move(parse_jsonl(bytes, files.field, path.string()), std::back_inserter(texts));
    } else if (!texts.empty() && !texts.back().is_document) {
      texts.back().bytes += bytes;
    } else {
      texts.push_back({std::move(bytes), false});
    }
  }
  return texts;
}

std::string join_texts(const std::vector<Text>& texts) {
  std::string all;
  for (const Text& text : texts) all += text.bytes;
  return all;
}

std::vector<std::int32_t> encode_texts(const std::vector<Text>& texts, const Tokenizer& tokenizer) {
  std::vector<std::int32_t> ids;
  const std::int32_t bos = tokenizer.bos(), eos = tokenizer.eos();
  for (const Text& text : texts) {
    if (text.is_document && bos >= 0) ids.push_back(bos);
    const std::vector<std::int32_t> part = tokenizer.encode(text.bytes);
    ids.insert(ids.end(), part.begin(), part.end());
    if (text.is_document && eos >= 0 && eos != bos) ids.push_back(eos);
  }
  return ids;
}

}  // namespace llama
