// How much a step of the plan does, for people to read: operations on numbers, and bytes that move
// between the processor and tensors or buffers. Tiles that overhang their tensors count in full.
#pragma once

#include <vector>

#include <cstdint>
#include <string>

#include "compiler/schedule/plan.h"

namespace tile::schedule {

/// A load or store of a nest, with the loops that its tile's indices follow.
struct TensorAccess {
  ir::OpId op;
  IndexMap map;
};

struct Work {
  std::int64_t operations = 0;  // an fma counts twice
  std::int64_t tensor_bytes = 0;
  std::int64_t buffer_bytes = 0;
  std::vector<TensorAccess> accesses;  // of nests
};

Work work_of(const ir::Function& function, const Plan& plan, const Nest& nest);
Work work_of(const ir::Function& function, const Plan& plan, const Dot& dot);

/// "1.2 kop, 4.1 kB of tensors, 512 B of buffers".
std::string to_string(const Work& work);

}  // namespace tile::schedule
