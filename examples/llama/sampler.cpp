// See sampler.h.
#include "examples/llama/sampler.h"

#include <algorithm>
#include <cmath>

namespace llama {

std::int32_t Sampler::sample(std::span<const float> logits) {
  auto largest = std::max_element(logits.begin(), logits.end());
  if (options_.temperature == 0) return static_cast<std::int32_t>(largest - logits.begin());

  candidates_.clear();
  double total = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    double weight = std::exp((double{logits[i]} - double{*largest}) / options_.temperature);
    candidates_.emplace_back(weight, static_cast<std::int32_t>(i));
    total += weight;
  }
  bool cut = options_.top_p < 1 || (options_.top_k > 0 && options_.top_k < std::ssize(logits));
  if (cut) {
    std::sort(candidates_.begin(), candidates_.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    if (options_.top_k > 0 && options_.top_k < std::ssize(candidates_)) {
      candidates_.resize(static_cast<std::size_t>(options_.top_k));
      total = 0;
      for (const auto& candidate : candidates_) total += candidate.first;
    }
    double kept = 0;
    std::size_t count = 0;
    while (count < candidates_.size() && kept < options_.top_p * total) {
      kept += candidates_[count++].first;
    }
    candidates_.resize(std::max<std::size_t>(count, 1));
    total = std::max(kept, candidates_[0].first);
  }
  double target = generator_.uniform_double() * total;
  double sum = 0;
  for (const auto& [weight, id] : candidates_) {
    sum += weight;
    if (target < sum) return id;
  }
  return candidates_.back().second;
}

}  // namespace llama
