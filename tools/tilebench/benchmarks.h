// The benchmarks; each prints a table and returns false when a stated floor was missed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/device/device.h"

namespace bench {

/// c = a b in the layouts NN, NT and TN against OpenBLAS, size x size x size.
bool matmul(std::int64_t size, int rounds);
/// One small add through the public tensor API, and the same on a tensor that records.
bool eager(int rounds);

struct DecodeOptions {
  std::string bin;  // folder of our programs
  std::string model, tokenizer;
  std::string peer;  // llama2.c's run; empty: none
};
/// Greedy decoding of 256 tokens on one thread, as each program reports it.
bool decode(const DecodeOptions& options, int rounds);

/// Wall time of a short training run with an empty and with a full cache of compiled kernels.
bool compile_times(const std::string& bin, const std::string& text);

struct MathOptions {
  pg::Device device = pg::cuda_device();  // compared with the CPU; the CPU: hashes alone
  std::vector<std::string> functions;     // empty: all
  std::int64_t from = 0;                  // bits of the first float, and how many
  std::int64_t count = std::int64_t{1} << 32;
  std::string json;
};
/// The standard library's functions of one float on all floats: the same bits on both devices?
bool math(const MathOptions& options);

}  // namespace bench
