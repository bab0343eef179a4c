// See state_dict.h.
#include "runtime/nn/state_dict.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "runtime/device/error.h"
#include "runtime/ops/copy.h"

namespace pg::nn {
namespace {

/// One line of the error's table.
struct Misfit {
  std::string_view kind;
  std::string name;
  std::string details;
};

std::string table_of(const std::vector<Misfit>& misfits) {
  std::size_t width = 0;
  for (const Misfit& misfit : misfits) width = std::max(width, misfit.name.size());
  std::string table;
  for (const Misfit& misfit : misfits) {
    table += fmt::format("\n  {:<10}  {:<{}}  {}", misfit.kind, misfit.name, width, misfit.details);
  }
  return table;
}

}  // namespace

StateDifferences copy_state(std::string_view op, std::span<const NamedTensor> into,
                            std::span<const NamedTensor> state, bool strict) {
  std::map<std::string_view, const Tensor*> given;
  std::vector<Misfit> misfits;
  for (const NamedTensor& named : state) {
    if (!named.tensor.defined()) fail(op, "`{}` is undefined", named.name);
    if (!given.emplace(named.name, &named.tensor).second) {
      misfits.push_back({"repeated", named.name, describe(named.tensor)});
    }
  }
  StateDifferences differences;
  std::vector<std::pair<const Tensor*, const Tensor*>> copies;  // target, source
  for (const NamedTensor& target : into) {
    const auto found = given.find(target.name);
    if (found == given.end()) {
      differences.missing.push_back(target.name);
      if (strict) misfits.push_back({"missing", target.name, describe(target.tensor)});
      continue;
    }
    const Tensor& source = *found->second;
    if (source.shape() != target.tensor.shape() || source.dtype() != target.tensor.dtype()) {
      misfits.push_back({"misshaped", target.name,
                         fmt::format("{} for {}", describe(source), describe(target.tensor))});
    }
    copies.emplace_back(&target.tensor, &source);
    given.erase(found);
  }
  for (const NamedTensor& named : state) {  // in the state's order
    const auto left = given.find(named.name);
    if (left == given.end() || left->second != &named.tensor) continue;
    differences.unexpected.push_back(named.name);
    if (strict) misfits.push_back({"unexpected", named.name, describe(named.tensor)});
  }
  if (!misfits.empty()) {
    fail(op, "{} {} not fit:{}", misfits.size(), misfits.size() == 1 ? "tensor does" : "tensors do",
         table_of(misfits));
  }
  for (const auto& [target, source] : copies) ops::copy_(*target, *source);
  return differences;
}

}  // namespace pg::nn
