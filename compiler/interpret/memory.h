// The watch over single elements: who wrote and read them, and whether they were ever written.
#pragma once

#include "compiler/interpret/machine.h"

namespace tile::interpret {

/// Called for each element of a watched tensor, by row-major number, before it is read or written.
/// They fail on a race or an undefined read.
void note_read(Machine& machine, const Step& step, BoundTensor& tensor, std::int64_t element);
void note_write(Machine& machine, const Step& step, BoundTensor& tensor, std::int64_t element);

}  // namespace tile::interpret
