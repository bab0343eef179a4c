// The benchmarks; each prints a table and returns false when a stated floor was missed.
#pragma once

#include <cstdint>
#include <string>

namespace bench {

/// c = a b in the layouts NN, NT and TN against OpenBLAS, size x size x size.
bool matmul(std::int64_t size, int rounds);
/// One small add through the public tensor API, and the same on a tensor that records.
bool eager(int rounds);

}  // namespace bench
