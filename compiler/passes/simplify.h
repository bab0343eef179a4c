// Afterwards no rule of rules/*.cpp applies, element-wise ops on constants are constants,
// arithmetic on broadcast values is done before the broadcast, and control whose course is known is
// gone: ifs on constants, loops of no turn or of one, carried values that never change. All bits
// stay (NUMERICS).
#pragma once

#include <string_view>
#include <vector>

#include "compiler/ir/function.h"

namespace tile::passes {

void simplify(ir::Function& function);
/// Same; appends the name of each rule that fired.
void simplify(ir::Function& function, std::vector<std::string_view>& fired);

/// Names of all rules, those that are code and no table row included.
std::vector<std::string_view> rule_names();

}  // namespace tile::passes
