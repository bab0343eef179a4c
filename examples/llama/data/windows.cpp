// See windows.h.
#include "examples/llama/data/windows.h"

#include <fmt/format.h>

#include <vector>

#include "runtime/device/error.h"

namespace llama {

Batch gather_windows(const Tokens& tokens, std::span<const std::int64_t> starts, std::int64_t seq,
                     pg::Device device) {
  std::vector<std::int32_t> window(static_cast<std::size_t>(seq) + 1), inputs, targets;
  for (std::int64_t start : starts) {
    tokens.read(start, window);
    inputs.insert(inputs.end(), window.begin(), window.end() - 1);
    targets.insert(targets.end(), window.begin() + 1, window.end());
  }
  pg::Shape shape{std::ssize(starts), seq};
  return {pg::from_data(inputs, shape, device), pg::from_data(targets, shape, device)};
}

void check_length(const Tokens& tokens, std::int64_t seq, std::string_view use) {
  if (tokens.size() > seq) return;
  throw pg::Error(fmt::format("{}: {} tokens, a window of --seq {} needs at least {}", use,
                              tokens.size(), seq, seq + 1));
}

void for_each_batch(const Tokens& tokens, std::int64_t batch, std::int64_t seq, pg::Device device,
                    const std::function<void(const Batch&)>& visit) {
  check_length(tokens, seq, "evaluation data");
  const std::int64_t end = (tokens.size() - 1) / seq * seq;
  std::vector<std::int64_t> starts;
  for (std::int64_t start = 0; start < end; start += seq) {
    starts.push_back(start);
    if (std::ssize(starts) == batch || start + seq == end) {
      visit(gather_windows(tokens, starts, seq, device));
      starts.clear();
    }
  }
}

}  // namespace llama
