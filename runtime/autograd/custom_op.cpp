// See custom_op.h.
#include "runtime/autograd/custom_op.h"

#include "runtime/device/error.h"

namespace pg {

struct CustomOp::State {
  std::string name;
  CustomForward forward;
  CustomVjp vjp;
};

CustomOp::CustomOp(std::string name, CustomForward forward, CustomVjp vjp)
    : state_(std::make_shared<State>(State{std::move(name), std::move(forward), std::move(vjp)})) {
  if (!state_->forward || !state_->vjp)
    fail("make_op", "`{}` needs a forward and a vjp", state_->name);
}

const std::string& CustomOp::name() const { return state_->name; }

Tensor CustomOp::operator()(const Tensors& inputs) const {
  Tensor output;
  {
    const NoGrad no_grad;
    output = state_->forward(inputs);
  }
  if (!output.defined()) fail(state_->name, "the forward function returned an undefined tensor");
  std::vector<const Tensor*> operands;
  for (const Tensor& input : inputs) operands.push_back(&input);
  if (output.dtype() != DType::F32 || !autograd::needs_record(operands)) return output;
  // An input handed through, or a result kept from an earlier call, must not be put on the tape
  // twice.
  if (!output.is_sole_owner()) output = view::alias(output);

  std::vector<const Tensor*> saved = operands;
  saved.push_back(&output);
  const auto vjp = [state = state_,
                    count = inputs.size()](const autograd::VjpCall& call) -> Tensors {
    Tensors values;
    for (std::size_t i = 0; i < count; ++i) values.push_back(call.saved(static_cast<int>(i)));
    Tensors gradients = state->vjp(values, call.saved(static_cast<int>(count)), call.gradient());
    if (gradients.size() != count) {
      fail(state->name, "the vjp returned {} gradients for {} inputs", gradients.size(), count);
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (gradients[i].defined() && gradients[i].shape() != values[i].shape()) {
        fail(state->name, "the vjp returned a gradient of shape {} for input {} of shape {}",
             to_string(gradients[i].shape()), i, to_string(values[i].shape()));
      }
    }
    return gradients;
  };
  autograd::attach(state_->name, {&output, 1}, operands, saved, vjp);
  return output;
}

}  // namespace pg
