// See data_source.h.
#include "examples/llama/data/data_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "runtime/device/error.h"
#include "runtime/tensor/random.h"

namespace llama {

namespace {

constexpr std::uint32_t offset_round = 1 << 16;  // a counter that no round of the shuffle uses

// 64 random bits of a place: Philox keyed by the seed, as all random numbers of the project.
std::uint64_t random_bits(std::uint64_t seed, std::uint64_t epoch, std::uint32_t round,
                          std::uint32_t value) {
  const auto words = pg::philox4x32(
      {value, round, static_cast<std::uint32_t>(epoch), static_cast<std::uint32_t>(epoch >> 32)},
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return (std::uint64_t{words[1]} << 32) | words[0];
}

}  // namespace

// A Feistel network permutes the numbers of 2 * half bits; walking on while the result lies outside
// [0, size) makes that a permutation of [0, size). With at most 4 * size numbers a walk takes
// about four steps at worst.
std::uint64_t shuffled(std::uint64_t index, std::uint64_t size, std::uint64_t seed,
                       std::uint64_t epoch) {
  constexpr std::uint32_t rounds = 8;  // with 4, domains of a few windows are visibly uneven
  const int half = std::max(1, (static_cast<int>(std::bit_width(size - 1)) + 1) / 2);
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
  std::uint64_t value = index;
  do {
    std::uint64_t left = value >> half, right = value & mask;
    for (std::uint32_t round = 0; round < rounds; ++round) {
      const std::uint64_t mixed =
          left ^ (random_bits(seed, epoch, round, static_cast<std::uint32_t>(right)) & mask);
      left = right;
      right = mixed;
    }
    value = (left << half) | right;
  } while (value >= size);
  return value;
}

DataSource::DataSource(Tokens tokens, const DataSourceOptions& options)
    : tokens_(std::move(tokens)), options_(options), position_{options.seed} {
  check_length(tokens_, options_.seq, "training data");
  windows_ = std::max<std::int64_t>(1, (tokens_.size() - options_.seq) / options_.seq);
}

void DataSource::restore(const DataPosition& position) {
  const bool epochs = options_.order == DataOrder::Epochs;
  if (position.epoch < 0 || position.index < 0 || (epochs && position.index > windows_) ||
      (!epochs && position.epoch != 0)) {
    throw pg::Error(
        fmt::format("training data: epoch {}, window {} is not a position in {} windows",
                    position.epoch, position.index, windows_));
  }
  position_ = position;
}

std::int64_t DataSource::next_start() {
  const std::int64_t seq = options_.seq;
  if (options_.order == DataOrder::Random) {
    pg::Generator generator;
    generator.set_state({position_.seed, static_cast<std::uint32_t>(position_.index++)});
    return static_cast<std::int64_t>(
        generator.below(static_cast<std::uint64_t>(tokens_.size() - seq)));
  }
  if (position_.index == windows_) {
    ++position_.epoch;
    position_.index = 0;
  }
  const auto epoch = static_cast<std::uint64_t>(position_.epoch);
  // Each epoch cuts the text elsewhere, so that no token is always the first of its window.
  const auto offsets = static_cast<std::uint64_t>(std::min(seq, tokens_.size() - windows_ * seq));
  const std::uint64_t offset = random_bits(position_.seed, epoch, offset_round, 0) % offsets;
  const std::uint64_t window =
      shuffled(static_cast<std::uint64_t>(position_.index++), static_cast<std::uint64_t>(windows_),
               position_.seed, epoch);
  return static_cast<std::int64_t>(offset) + static_cast<std::int64_t>(window) * seq;
}

Batch DataSource::next_batch(pg::Device device) {
  std::vector<std::int64_t> starts(static_cast<std::size_t>(options_.batch));
  for (std::int64_t& start : starts) start = next_start();
  return gather_windows(tokens_, starts, options_.seq, device);
}

}  // namespace llama
