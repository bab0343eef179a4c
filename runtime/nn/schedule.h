// Learning rates by step. A schedule is any type with `double at(std::int64_t step) const`, for
// step 0, 1, ...: here the usual ones, small aggregates that compose. Schedule holds one of them,
// whichever a program chose: optimizer.set_lr(schedule.at(step)). All compute in double.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <utility>

namespace pg::nn {

template <typename T>
concept HasRateAtStep = requires(const T& schedule, std::int64_t step) {
  { schedule.at(step) } -> std::same_as<double>;
};

/// Any schedule: `Schedule schedule = CosineSchedule{.lr = 1e-3, .steps = 1000};`.
class Schedule {
 public:
  template <HasRateAtStep T>
    requires(!std::same_as<T, Schedule>)
  Schedule(T chosen)
      : at_([chosen = std::move(chosen)](std::int64_t step) { return chosen.at(step); }) {}

  double at(std::int64_t step) const { return at_(step); }

 private:
  std::function<double(std::int64_t)> at_;
};

struct ConstantSchedule {
  double lr = 1e-3;
  double at(std::int64_t step) const;
};

/// Straight from lr at step 0 to min_lr at step `steps`, min_lr from there on (LinearLR).
struct LinearSchedule {
  double lr = 1e-3;
  double min_lr = 0.0;
  std::int64_t steps = 0;
  double at(std::int64_t step) const;
};

/// Half a cosine from lr at step 0 to min_lr at step `steps`, min_lr from there on
/// (CosineAnnealingLR).
struct CosineSchedule {
  double lr = 1e-3;
  double min_lr = 0.0;
  std::int64_t steps = 0;
  double at(std::int64_t step) const;
};

/// Warm-up, stable, decay, without the warm-up: lr, then over the last decay_steps of `steps`
/// straight to min_lr. A run can be prolonged from any step before the decay.
struct WsdSchedule {
  double lr = 1e-3;
  double min_lr = 0.0;
  std::int64_t steps = 0;
  std::int64_t decay_steps = 0;
  double at(std::int64_t step) const;
};

/// lr * factor^k after k * every steps (StepLR).
struct StepSchedule {
  double lr = 1e-3;
  double factor = 0.1;
  std::int64_t every = 1;
  double at(std::int64_t step) const;
};

/// In `steps` equal parts up to the first rate of `then`, which is reached at step `steps` - 1;
/// `then` counts its own steps from there on.
struct WarmupSchedule {
  std::int64_t steps = 0;
  Schedule then = ConstantSchedule{};
  double at(std::int64_t step) const;
};

}  // namespace pg::nn
