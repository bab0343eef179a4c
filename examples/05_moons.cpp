// A small net learns to tell two moons apart (micrograd's demo): the loop that all training is.
// Scores come from a chain of layers, one number says how wrong they are, its gradient says where
// each weight should go, the optimizer takes a step.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "examples/lesson.h"
#include "runtime/autograd/functions.h"
#include "runtime/nn/containers.h"
#include "runtime/nn/optimizer.h"
#include "runtime/nn/schedule.h"

namespace {

struct Moons {
  pg::Tensor points;  // [100, 2]
  pg::Tensor labels;  // [100]: -1 or 1
};

Moons read_moons(const std::filesystem::path& path) {
  const nlohmann::json file = nlohmann::json::parse(lesson::read_text(path));
  std::vector<float> points;
  for (const auto& point : file.at("X")) {
    for (const auto& coordinate : point) points.push_back(coordinate.get<float>());
  }
  const auto labels = file.at("y").get<std::vector<float>>();
  const auto count = static_cast<std::int64_t>(labels.size());
  return {pg::from_data(points, {count, 2}), pg::from_data(labels, {count})};
}

/// What the net says of the plane around the moons: # where it sees label 1.
void draw(const pg::nn::Layer& net) {
  constexpr int rows = 16, columns = 56;
  std::vector<float> grid;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      grid.push_back(-1.75f + 4.5f * static_cast<float>(column) / (columns - 1));
      grid.push_back(1.5f - 2.5f * static_cast<float>(row) / (rows - 1));
    }
  }
  const pg::NoGrad no_grad;  // nothing here will be differentiated
  const std::vector<float> scores =
      net(pg::from_data(grid, {rows * columns, 2})).to_vector<float>();
  for (int i = 0; i < rows * columns; ++i) {
    std::putchar(scores[static_cast<std::size_t>(i)] > 0 ? '#' : '.');
    if ((i + 1) % columns == 0) std::putchar('\n');
  }
}

void teach(const lesson::Settings& settings) {
  const Moons moons = read_moons(settings.data / "micrograd-moons/moons.json");

  // Two numbers in, two layers of 16 neurons, one score out: 337 parameters.
  pg::nn::Sequential net;
  net.add<pg::nn::Linear>(2, 16);
  net.add<pg::nn::ReLU>();
  net.add<pg::nn::Linear>(16, 16);
  net.add<pg::nn::ReLU>();
  net.add<pg::nn::Linear>(16, 1);
  std::printf("%lld parameters\n", static_cast<long long>(net.parameter_count()));

  pg::nn::SGD optimizer(net.parameters(), {}, /*weight_decay=*/2e-4);
  const pg::nn::LinearSchedule schedule{.lr = 1.0, .min_lr = 0.1, .steps = settings.steps};
  for (int step = 0; step < settings.steps; ++step) {
    const pg::Tensor scores = net(moons.points).reshape({-1});
    // The hinge: a score on the right side by 1 or more costs nothing.
    const pg::Tensor loss = pg::relu(1.0 - moons.labels * scores).mean();

    optimizer.zero_grad();
    loss.backward();
    optimizer.set_lr(schedule.at(step));
    optimizer.step();

    if (step % 10 == 0 || step + 1 == settings.steps) {
      const pg::Tensor right = (moons.labels * scores > 0.0).to(pg::DType::F32);
      std::printf("step %3d  loss %.4f  accuracy %.0f%%\n", step, loss.item<double>(),
                  100.0 * right.mean().item<double>());
    }
  }
  draw(net);
}

}  // namespace

int main(int count, char** arguments) {
  return lesson::run(count, arguments, {.steps = 100}, teach);
}
