// See windows.h.
#include "examples/llama/data/windows.h"

#include <fmt/format.h>

#include <algorithm>

#include "examples/llama/base/files.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

constexpr std::size_t max_text_bytes = std::size_t{4} << 30;

// Windows that begin at `starts`, as one batch.
Batch gather_windows(std::span<const std::int32_t> tokens, std::span<const std::size_t> starts,
                     std::int64_t seq, pg::Device device) {
  std::vector<std::int32_t> inputs, targets;
  auto length = static_cast<std::size_t>(seq);
  for (std::size_t start : starts) {
    auto window = tokens.subspan(start, length + 1);
    inputs.insert(inputs.end(), window.begin(), window.end() - 1);
    targets.insert(targets.end(), window.begin() + 1, window.end());
  }
  pg::Shape shape{std::ssize(starts), seq};
  return {pg::from_data(inputs, shape, device), pg::from_data(targets, shape, device)};
}

void check_length(std::span<const std::int32_t> tokens, std::int64_t seq, std::string_view use) {
  if (std::ssize(tokens) >= seq + 1) return;
  throw pg::Error(fmt::format("{}: {} tokens, a window of --seq {} needs at least {}", use,
                              tokens.size(), seq, seq + 1));
}

}  // namespace

std::string read_texts(const std::vector<std::filesystem::path>& paths) {
  std::string text;
  for (const auto& path : paths) {
    std::string part = read_file(path, max_text_bytes);
    if (part.empty()) throw pg::Error(fmt::format("{}: the file is empty", path.string()));
    text += part;
  }
  return text;
}

Split split_tokens(const Tokenizer& tokenizer, std::string_view text, double fraction) {
  std::vector<std::int32_t> tokens = tokenizer.encode(text);
  auto boundary = static_cast<std::ptrdiff_t>(static_cast<double>(tokens.size()) * (1 - fraction));
  Split split;
  split.training.assign(tokens.begin(), tokens.begin() + boundary);
  split.validation.assign(tokens.begin() + boundary, tokens.end());
  return split;
}

Batch random_batch(std::span<const std::int32_t> tokens, std::int64_t batch, std::int64_t seq,
                   pg::Generator& generator, pg::Device device) {
  check_length(tokens, seq, "training data");
  std::vector<std::size_t> starts;
  for (std::int64_t i = 0; i < batch; ++i) {
    starts.push_back(generator.below(tokens.size() - static_cast<std::size_t>(seq)));
  }
  return gather_windows(tokens, starts, seq, device);
}

std::vector<Batch> consecutive_batches(std::span<const std::int32_t> tokens, std::int64_t batch,
                                       std::int64_t seq, pg::Device device) {
  check_length(tokens, seq, "evaluation data");
  std::size_t windows = (tokens.size() - 1) / static_cast<std::size_t>(seq);
  std::vector<Batch> batches;
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < windows; ++i) {
    starts.push_back(i * static_cast<std::size_t>(seq));
    if (std::ssize(starts) == batch || i + 1 == windows) {
      batches.push_back(gather_windows(tokens, starts, seq, device));
      starts.clear();
    }
  }
  return batches;
}

}  // namespace llama
