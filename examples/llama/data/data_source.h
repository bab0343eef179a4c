// Batches for training, in an order that a position determines: with the same tokens, options and
// position every batch to come is the same, so a run that is resumed goes on as if it had never
// stopped. An epoch shows every window once, shuffled by a permutation that is computed, not
// stored; or windows begin anywhere, as nanoGPT draws them.
#pragma once

#include <cstdint>

#include "examples/llama/data/tokens.h"
#include "examples/llama/data/windows.h"

namespace llama {

enum class DataOrder {
  Epochs,  // every window once an epoch
  Random,  // every window anywhere, independently
};

/// Where a run stands; a checkpoint keeps it.
struct DataPosition {
  std::uint64_t seed = 0;
  std::int64_t epoch = 0;
  std::int64_t index = 0;  // windows taken of this epoch (of all, in random order)
  bool operator==(const DataPosition&) const = default;
};

struct DataSourceOptions {
  std::int64_t batch = 1;
  std::int64_t seq = 1;
  DataOrder order = DataOrder::Epochs;
  std::uint64_t seed = 0;
};

class DataSource {
 public:
  /// Throws pg::Error when there are too few tokens for one window of seq + 1.
  DataSource(Tokens tokens, const DataSourceOptions& options);

  /// The next `batch` windows; a batch may take the last windows of an epoch and the first of the
  /// next.
  Batch next_batch(pg::Device device = pg::default_device());

  const DataPosition& position() const { return position_; }
  /// Goes on from a position that such a source gave; its seed replaces that of the options.
  /// Throws pg::Error when it does not lie in these data.
  void restore(const DataPosition& position);

  /// floor((tokens - seq) / seq), but at least one: what is left over lets the windows of each
  /// epoch begin at another offset below seq.
  std::int64_t windows_per_epoch() const { return windows_; }

 private:
  std::int64_t next_start();

  Tokens tokens_;
  DataSourceOptions options_;
  DataPosition position_;
  std::int64_t windows_ = 0;
};

/// Where `index` goes under the permutation of [0, size) that (seed, epoch) chooses. A bijection
/// for every size from 1.
std::uint64_t shuffled(std::uint64_t index, std::uint64_t size, std::uint64_t seed,
                       std::uint64_t epoch);

}  // namespace llama
