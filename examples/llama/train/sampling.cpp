// See sampling.h.
#include "examples/llama/train/sampling.h"

#include <fmt/format.h>

#include <fstream>

#include "examples/llama/base/say.h"
#include "examples/llama/generate.h"
#include "runtime/autograd/tape.h"

namespace llama {

void show_sample(const Run& run, const TrainOptions& options) {
  const pg::NoGrad no_grad;
  const GenerateOptions sample{
      .prompt = "", .steps = 256, .sampler = {.temperature = 0.8, .seed = options.seed}};
  std::string text = fmt::format("--- step {} ---\n", run.step);
  generate(run.model, *run.tokenizer, sample, [&](std::string_view piece) { text += piece; });
  say("{}", text);
  std::ofstream file(options.out / "samples.txt", std::ios::app);
  if (!(file << text << std::endl)) {
    warn("samples.txt: cannot be written, training goes on");
  }
}

}  // namespace llama
