// Finding where numbers go wrong: scopes give recorded ops a place that messages can name, and
// anomaly mode stops at the first op that makes a NaN or an infinity.
#pragma once

#include <source_location>
#include <string>

#include "runtime/autograd/tape.h"

namespace pg {

/// Names what this thread computes while it lives, for messages about ops recorded meanwhile:
///   const pg::Scope scope("layer 3");
/// Costs an allocation, and a counter for each op that is recorded meanwhile.
class Scope {
 public:
  explicit Scope(std::string name, std::source_location where = std::source_location::current());
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
};

/// While it lives, this thread's recorded ops and the steps of its walks throw at the first result
/// or gradient that is not finite, naming the op, the entry and where the op was recorded. Slow:
/// every result is read.
class AnomalyMode {
 public:
  explicit AnomalyMode(bool enabled = true);
  ~AnomalyMode();
  AnomalyMode(const AnomalyMode&) = delete;
  AnomalyMode& operator=(const AnomalyMode&) = delete;

 private:
  bool previous_;
};

namespace autograd {

/// The place of an op that is recorded now; counts it.
Place next_place();
/// "op 3 of layer 3 (model.cpp:40) in decoder (train.cpp:12)"; "op 17 of this thread".
std::string describe(const Place& place);

bool is_anomaly_mode();
/// "1 NaN and 2 infinities, the first at [0, 3]"; empty when all elements are finite.
std::string find_anomaly(const Tensor& x);

}  // namespace autograd
}  // namespace pg
