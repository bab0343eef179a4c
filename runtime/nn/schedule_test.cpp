// Schedules at their corners, and how they compose.
#include "runtime/nn/schedule.h"

#include "runtime/nn/test_support.h"

namespace pg::nn {
namespace {

std::vector<double> rates(const Schedule& schedule, std::int64_t steps) {
  std::vector<double> result;
  for (std::int64_t step = 0; step < steps; ++step) result.push_back(schedule.at(step));
  return result;
}

TEST_CASE("constant and steps") {
  CHECK(rates(ConstantSchedule{.lr = 0.5}, 3) == std::vector<double>{0.5, 0.5, 0.5});
  CHECK(rates(StepSchedule{.lr = 8.0, .factor = 0.5, .every = 2}, 6) ==
        std::vector<double>{8, 8, 4, 4, 2, 2});
}

TEST_CASE("straight and cosine decay meet both ends") {
  const Schedule linear = LinearSchedule{.lr = 1.0, .min_lr = 0.5, .steps = 4};
  CHECK(rates(linear, 6) == std::vector<double>{1.0, 0.875, 0.75, 0.625, 0.5, 0.5});
  const CosineSchedule cosine{.lr = 0.3, .min_lr = 0.1, .steps = 10};
  CHECK(cosine.at(0) == 0.3);
  CHECK(cosine.at(2) == doctest::Approx(0.1 + 0.1 * (1 + std::sqrt(5.0) / 4 + 0.25)));
  CHECK(cosine.at(5) == doctest::Approx(0.2));
  CHECK(cosine.at(10) == 0.1);
  CHECK(cosine.at(1000) == 0.1);
  // A run that is shorter than its warm-up.
  const WarmupSchedule cut{.steps = 4, .then = CosineSchedule{.lr = 1.0, .steps = -2}};
  CHECK(rates(cut, 3) == std::vector<double>{0.25, 0.5, 0.75});
}

TEST_CASE("warm-up, stable, decay") {
  const Schedule wsd = WarmupSchedule{
      .steps = 2, .then = WsdSchedule{.lr = 1.0, .min_lr = 0.0, .steps = 6, .decay_steps = 4}};
  CHECK(rates(wsd, 9) == std::vector<double>{0.5, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0});
}

TEST_CASE("warm-up and cosine") {
  const Schedule schedule =
      WarmupSchedule{.steps = 4, .then = CosineSchedule{.lr = 1.0, .min_lr = 0.1, .steps = 10}};
  CHECK(schedule.at(0) == 0.25);
  CHECK(schedule.at(3) == 1.0);
  CHECK(schedule.at(4) == 1.0);
  CHECK(schedule.at(9) == doctest::Approx(0.55));
  CHECK(schedule.at(14) == 0.1);
}

TEST_CASE("the rates of PyTorch's schedules") {
  const auto distance = [](const char* row, const Schedule& schedule) {
    return test::distance(rates(schedule, 12), test::golden("pytorch_optimizers.txt", row));
  };
  CHECK(distance("schedule_linear", LinearSchedule{.lr = 0.5, .min_lr = 0.1, .steps = 8}) < 1e-9);
  CHECK(distance("schedule_cosine", CosineSchedule{.lr = 0.5, .min_lr = 0.1, .steps = 11}) < 1e-9);
  const StepSchedule steps{.lr = 0.5, .every = 5};
  CHECK(distance("schedule_step", steps) < 1e-9);
  CHECK(distance("schedule_warmup", WarmupSchedule{.steps = 4, .then = steps}) < 1e-9);
}

TEST_CASE("what makes no sense is an error") {
  CHECK_THROWS_WITH_AS(ConstantSchedule{}.at(-1), "schedule: step -1 is negative", Error);
  CHECK_THROWS_WITH_AS((StepSchedule{.every = 0}.at(1)),
                       "schedule: a rate that changes every 0 steps", Error);
  CHECK_THROWS_WITH_AS((WsdSchedule{.steps = 3, .decay_steps = 4}.at(0)),
                       "schedule: 4 steps of decay in 3 steps", Error);
}

}  // namespace
}  // namespace pg::nn
