// Optimizers against PyTorch's, their state through a file, and clipping.
#include "runtime/nn/optimizer.h"

#include "runtime/autograd/functions.h"
#include "runtime/nn/safetensors.h"
#include "runtime/nn/test_support.h"

namespace pg::nn {
namespace {

using test::ramp;

/// Steps `first` to `last` of the goldens: fixed gradients, half the rate from step 4 on.
void take_steps(Optimizer& optimizer, const Tensor& p, int first, int last) {
  for (int t = first; t <= last; ++t) {
    if (t == 4) optimizer.set_lr(optimizer.lr() / 2);
    p.set_grad(ramp({7}, 10 + t));
    optimizer.step();
  }
}

/// The distance to PyTorch's parameters after five steps.
template <typename Chosen, typename Options>
double distance_after_five(const char* row, Options options, double weight_decay) {
  const Tensor p = ramp({7}, 1).requires_grad_();
  Chosen optimizer({p}, options, weight_decay);
  take_steps(optimizer, p, 1, 5);
  return test::distance(p.detach(), test::golden("pytorch_optimizers.txt", row));
}

TEST_CASE("SGD takes PyTorch's steps") {
  CHECK(distance_after_five<SGD>("sgd", SGDOptions{.lr = 0.1}, 0) < 3e-7);
  CHECK(distance_after_five<SGD>("sgd_decay", SGDOptions{.lr = 0.1}, 0.25) < 3e-7);
  const SGDOptions momentum{.lr = 0.1, .momentum = 0.9};
  CHECK(distance_after_five<SGD>("sgd_momentum", momentum, 0.25) < 3e-7);
  const SGDOptions nesterov{.lr = 0.1, .momentum = 0.9, .nesterov = true};
  CHECK(distance_after_five<SGD>("sgd_nesterov", nesterov, 0.25) < 3e-7);
  CHECK(message_of([] { SGD({zeros({1})}, {.nesterov = true}); }) ==
        "SGD: Nesterov's step needs a momentum above 0, not 0");
}

TEST_CASE("Adam and AdamW take PyTorch's steps") {
  const AdamOptions plain{.lr = 0.1};
  const AdamOptions other{.lr = 0.1, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-3};
  CHECK(distance_after_five<Adam>("adam", plain, Adam::default_decay) < 5e-7);
  CHECK(distance_after_five<Adam>("adam_decay", other, 0.25) < 5e-7);
  CHECK(distance_after_five<AdamW>("adamw", plain, AdamW::default_decay) < 5e-7);
  CHECK(distance_after_five<AdamW>("adamw_decay", other, 0.25) < 5e-7);
}

TEST_CASE("options may be left out") {
  const std::vector<Tensor> parameters{zeros({2}).requires_grad_()};
  CHECK(AdamW(parameters).lr() == 1e-3);
  CHECK(Adam(decay_matrices_only(parameters, 0.1)).lr() == 1e-3);
  CHECK(SGD(parameters).lr() == 1e-3);
}

TEST_CASE("groups decay by their own measure; what has no gradient stays") {
  const Tensor w = tensor({1, -2}).requires_grad_();
  const Tensor b = tensor({0.5f}).requires_grad_();
  const Tensor unused = tensor({3}).requires_grad_();
  SGD optimizer({{.parameters = {w}, .weight_decay = 0.5}, {.parameters = {b, unused}}},
                {.lr = 0.1});
  w.set_grad(zeros({2}));
  b.set_grad(zeros({1}));
  optimizer.step();
  CHECK(test::distance(w.detach(), {0.95, -1.9}) < 1e-7);
  CHECK(b.item<float>() == 0.5f);
  CHECK(unused.item<float>() == 3.0f);
  CHECK(optimizer.step_count() == 1);
  optimizer.zero_grad();
  CHECK(!w.grad().defined());

  const std::vector<Tensor> parameters = {zeros({2, 2}), zeros({2}), zeros({1, 1, 1})};
  const std::vector<ParameterGroup> groups = decay_matrices_only(parameters, 0.3);
  CHECK(groups[0].parameters.size() == 2);
  CHECK(groups[0].weight_decay == 0.3);
  CHECK(groups[1].parameters.size() == 1);
  CHECK(groups[1].weight_decay == 0.0);
}

/// Three steps, state to a file, two steps of a new optimizer with that state: the bits of five.
template <typename Chosen, typename Options>
void check_resumes(Options options) {
  const test::Folder folder;
  const Tensor p = ramp({7}, 1).requires_grad_();
  Chosen whole({p}, options);
  take_steps(whole, p, 1, 3);
  save_safetensors(folder.file("state.safetensors"), whole.state_dict());
  const Tensor copy = p.detach().clone().requires_grad_();
  take_steps(whole, p, 4, 5);

  Chosen resumed({copy}, options);
  resumed.load_state_dict(load_safetensors(folder.file("state.safetensors")));
  CHECK(resumed.step_count() == 3);
  take_steps(resumed, copy, 4, 5);
  CHECK(copy.to_vector<float>() == p.to_vector<float>());
}

TEST_CASE("an optimizer goes on from its saved state") {
  check_resumes<AdamW>(AdamOptions{.lr = 0.1});
  check_resumes<SGD>(SGDOptions{.lr = 0.1, .momentum = 0.9});
  check_resumes<SGD>(SGDOptions{.lr = 0.1});
}

TEST_CASE("a state that is not the optimizer's changes nothing") {
  Adam optimizer({zeros({2}).requires_grad_(), zeros({3}).requires_grad_()}, {});
  std::string names;
  for (const NamedTensor& named : optimizer.state_dict()) names += named.name + " ";
  CHECK(names == "step 0.exp_avg 0.exp_avg_sq 1.exp_avg 1.exp_avg_sq ");
  StateDict state = {{"step", scalar(std::int64_t{9})},
                     {"0.exp_avg", ones({2})},
                     {"0.exp_avg_sq", ones({1, 2})},
                     {"1.exp_avg", ones({3})},
                     {"1.momentum_buffer", ones({3})}};
  CHECK(message_of([&] { optimizer.load_state_dict(state); }) ==
        "load_state_dict: 3 tensors do not fit:\n"
        "  misshaped   0.exp_avg_sq       f32 [1, 2] for f32 [2]\n"
        "  missing     1.exp_avg_sq       f32 [3]\n"
        "  unexpected  1.momentum_buffer  f32 [3]");
  StateDict negative = optimizer.state_dict();
  negative[0].tensor = scalar(std::int64_t{-1});
  CHECK(message_of([&] { optimizer.load_state_dict(negative); }) ==
        "load_state_dict: step -1 is negative");
  CHECK(optimizer.step_count() == 0);
  CHECK(optimizer.state_dict()[1].tensor.to_vector<float>() == std::vector<float>{0, 0});
}

TEST_CASE("clipping by the global norm") {
  const Tensor a = zeros({2}).requires_grad_();
  const Tensor b = zeros({1}).requires_grad_();
  const Tensor unused = zeros({1}).requires_grad_();
  (a * tensor({2, 3})).sum().backward();
  (b * 6.0).sum().backward();
  const std::vector<Tensor> parameters = {a, unused, b};
  const ops::GradientNorm found = clip_grad_norm(parameters, 3.5);
  CHECK(found.norm.item<double>() == doctest::Approx(7.0));
  CHECK(found.clip.item<double>() == doctest::Approx(0.5));
  CHECK(a.grad().to_vector<float>() == std::vector<float>{2, 3});

  // The factor in the step is the same as scaled gradients.
  SGD in_step({a}, {.lr = 1.0});
  in_step.step(found.clip);
  CHECK(test::distance(a.detach(), {-1.0, -1.5}) < 1e-6);
  SGD with_momentum({b}, {.lr = 1.0, .momentum = 0.5});
  with_momentum.step(found.clip);
  CHECK(b.item<double>() == doctest::Approx(-3.0));

  CHECK(clip_grad_norm_(parameters, 3.5).item<double>() == doctest::Approx(7.0));
  CHECK(a.grad().to_vector<float>()[1] == doctest::Approx(1.5));
  CHECK(clip_grad_norm(parameters, 0.0).clip.item<float>() == 1.0f);
  CHECK(clip_grad_norm(parameters, 100.0).clip.item<float>() == 1.0f);
}

TEST_CASE("clipping by value") {
  const Tensor a = zeros({4}).requires_grad_();
  const Tensor unused = zeros({1}).requires_grad_();
  a.set_grad(tensor({-3, -0.5f, 0.25f, 2}));
  const std::vector<Tensor> parameters = {a, unused};
  clip_grad_value_(parameters, 0.5);
  CHECK(a.grad().to_vector<float>() == std::vector<float>{-0.5f, -0.5f, 0.25f, 0.5f});
  CHECK(message_of([&] { clip_grad_value_(parameters, -1.0); }) ==
        "clip_grad_value_: the limit -1 is not 0 or more");
}

}  // namespace
}  // namespace pg::nn
