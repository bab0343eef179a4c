// What letter follows which, in 32,032 first names (makemore, part one): learned twice. Counting
// gives the best table of probabilities at once. A net of one layer begins with random numbers,
// follows the gradient and arrives at the same table, and that way still works where the tables
// would be too large to count (07_names).
#include <cmath>
#include <cstdio>
#include <sstream>

#include "examples/lesson.h"
#include "runtime/autograd/functions.h"
#include "runtime/nn/optimizer.h"
#include "runtime/nn/schedule.h"
#include "runtime/tensor/random.h"

namespace {

constexpr int letters = 27;  // 0 stands before and after a name, 1 to 26 for a to z

/// counts[27 a + b]: how often b follows a.
std::vector<float> count_pairs(const std::string& names) {
  std::vector<float> counts(letters * letters);
  std::istringstream words(names);
  for (std::string name; words >> name;) {
    int previous = 0;
    for (const char c : name + '`') {  // '`' stands before 'a'
      const int next = c - '`';
      counts.at(static_cast<std::size_t>(previous * letters + next)) += 1;
      previous = next;
    }
  }
  return counts;
}

/// The mean of -log(probability) over all pairs: what a guess costs, in nats. log_probabilities and
/// counts are [27, 27].
pg::Tensor cost(const pg::Tensor& log_probabilities, const pg::Tensor& counts) {
  return -(counts * log_probabilities).sum() / counts.sum();
}

std::string draw_name(const pg::Tensor& probabilities, pg::Generator& generator) {
  std::string name;
  std::int64_t letter = 0;
  while (true) {
    letter =
        pg::multinomial(probabilities.select(0, letter), 1, false, &generator).item<std::int64_t>();
    if (letter == 0) return name;
    name += static_cast<char>('`' + letter);
  }
}

void teach(const lesson::Settings& settings) {
  const pg::Tensor counts = pg::from_data(
      count_pairs(lesson::read_text(settings.data / "names/names.txt")), {letters, letters});
  std::printf("%.0f pairs of letters\n", counts.sum().item<double>());

  // Counting. A pair that never occurs costs nothing, though its log is minus infinity.
  const pg::Tensor probabilities = counts / counts.sum({1}, /*keepdim=*/true);
  std::printf("by counting: %.4f\n",
              cost(pg::log(pg::where(counts == 0.0, 1.0, probabilities)), counts).item<double>());

  // Learning. Row a of the weight holds 27 scores for what follows letter a; log_softmax makes them
  // logarithms of probabilities. All 228,146 pairs go into each step, as 27 x 27 different ones.
  const pg::Tensor weight = pg::randn({letters, letters}).requires_grad_();
  pg::nn::Adam optimizer({weight}, {});
  const pg::nn::CosineSchedule schedule{.lr = 0.5, .steps = settings.steps};
  for (int step = 0; step < settings.steps; ++step) {
    const pg::Tensor loss = cost(pg::log_softmax(weight, 1), counts);
    optimizer.zero_grad();
    loss.backward();
    optimizer.set_lr(schedule.at(step));
    optimizer.step();
    if (step % 100 == 0) std::printf("step %3d: %.4f\n", step, loss.item<double>());
  }
  const pg::NoGrad no_grad;
  std::printf("by learning: %.4f\n", cost(pg::log_softmax(weight, 1), counts).item<double>());
  std::printf("largest difference of a probability: %.4f\n",
              pg::abs(pg::softmax(weight, 1) - probabilities).max().item());

  // Both tables are the same model: the same random numbers draw the same names.
  const pg::Tensor learned = pg::softmax(weight, 1);
  pg::Generator first(settings.seed), second(settings.seed);
  for (int i = 0; i < 8; ++i) {
    std::printf("  %-16s %s\n", draw_name(probabilities, first).c_str(),
                draw_name(learned, second).c_str());
  }
}

}  // namespace

int main(int count, char** arguments) {
  return lesson::run(count, arguments, {.steps = 500}, teach);
}
