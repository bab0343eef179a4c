// Source errors about what a target has too little of: memory for a program's tiles (T0701),
// registers for a tile (T0703). Each lists what takes most, and the nearest setting that fits.
#pragma once

#include "compiler/driver/pipeline.h"

namespace tile {

/// False when something was reported.
bool report_resources(LoadedFile& file, const Selection& selection, const Compilation& made);

}  // namespace tile
