// Random numbers: Philox4x32-10, counter-based (NUMERICS rule 8). The key is the seed, the counter
// is (stream, step, element / 4), so a value depends on its place alone, never on threads or order
// of draws. A Generator is passed explicitly or is the default one; its state (seed and step) can
// be saved.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace pg {

/// The block function: four 32-bit words per (counter, key).
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

/// All there is to save of a Generator.
struct GeneratorState {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;
  bool operator==(const GeneratorState&) const = default;
};

class Generator {
 public:
  explicit Generator(std::uint64_t seed = 0) : state_{seed, 0} {}

  void manual_seed(std::uint64_t seed) { state_ = {seed, 0}; }
  const GeneratorState& state() const { return state_; }
  void set_state(const GeneratorState& state) { state_ = state; }
  /// The state as it is, for numbers that a kernel draws (dropout); then advances the step.
  GeneratorState take_step();

  /// Each call fills all of `out` from one step, then advances the step. Streams are independent
  /// sequences of one seed (for example one per rank).
  void uniform(std::span<float> out, std::uint32_t stream = 0);  // [0, 1), multiples of 2^-24
  void normal(std::span<float> out, std::uint32_t stream = 0);   // Box-Muller in double, rounded
  /// In [low, high), low < high.
  void integers(std::span<std::int64_t> out, std::int64_t low, std::int64_t high,
                std::uint32_t stream = 0);
  /// Puts the values in random order (Fisher and Yates).
  void shuffle(std::span<std::int64_t> values, std::uint32_t stream = 0);
  /// Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound, std::uint32_t stream = 0);
  double uniform_double(std::uint32_t stream = 0);  // [0, 1), multiples of 2^-53

 private:
  GeneratorState state_;
};

/// The generator used when none is passed.
Generator& default_generator();
void manual_seed(std::uint64_t seed);

}  // namespace pg
