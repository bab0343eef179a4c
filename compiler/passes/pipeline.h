// The passes on tile IR in the order they run, as a table: the driver walks it, verifies and dumps
// after each row, and `--print-after=NAME` takes its names. check_races is not a row: it changes
// nothing.
#pragma once

#include <span>
#include <string_view>

#include "compiler/ir/function.h"

namespace tile::passes {

struct Pass {
  std::string_view name;     // "share_common"
  std::string_view summary;  // what holds afterwards
  void (*run)(ir::Module&);
};

std::span<const Pass> all_passes();
/// The row of this name, or null.
const Pass* find_pass(std::string_view name);

}  // namespace tile::passes
