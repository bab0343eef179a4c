// See evaluate.h.
#include "examples/llama/evaluate.h"

#include "examples/llama/data/windows.h"
#include "runtime/autograd/tape.h"

namespace llama {

EvalResult evaluate(const Model& model, const Tokens& tokens, std::int64_t batch,
                    std::int64_t seq) {
  pg::NoGrad no_grad;
  EvalResult result;
  double total = 0;
  for_each_batch(tokens, batch, seq, model.device(), [&](const Batch& windows) {
    std::int64_t count = windows.inputs.numel();
    total += double{model.loss(windows.inputs, windows.targets).item<float>()} *
             static_cast<double>(count);
    result.tokens += count;
  });
  result.loss = total / static_cast<double>(result.tokens);
  return result;
}

}  // namespace llama
