// A whole training step of a llama on a GPU (gpu.h): forward, backward, clipping, AdamW, on random
// tokens, as llama_peer.py measures it.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "examples/llama/model/model.h"
#include "runtime/device/buffer.h"
#include "runtime/nn/optimizer.h"
#include "tools/tilebench/gpu.h"
#include "tools/tilebench/gpu_peer.h"
#include "tools/tilebench/gpu_report.h"
#include "tools/tilebench/measure.h"

namespace bench::gpu {

namespace {

double gib(std::size_t bytes) { return static_cast<double>(bytes) / (1 << 30); }

class Training {
 public:
  Training(const LlamaOptions& options, const llama::Config& config, pg::Device device)
      : device_(device), generator_(1337), model_(make_model(config, generator_, device)) {
    model_.set_precision(options.precision);
    for (const llama::NamedTensor& parameter : model_.parameters()) {
      parameters_.push_back(parameter.tensor.requires_grad_());
    }
    optimizer_.emplace(pg::nn::decay_matrices_only(parameters_, 0.1),
                       pg::nn::AdamOptions{3e-4, 0.9, 0.95, 1e-8});
    inputs_ = tokens(options, config.vocab_size);
    targets_ = tokens(options, config.vocab_size);
  }

  /// Host seconds from an idle GPU to an idle GPU.
  double step() {
    pg::synchronize(device_);
    const auto start = std::chrono::steady_clock::now();
    loss_ = model_.loss(inputs_, targets_);
    loss_.backward();
    auto gradient = pg::nn::clip_grad_norm(parameters_, 1.0);
    optimizer_->step(gradient.clip);
    optimizer_->zero_grad();
    pg::synchronize(device_);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  float loss() const { return loss_.item<float>(); }

 private:
  pg::Tensor tokens(const LlamaOptions& options, std::int64_t vocabulary) {
    std::vector<std::int32_t> ids(static_cast<std::size_t>(options.batch * options.seq));
    for (std::int32_t& id : ids) {
      id = static_cast<std::int32_t>(generator_.below(static_cast<std::uint64_t>(vocabulary)));
    }
    return pg::from_data(ids, {options.batch, options.seq}, device_);
  }

  pg::Device device_;
  pg::Generator generator_;
  llama::Model model_;
  std::vector<pg::Tensor> parameters_;
  std::optional<pg::nn::AdamW> optimizer_;
  pg::Tensor inputs_, targets_, loss_;
};

}  // namespace

bool llama_step(const Options& options, const LlamaOptions& chosen) {
  llama::Config config = llama::preset(chosen.model);
  if (config.vocab_size == 0) config.vocab_size = 65;
  config.max_positions = std::max(config.max_positions, chosen.seq);
  Training training(chosen, config, options.device);
  Peer peer(options.peer);
  Report report(options, "llama", {"model", "precision", "batch x seq"}, "tokens/s", 1);
  Row row;
  row.labels = {{"model", chosen.model},
                {"precision", std::string(name_of(chosen.precision))},
                {"batch x seq", fmt::format("{} x {}", chosen.batch, chosen.seq)}};
  row.group = "llama";
  row.work = static_cast<double>(chosen.batch * chosen.seq);
  row.peer = "PyTorch, eager";
  row.facts["first_step_seconds"] = training.step();
  for (int round = 0; round < options.rounds; ++round) {
    std::vector<double> steps;
    for (int step = 0; step < chosen.steps; ++step) steps.push_back(training.step());
    row.seconds.push_back(median({steps.begin() + chosen.steps / 3, steps.end()}));
    const std::string answer =
        peer.ask(fmt::format("llama {} {} {} {} {}", chosen.model, chosen.batch,
                             name_of(chosen.precision), chosen.seq, chosen.steps));
    char* end = nullptr;
    const double milliseconds = std::strtod(answer.c_str(), &end);
    if (milliseconds <= 0) continue;
    row.peer_seconds.push_back(milliseconds * 1e-3);
    row.facts["peer_peak_gib"] = std::strtod(end, nullptr);
  }
  row.facts["peak_gib"] = gib(pg::memory_statistics(options.device).peak_bytes);
  row.facts["loss"] = training.loss();
  if (!(training.loss() > 0 && training.loss() < 20)) row.mistake = "the loss";
  report.add(row);
  fmt::print("peak {:.2f} GiB, peer {:.2f} GiB; first step {:.1f} s; loss {:.3f}\n",
             row.facts["peak_gib"], row.facts["peer_peak_gib"], row.facts["first_step_seconds"],
             row.facts["loss"]);
  report.finish();
  if (report.has_mistakes()) return false;
  if (chosen.model != "110M" || chosen.precision != pg::Precision::Tf32) return true;
  return row.work / median(row.seconds) >= 115000 && row.facts["peak_gib"] <= 10.1;
}

}  // namespace bench::gpu
