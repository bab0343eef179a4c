// Random kernels in the tile language, well typed by construction, to find what no one thought of
// testing: element-wise chains, broadcasts, reductions, scans, dots, loops and branches in any
// mixture. The same seed gives the same text.
#pragma once

#include <cstdint>

#include "tests/kernels/harness.h"

namespace tile::harness {

/// A row without a reference: interpreter and machine code must agree.
Row random_row(std::uint64_t seed);

}  // namespace tile::harness
