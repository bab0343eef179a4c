// Names again (makemore, part two), with three letters of memory instead of one. A table for that
// would have 27^4 numbers, most of them never seen. So each letter becomes a few numbers that are
// learned too, a hidden layer mixes those of three letters, and what is learned of one name helps
// with all that resemble it (Bengio et al., 2003).
#include <cstdio>
#include <sstream>

#include "examples/lesson.h"
#include "runtime/autograd/functions.h"
#include "runtime/nn/containers.h"
#include "runtime/nn/optimizer.h"
#include "runtime/nn/schedule.h"
#include "runtime/tensor/random.h"

namespace {

using pg::Tensor;
using namespace pg::nn;

constexpr std::int64_t letters = 27;  // 0 stands before and after a name, 1 to 26 for a to z
constexpr std::int64_t memory = 3, numbers_per_letter = 10, hidden = 200, batch = 64;

/// What the net is asked: three letters, and what followed them. i64 [n, 3] and [n].
struct Questions {
  Tensor contexts, answers;
};

Questions questions_of(const std::vector<std::string>& names) {
  std::vector<std::int64_t> contexts, answers;
  for (const std::string& name : names) {
    std::vector<std::int64_t> recent(memory, 0);
    for (const char c : name + '`') {  // '`' stands before 'a'
      contexts.insert(contexts.end(), recent.begin(), recent.end());
      answers.push_back(c - '`');
      recent.erase(recent.begin());
      recent.push_back(answers.back());
    }
  }
  return {pg::from_data(contexts, {std::ssize(answers), memory}),
          pg::from_data(answers, {std::ssize(answers)})};
}

double loss_on(const Layer& net, const Questions& questions) {
  const pg::NoGrad no_grad;
  return pg::cross_entropy(net(questions.contexts), questions.answers).item<double>();
}

std::string draw_name(const Layer& net) {
  const pg::NoGrad no_grad;
  std::vector<std::int64_t> letters_so_far(memory, 0);
  std::string name;
  while (true) {
    const std::vector<std::int64_t> recent(letters_so_far.end() - memory, letters_so_far.end());
    const Tensor probabilities = pg::softmax(net(pg::from_data(recent, {1, memory})), 1);
    letters_so_far.push_back(pg::multinomial(probabilities, 1).item<std::int64_t>());
    if (letters_so_far.back() == 0) return name;
    name += static_cast<char>('`' + letters_so_far.back());
  }
}

void teach(const lesson::Settings& settings) {
  // Every tenth name is held back: what the net says of those it cannot have learned by heart.
  std::istringstream words(lesson::read_text(settings.data / "names/names.txt"));
  std::vector<std::string> names, held_back_names;
  int read = 0;
  for (std::string name; words >> name; ++read) {
    (read % 10 == 9 ? held_back_names : names).push_back(name);
  }
  const Questions training = questions_of(names), held_back = questions_of(held_back_names);

  Sequential net;
  net.add<Embedding>(letters, numbers_per_letter);
  net.add<Flatten>();
  net.add<Linear>(memory * numbers_per_letter, hidden);
  net.add<Tanh>();
  net.add<Linear>(hidden, letters);
  std::printf("%lld questions, %lld parameters\n", static_cast<long long>(training.answers.numel()),
              static_cast<long long>(net.parameter_count()));

  AdamW optimizer(net.parameters(), {});
  const CosineSchedule schedule{.lr = 5e-3, .steps = settings.steps};
  for (std::int64_t step = 0; step < settings.steps; ++step) {
    const Tensor chosen = pg::randint(training.answers.numel(), {batch});
    const Tensor loss = pg::cross_entropy(net(training.contexts.index_select(0, chosen)),
                                          training.answers.index_select(0, chosen));
    optimizer.zero_grad();
    loss.backward();
    optimizer.set_lr(schedule.at(step));
    optimizer.step();
    if (step % 1000 == 0) {
      std::printf("step %5lld: %.3f\n", static_cast<long long>(step), loss.item<double>());
    }
  }
  std::printf("loss %.4f, on names it never saw %.4f; one letter of memory: 2.4540\n",
              loss_on(net, training), loss_on(net, held_back));
  for (int i = 0; i < 10; ++i) std::printf("  %s\n", draw_name(net).c_str());
}

}  // namespace

int main(int count, char** arguments) {
  return lesson::run(count, arguments, {.steps = 10000}, teach);
}
