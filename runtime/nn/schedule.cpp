// See schedule.h.
#include "runtime/nn/schedule.h"

#include <cmath>
#include <numbers>

#include "runtime/device/error.h"

namespace pg::nn {
namespace {

void check_step(std::int64_t step) {
  if (step < 0) fail("schedule", "step {} is negative", step);
}

/// How far `step` is on the way from 0 to `steps`, from 0 to 1. Step 0 is the start even of no way
/// at all, so that a run that ends in its warm-up warms up to the rate it asked for.
double progress(std::int64_t step, std::int64_t steps) {
  check_step(step);
  if (step == 0) return 0.0;
  return step >= steps ? 1.0 : static_cast<double>(step) / static_cast<double>(steps);
}

}  // namespace

double ConstantSchedule::at(std::int64_t step) const {
  check_step(step);
  return lr;
}

// std::lerp meets both ends exactly.
double LinearSchedule::at(std::int64_t step) const {
  return std::lerp(lr, min_lr, progress(step, steps));
}

double CosineSchedule::at(std::int64_t step) const {
  const double height = 0.5 * (1.0 + std::cos(std::numbers::pi * progress(step, steps)));
  return std::lerp(min_lr, lr, height);
}

double WsdSchedule::at(std::int64_t step) const {
  if (decay_steps < 0 || decay_steps > steps) {
    fail("schedule", "{} steps of decay in {} steps", decay_steps, steps);
  }
  const std::int64_t stable = steps - decay_steps;
  if (step < stable) return ConstantSchedule{lr}.at(step);
  return LinearSchedule{lr, min_lr, decay_steps}.at(step - stable);
}

double StepSchedule::at(std::int64_t step) const {
  check_step(step);
  if (every < 1) fail("schedule", "a rate that changes every {} steps", every);
  return lr * std::pow(factor, static_cast<double>(step / every));
}

double WarmupSchedule::at(std::int64_t step) const {
  check_step(step);
  if (step >= steps) return then.at(step - steps);
  return then.at(0) * static_cast<double>(step + 1) / static_cast<double>(steps);
}

}  // namespace pg::nn
