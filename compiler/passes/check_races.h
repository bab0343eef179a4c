// Proves that no two programs of a kernel write the same element, and that what a program reads of
// an `inout` tensor no other program writes (LANGUAGE: no race by construction). Run on inlined and
// simplified IR; changes nothing. `unordered out` tensors are not judged: the source promised, and
// the interpreter checks.
#pragma once

#include <string>
#include <vector>

#include "compiler/ir/function.h"

namespace tile::passes {

struct RaceProblem {
  struct Note {
    Span span;
    std::string text;
  };
  Span span;             // the store, or the load of an inout tensor
  bool is_read = false;  // one program reads what another writes; else two write the same element
  std::string tensor;    // the parameter's name
  std::vector<Note> notes;
};

/// What could not be proven, in source order; empty when the kernel is free of races.
std::vector<RaceProblem> check_races(const ir::Function& kernel);

}  // namespace tile::passes
