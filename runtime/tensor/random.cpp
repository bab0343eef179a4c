// See random.h.
#include "runtime/tensor/random.h"

#include <cmath>
#include <numbers>

#include "runtime/device/error.h"

namespace pg {

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {
        static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
        static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

namespace {

std::array<std::uint32_t, 4> draw(const GeneratorState& state, std::uint32_t stream,
                                  std::uint64_t block) {
  return philox4x32(
      {stream, state.step, static_cast<std::uint32_t>(block),
       static_cast<std::uint32_t>(block >> 32)},
      {static_cast<std::uint32_t>(state.seed), static_cast<std::uint32_t>(state.seed >> 32)});
}

/// The first two words of a block.
std::uint64_t wide_draw(const GeneratorState& state, std::uint32_t stream, std::uint64_t block) {
  const auto words = draw(state, stream, block);
  return (std::uint64_t{words[1]} << 32) | words[0];
}

/// value as a fraction of 2^64, times bound: the bias is below bound / 2^64, and every number costs
/// one draw.
std::uint64_t scaled(std::uint64_t value, std::uint64_t bound) {
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(value) * bound) >> 64);
}

}  // namespace

void Generator::uniform(std::span<float> out, std::uint32_t stream) {
  for (std::size_t i = 0; i < out.size(); i += 4) {
    const auto words = draw(state_, stream, i / 4);
    for (std::size_t j = 0; j < 4 && i + j < out.size(); ++j) {
      out[i + j] = static_cast<float>(words[j] >> 8) * 0x1p-24f;
    }
  }
  ++state_.step;
}

void Generator::normal(std::span<float> out, std::uint32_t stream) {
  for (std::size_t i = 0; i < out.size(); i += 4) {
    const auto words = draw(state_, stream, i / 4);
    for (std::size_t pair = 0; pair < 2; ++pair) {
      // The first uniform is in (0, 1], so that its logarithm is finite.
      const double u = (words[2 * pair] + 1.0) * 0x1p-32;
      const double angle = 2.0 * std::numbers::pi * (words[2 * pair + 1] * 0x1p-32);
      const double radius = std::sqrt(-2.0 * std::log(u));
      const std::size_t at = i + 2 * pair;
      if (at < out.size()) out[at] = static_cast<float>(radius * std::cos(angle));
      if (at + 1 < out.size()) out[at + 1] = static_cast<float>(radius * std::sin(angle));
    }
  }
  ++state_.step;
}

GeneratorState Generator::take_step() {
  const GeneratorState taken = state_;
  ++state_.step;
  return taken;
}

std::uint64_t Generator::below(std::uint64_t bound, std::uint32_t stream) {
  if (bound == 0) fail("random", "bound must be positive");
  const std::uint64_t value = wide_draw(state_, stream, 0);
  ++state_.step;
  return scaled(value, bound);
}

void Generator::integers(std::span<std::int64_t> out, std::int64_t low, std::int64_t high,
                         std::uint32_t stream) {
  const std::uint64_t bound = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::uint64_t offset = scaled(wide_draw(state_, stream, i), bound);
    out[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
  }
  ++state_.step;
}

void Generator::shuffle(std::span<std::int64_t> values, std::uint32_t stream) {
  for (std::size_t i = values.size(); i > 1; --i) {
    std::swap(values[i - 1], values[scaled(wide_draw(state_, stream, i - 1), i)]);
  }
  ++state_.step;
}

double Generator::uniform_double(std::uint32_t stream) {
  const std::uint64_t value = wide_draw(state_, stream, 0);
  ++state_.step;
  return static_cast<double>(value >> 11) * 0x1p-53;
}

Generator& default_generator() {
  static Generator generator;
  return generator;
}

void manual_seed(std::uint64_t seed) { default_generator().manual_seed(seed); }

}  // namespace pg
