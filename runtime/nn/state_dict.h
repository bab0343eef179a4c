// Tensors by name, as modules and optimizers give and take them and as safetensors files hold them:
// save_safetensors(path, net.state_dict()), net.load_state_dict(load_safetensors(path)).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/tensor/tensor.h"

namespace pg::nn {

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// In an order that repeats; each name once.
using StateDict = std::vector<NamedTensor>;

/// Names that only one side has.
struct StateDifferences {
  std::vector<std::string> missing;     // from the state
  std::vector<std::string> unexpected;  // in the state
};

/// Copies every tensor of `state` over the one of the same name in `into`, across devices. All or
/// nothing: a tensor of another shape or element type, a name that is given twice and, if `strict`,
/// any difference of names is an error in the name of `op` that lists every misfit, one a line.
StateDifferences copy_state(std::string_view op, std::span<const NamedTensor> into,
                            std::span<const NamedTensor> state, bool strict = true);

}  // namespace pg::nn
