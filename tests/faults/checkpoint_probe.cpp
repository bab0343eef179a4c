// Saves the checkpoint of a tiny run and keeps only that one, as a trainer does after a step: the
// program that checkpoint_fault_test.cpp kills and lies to at every system call. It launches no
// kernel, so that nearly all of its calls are the save's; two calls of access() enclose them.
// Usage: checkpoint_probe FOLDER STEP
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "examples/llama/base/exit_code.h"
#include "examples/llama/train/checkpoint.h"

namespace {

void mark(const char* place) { static_cast<void>(::access(place, F_OK)); }

void save(const std::filesystem::path& folder, std::int64_t step) {
  llama::Config config{.hidden_size = 4,
                       .intermediate_size = 4,
                       .layers = 1,
                       .heads = 1,
                       .kv_heads = 1,
                       .head_dim = 4,
                       .vocab_size = 8,
                       .max_positions = 4};
  pg::Generator generator(static_cast<std::uint64_t>(step));
  const llama::Model model = llama::make_model(config, generator, pg::cpu_device);
  std::vector<pg::Tensor> parameters;
  for (const llama::NamedTensor& parameter : model.parameters()) {
    parameters.push_back(parameter.tensor);
  }
  const pg::nn::AdamW optimizer(parameters, pg::nn::AdamOptions{});
  const llama::KeptFile tokenizer{"tokenizer.pg.json", "{}"};
  llama::Manifest manifest;
  manifest.step = step;
  manifest.weights_hash = pg::nn::hash_of(parameters);
  const llama::Checkpoints checkpoints(folder);
  mark("/save begins");
  checkpoints.clean_up(step - 1);
  checkpoints.save({std::move(manifest), model, optimizer, tokenizer});
  checkpoints.keep_last(1);
  mark("/save ends");
}

}  // namespace

int main(int, char** arguments) {
  try {
    save(arguments[1], std::atoll(arguments[2]));
    return llama::exit_ok;
  } catch (const llama::Failure& failure) {
    std::fputs(failure.what(), stderr);
    return failure.code();
  } catch (const std::exception& error) {
    std::fputs(error.what(), stderr);
    return llama::exit_bad_data;
  }
}
