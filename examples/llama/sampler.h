// Chooses the next token from one row of logits, on the host. Temperature 0 takes the largest (the
// lowest id on ties); otherwise softmax at that temperature, cut to the top k tokens and to the
// smallest set of probability p, then drawn. The same seed gives the same draws everywhere.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "runtime/tensor/random.h"

namespace llama {

struct SamplerOptions {
  double temperature = 1.0;  // >= 0
  std::int64_t top_k = 0;    // 0: no cut
  double top_p = 1.0;        // in (0, 1]
  std::uint64_t seed = 0;
};

class Sampler {
 public:
  explicit Sampler(const SamplerOptions& options) : options_(options), generator_(options.seed) {}
  std::int32_t sample(std::span<const float> logits);

 private:
  SamplerOptions options_;
  pg::Generator generator_;
  std::vector<std::pair<double, std::int32_t>> candidates_;
};

}  // namespace llama
