// A small GPT learns to write like Shakespeare, one character after the other. It is the net of
// 07_names with two ideas more: every position looks back at all earlier ones and chooses what to
// take from them (attention), and each layer adds to a stream that runs from bottom to top, so that
// deep nets train. `llama` beside this file is the same net at work.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "examples/lesson.h"
#include "runtime/autograd/functions.h"
#include "runtime/nn/containers.h"
#include "runtime/nn/init.h"
#include "runtime/nn/optimizer.h"
#include "runtime/nn/schedule.h"

namespace {

using pg::Tensor;
using namespace pg::nn;
using Ids = std::vector<std::int64_t>;

constexpr std::int64_t context = 64, width = 64, heads = 4, depth = 3, batch = 16;

/// x -> x + what other positions say -> that + what thinking about it says.
class Block final : public Layer {
 public:
  Block() {
    register_module("attention_norm", attention_norm_);
    register_module("query_key_value", query_key_value_);
    register_module("output", output_);
    register_module("mlp_norm", mlp_norm_);
    register_module("mlp", mlp_);
    mlp_.add<Linear>(width, 4 * width);
    mlp_.add<GELU>();
    mlp_.add<Linear>(4 * width, width);
  }

  Tensor forward(const Tensor& x) const override {
    const Tensor after = x + attend(attention_norm_(x));
    return after + mlp_(mlp_norm_(after));
  }

 private:
  /// Each position asks a query; every earlier position answers with its value as far as its key
  /// matches. `heads` such talks go on side by side.
  Tensor attend(const Tensor& x) const {
    const std::int64_t rows = x.size(0), positions = x.size(1);
    const Tensor parts = query_key_value_(x).reshape({rows, positions, 3, heads, width / heads});
    const Tensor mixed =
        pg::attention(parts.select(2, 0), parts.select(2, 1), parts.select(2, 2),
                      1.0 / std::sqrt(static_cast<double>(width / heads)), /*causal=*/true);
    return output_(mixed.reshape({rows, positions, width}));
  }

  LayerNorm attention_norm_{width}, mlp_norm_{width};
  Linear query_key_value_{width, 3 * width}, output_{width, width};
  Sequential mlp_;
};

/// Ids [rows, positions] -> scores of what comes next [rows, positions, vocabulary].
class Gpt final : public Layer {
 public:
  explicit Gpt(std::int64_t vocabulary) : token_(vocabulary, width), head_(width, vocabulary) {
    register_module("token", token_);
    register_module("position", position_);
    register_module("blocks", blocks_);
    register_module("norm", norm_);
    register_module("head", head_);
    for (std::int64_t i = 0; i < depth; ++i) blocks_.add<Block>();
    for (const Tensor& weight : parameters()) {
      if (weight.dim() == 2) init::normal_(weight, 0.0, 0.05);  // at first, all is equally likely
    }
  }

  Tensor forward(const Tensor& ids) const override {
    const Tensor positions = pg::arange(0, ids.size(1));
    return head_(norm_(blocks_(token_(ids) + position_(positions))));
  }

 private:
  Embedding token_, position_{context, width};
  Sequential blocks_;
  LayerNorm norm_{width};
  Linear head_;
};

/// The mean loss of `batch` windows of the text at random places, each predicted one ahead.
Tensor loss_of(const Gpt& gpt, std::span<const std::int64_t> text, pg::Generator& generator) {
  Ids inputs, targets;
  for (std::int64_t row = 0; row < batch; ++row) {
    const auto window = text.subspan(generator.below(text.size() - context), context + 1);
    inputs.insert(inputs.end(), window.begin(), window.end() - 1);
    targets.insert(targets.end(), window.begin() + 1, window.end());
  }
  return pg::cross_entropy(gpt(pg::from_data(inputs, {batch, context})),
                           pg::from_data(targets, {batch, context}));
}

void write(const Gpt& gpt, const std::string& characters, int length) {
  const pg::NoGrad no_grad;
  Ids ids = {0};
  for (int i = 0; i < length; ++i) {
    const Ids recent(ids.end() - std::min(std::ssize(ids), context), ids.end());
    const Tensor scores = gpt(pg::from_data(recent, {1, std::ssize(recent)}));
    const Tensor next = pg::softmax(scores.select(0, 0).select(0, -1), 0);
    ids.push_back(pg::multinomial(next, 1).item<std::int64_t>());
    std::putchar(characters[static_cast<std::size_t>(ids.back())]);
  }
  std::putchar('\n');
}

void teach(const lesson::Settings& settings) {
  // The vocabulary is every character that occurs, in order; an id is its place there.
  const std::string text = lesson::read_text(settings.data / "tinyshakespeare/input.txt");
  std::string characters = text;
  std::ranges::sort(characters);
  characters.erase(std::unique(characters.begin(), characters.end()), characters.end());
  Ids ids;
  for (const char c : text) ids.push_back(static_cast<std::int64_t>(characters.find(c)));
  const std::span<const std::int64_t> all = ids;
  const auto training = all.first(ids.size() / 10 * 9), held_back = all.subspan(training.size());

  const Gpt gpt(std::ssize(characters));
  std::printf("%zu characters, %zu different; %lld parameters\n", text.size(), characters.size(),
              static_cast<long long>(gpt.parameter_count()));
  AdamW optimizer(decay_matrices_only(gpt.parameters(), 0.1), {.beta2 = 0.99});
  const CosineSchedule schedule{.lr = 3e-3, .min_lr = 3e-4, .steps = settings.steps};
  pg::Generator windows(settings.seed);
  for (std::int64_t step = 0; step < settings.steps; ++step) {
    const Tensor loss = loss_of(gpt, training, windows);
    optimizer.zero_grad();
    loss.backward();
    optimizer.set_lr(schedule.at(step));
    optimizer.step(clip_grad_norm(gpt.parameters(), 1.0).clip);
    if (step % 100 == 0 || step + 1 == settings.steps) {
      const pg::NoGrad no_grad;
      std::printf("step %4lld: loss %.3f, on text it never saw %.3f\n",
                  static_cast<long long>(step), loss.item<double>(),
                  loss_of(gpt, held_back, windows).item<double>());
    }
  }
  write(gpt, characters, 400);
}

}  // namespace

int main(int count, char** arguments) {
  return lesson::run(count, arguments, {.steps = 2000}, teach);
}
