// How a tile moves from one layout to another: by renaming registers, by choosing among a thread's
// own registers, by exchanges between the lanes of a warp, or through scratch in shared memory. The
// code generator obeys; the planner learns here how much scratch that takes.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/schedule/gpu/layout.h"

namespace tile::schedule {

struct Conversion {
  enum class Kind : std::uint8_t { Warp, Scratch };
  Kind kind = Kind::Warp;

  // Warp: register r of a thread comes from register registers[r] ^ (the thread's element of
  // `choice`) of lane lanes[r] ^ (the thread's element of `source`). Both are layouts of rank 1
  // without registers: a linear map of the thread's number.
  std::vector<int> registers;
  std::vector<int> lanes;
  Layout choice;
  Layout source;
  bool moves_lanes = false;  // else every lane reads itself

  // Scratch: both layouts with addresses (in elements) in place of flat indices. Vectors: register
  // bits whose addresses are 1, 2, .. Rounds: register bits of the same elements on both sides,
  // whose turn comes one value after the other, so that scratch holds a part of the tile only.
  Layout write;
  Layout read;
  std::vector<int> write_vector, read_vector;
  std::vector<int> write_rounds, read_rounds;
  std::int64_t bytes = 0;
};

/// `element_bytes`: of an element in memory.
Conversion conversion(const Layout& from, const Layout& to, int element_bytes);

/// The most lanes whose accesses must wait for each other: 1 is without bank conflicts. `addresses`
/// in elements; `vector` elements are accessed at once.
int conflict_degree(const Layout& addresses, int vector, int element_bytes);

}  // namespace tile::schedule
