// See jacobian.h.
#include "runtime/autograd/jacobian.h"

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"

namespace pg {

namespace {

/// The inputs as results of an op: gradients can be asked for without touching those of leaves, and
/// lead on to the caller's tensors when these require gradients.
Tensors differentiable(const char* op, const Tensors& inputs) {
  const GradMode on(true);
  Tensors result;
  for (const Tensor& x : inputs) {
    if (!x.defined() || x.dtype() != DType::F32) {
      fail(op, "input {} is {}, not f32", result.size(), describe(x));
    }
    result.push_back(reshape(x, x.shape()));
    if (!result.back().requires_grad()) result.back() = view::alias(x).requires_grad_();
  }
  return result;
}

void check_vectors(const char* op, const Tensors& inputs, const Tensors& v) {
  if (v.size() != inputs.size()) fail(op, "{} vectors for {} inputs", v.size(), inputs.size());
  for (std::size_t i = 0; i < v.size(); ++i) {
    if (!v[i].defined() || v[i].shape() != inputs[i].shape()) {
      fail(op, "vector {} is {} for an input {}", i, describe(v[i]), describe(inputs[i]));
    }
  }
}

/// grad with zeros for what y does not depend on.
Tensors gradients(const Tensor& y, const Tensors& inputs, const Tensor& v,
                  BackwardOptions options) {
  Tensors result(inputs.size());
  if (y.requires_grad()) result = grad(y, inputs, v, options);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!result[i].defined()) result[i] = zeros_like(inputs[i]);
  }
  return result;
}

Tensor evaluate(const TensorFunction& function, const Tensors& inputs) {
  const GradMode on(true);
  return function(inputs);
}

Tensor kept(const Tensor& x, FunctionalOptions options) {
  return options.create_graph ? x : x.detach();
}

Shape joined(const Shape& a, const Shape& b) {
  Shape shape = a;
  for (std::int64_t size : b) shape.push_back(size);
  return shape;
}

/// The Jacobian of y, a function of `inputs`: row k is the gradient of element k.
Tensors jacobian_of(const Tensor& y, const Tensors& inputs, FunctionalOptions options) {
  std::vector<Tensors> rows(inputs.size());
  const std::int64_t count = y.numel();
  for (std::int64_t k = 0; k < count; ++k) {
    std::vector<float> unit(static_cast<std::size_t>(count));
    unit[static_cast<std::size_t>(k)] = 1.0f;
    const Tensors row = gradients(y, inputs, from_data(unit, y.shape(), y.device()),
                                  {.retain_graph = true, .create_graph = options.create_graph});
    for (std::size_t i = 0; i < inputs.size(); ++i) rows[i].push_back(row[i]);
  }
  Tensors result;
  const GradMode mode(options.create_graph);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Shape shape = joined(y.shape(), inputs[i].shape());
    result.push_back(count == 0 ? zeros(shape, DType::F32, y.device())
                                : reshape(stack(rows[i]), shape));
  }
  return result;
}

void check_one_number(const char* op, const Tensor& y) {
  if (y.numel() != 1) fail(op, "the result is of shape {}, not one number", to_string(y.shape()));
}

}  // namespace

VjpResult vjp(const TensorFunction& function, const Tensors& inputs, const Tensor& v,
              FunctionalOptions options) {
  const Tensors own = differentiable("vjp", inputs);
  const Tensor y = evaluate(function, own);
  return {kept(y, options), gradients(y, own, v, {.create_graph = options.create_graph})};
}

JvpResult jvp(const TensorFunction& function, const Tensors& inputs, const Tensors& v,
              FunctionalOptions options) {
  check_vectors("jvp", inputs, v);
  const Tensors own = differentiable("jvp", inputs);
  const Tensor y = evaluate(function, own);
  // Any seed does: what it is multiplied with is what counts.
  const Tensor seed = zeros_like(y).requires_grad_();
  const Tensors products = gradients(y, own, seed, {.create_graph = true});
  const GradMode on(true);
  Tensor total = zeros({}, DType::F32, y.device());
  for (std::size_t i = 0; i < own.size(); ++i) total = total + sum(products[i] * v[i]);
  const Tensor tangent = gradients(total, {seed}, {}, {.create_graph = options.create_graph})[0];
  return {kept(y, options), tangent};
}

HvpResult hvp(const TensorFunction& function, const Tensors& inputs, const Tensors& v,
              FunctionalOptions options) {
  check_vectors("hvp", inputs, v);
  const Tensors own = differentiable("hvp", inputs);
  const Tensor y = evaluate(function, own);
  check_one_number("hvp", y);
  const Tensors first = gradients(y, own, {}, {.create_graph = true});
  const GradMode on(true);
  Tensor total = zeros({}, DType::F32, y.device());
  for (std::size_t i = 0; i < own.size(); ++i) total = total + sum(first[i] * v[i]);
  return {kept(y, options), gradients(total, own, {}, {.create_graph = options.create_graph})};
}

Tensors jacobian(const TensorFunction& function, const Tensors& inputs, FunctionalOptions options) {
  const Tensors own = differentiable("jacobian", inputs);
  return jacobian_of(evaluate(function, own), own, options);
}

std::vector<Tensors> hessian(const TensorFunction& function, const Tensors& inputs,
                             FunctionalOptions options) {
  const Tensors own = differentiable("hessian", inputs);
  const Tensor y = evaluate(function, own);
  check_one_number("hessian", y);
  std::vector<Tensors> result;
  for (const Tensor& gradient : gradients(y, own, {}, {.create_graph = true})) {
    result.push_back(jacobian_of(gradient, own, options));
  }
  return result;
}

}  // namespace pg
