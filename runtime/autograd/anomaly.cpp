// See anomaly.h.
#include "runtime/autograd/anomaly.h"

#include <fmt/format.h>

#include <cmath>

#include "runtime/ops/elementwise.h"
#include "runtime/ops/reduce.h"

namespace pg {

namespace autograd {

struct ScopeEntry {
  std::shared_ptr<ScopeEntry> outer;
  std::string name;
  std::source_location where;
  std::uint32_t ops = 0;  // counted by the thread that opened the scope
};

}  // namespace autograd

namespace {

struct ThreadState {
  std::shared_ptr<autograd::ScopeEntry> scope;
  std::uint32_t ops_outside = 0;
  bool anomaly_mode = false;
};

ThreadState& state() {
  thread_local ThreadState instance;
  return instance;
}

std::string_view file_name(const std::source_location& where) {
  const std::string_view path = where.file_name();
  return path.substr(path.find_last_of('/') + 1);
}

std::string index_of(std::int64_t element, const Shape& shape) {
  Dims index = shape;
  for (int d = shape.size(); d-- > 0; element /= shape[d]) index[d] = element % shape[d];
  return to_string(index);
}

}  // namespace

Scope::Scope(std::string name, std::source_location where) {
  ThreadState& thread = state();
  auto entry = std::make_shared<autograd::ScopeEntry>();
  entry->outer = std::move(thread.scope);
  entry->name = std::move(name);
  entry->where = where;
  thread.scope = std::move(entry);
}

Scope::~Scope() {
  ThreadState& thread = state();
  thread.scope = std::shared_ptr(thread.scope->outer);
}

AnomalyMode::AnomalyMode(bool enabled) : previous_(state().anomaly_mode) {
  state().anomaly_mode = enabled;
}
AnomalyMode::~AnomalyMode() { state().anomaly_mode = previous_; }

namespace autograd {

Place next_place() {
  ThreadState& thread = state();
  if (!thread.scope) return {nullptr, ++thread.ops_outside};
  return {thread.scope, ++thread.scope->ops};
}

std::string describe(const Place& place) {
  if (!place.scope) return fmt::format("op {} of this thread", place.number);
  std::string text = fmt::format("op {} of", place.number);
  for (const ScopeEntry* scope = place.scope.get(); scope; scope = scope->outer.get()) {
    text += fmt::format("{} {} ({}:{})", scope == place.scope.get() ? "" : " in", scope->name,
                        file_name(scope->where), scope->where.line());
  }
  return text;
}

bool is_anomaly_mode() { return state().anomaly_mode; }

std::string find_anomaly(const Tensor& x) {
  using ops::BinaryOp;
  if (x.dtype() != DType::F32 || x.numel() == 0) return "";
  // 0 times anything finite is 0. Only what is to be shown comes to the host.
  const Tensor is_finite = ops::binary(BinaryOp::Eq, ops::binary(BinaryOp::Mul, x, 0.0), 0.0);
  if (ops::all(is_finite, {}, false).item<bool>()) return "";
  const std::vector<double> values = x.to_vector<double>();
  std::int64_t nans = 0;
  std::int64_t infinities = 0;
  std::int64_t first = -1;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    if (first < 0) first = static_cast<std::int64_t>(i);
    ++(std::isnan(values[i]) ? nans : infinities);
  }
  std::string text;
  if (nans > 0) text = fmt::format("{} NaN", nans);
  if (infinities > 0) {
    text += fmt::format("{}{} {}", nans > 0 ? " and " : "", infinities,
                        infinities == 1 ? "infinity" : "infinities");
  }
  return text + ", the first at " + index_of(first, x.shape());
}

}  // namespace autograd
}  // namespace pg
