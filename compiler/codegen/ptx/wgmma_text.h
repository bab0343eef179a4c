// The text of wgmma in tf32, for products in and outside of the pipeline.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tile::codegen::ptx {

/// "{$4, $5, $6}": operands of inline assembly.
std::string registers_text(int first, int count);

/// acc += a b for 64 rows, `columns` columns and 8 k. `acc`: registers; `a`: registers or a
/// descriptor, `b`: a descriptor; where the predicate is false, acc counts as zero.
std::string wgmma_text(std::int64_t columns, std::string_view acc, std::string_view a,
                       std::string_view b, std::string_view predicate);

}  // namespace tile::codegen::ptx
