// See custom_op.h.
#include "runtime/autograd/custom_op.h"

#include <algorithm>

#include "runtime/device/error.h"

namespace pg {

struct CustomMultiOp::State {
  std::string name;
  CustomMultiForward forward;
  CustomMultiVjp vjp;

  Tensors outputs(const Tensors& inputs) const;
  Tensors gradients(const autograd::VjpCall& call, std::size_t inputs, std::size_t outputs) const;
};

namespace {

void check_functions(const std::string& name, bool has_forward, bool has_vjp) {
  if (!has_forward || !has_vjp) fail("make_op", "`{}` needs a forward and a vjp", name);
}

}  // namespace

CustomMultiOp::CustomMultiOp(std::string name, CustomMultiForward forward, CustomMultiVjp vjp)
    : state_(std::make_shared<State>(State{std::move(name), std::move(forward), std::move(vjp)})) {
  check_functions(state_->name, bool(state_->forward), bool(state_->vjp));
}

const std::string& CustomMultiOp::name() const { return state_->name; }

Tensors CustomMultiOp::State::outputs(const Tensors& inputs) const {
  const NoGrad no_grad;
  Tensors result = forward(inputs);
  if (result.empty()) fail(name, "the forward function returned no tensor");
  for (const Tensor& output : result) {
    if (!output.defined()) fail(name, "the forward function returned an undefined tensor");
  }
  return result;
}

Tensors CustomMultiOp::State::gradients(const autograd::VjpCall& call, std::size_t inputs,
                                        std::size_t outputs) const {
  Tensors in, out, arrived;
  for (std::size_t i = 0; i < inputs; ++i) in.push_back(call.saved(static_cast<int>(i)));
  for (std::size_t i = 0; i < outputs; ++i) {
    out.push_back(call.saved(static_cast<int>(inputs + i)));
    arrived.push_back(call.gradient(static_cast<int>(i)));
  }
  Tensors result = vjp(in, out, arrived);
  if (result.size() != inputs) {
    fail(name, "the vjp returned {} gradients for {} inputs", result.size(), inputs);
  }
  for (std::size_t i = 0; i < inputs; ++i) {
    if (result[i].defined() && result[i].shape() != in[i].shape()) {
      fail(name, "the vjp returned a gradient of shape {} for input {} of shape {}",
           to_string(result[i].shape()), i, to_string(in[i].shape()));
    }
  }
  return result;
}

Tensors CustomMultiOp::operator()(const Tensors& inputs) const {
  Tensors outputs = state_->outputs(inputs);
  std::vector<const Tensor*> operands;
  for (const Tensor& input : inputs) operands.push_back(&input);
  const bool has_gradients = std::ranges::any_of(
      outputs, [](const Tensor& output) { return output.dtype() == DType::F32; });
  if (!has_gradients || !autograd::needs_record(operands)) return outputs;
  std::vector<const Tensor*> saved = operands;
  for (Tensor& output : outputs) {
    // An input handed through, or a result kept from an earlier call, must not be put on the tape
    // twice.
    if (!output.is_sole_owner()) output = view::alias(output);
    saved.push_back(&output);
  }
  autograd::attach(
      state_->name, outputs, operands, saved,
      [state = state_, in = inputs.size(), out = outputs.size()](
          const autograd::VjpCall& call) -> Tensors { return state->gradients(call, in, out); });
  return outputs;
}

CustomOp::CustomOp(std::string name, CustomForward forward, CustomVjp vjp)
    : op_([&] {
        check_functions(name, bool(forward), bool(vjp));
        return CustomMultiOp(
            std::move(name),
            [forward = std::move(forward)](const Tensors& inputs) {
              return Tensors{forward(inputs)};
            },
            [vjp = std::move(vjp)](const Tensors& inputs, const Tensors& outputs,
                                   const Tensors& gradients) {
              return vjp(inputs, outputs[0], gradients[0]);
            });
      }()) {}

}  // namespace pg
