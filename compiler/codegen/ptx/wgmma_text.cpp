// See wgmma_text.h.
#include "compiler/codegen/ptx/wgmma_text.h"

#include <fmt/format.h>

namespace tile::codegen::ptx {

std::string registers_text(int first, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += fmt::format("{}${}", i == 0 ? "{" : ", ", first + i);
  return text + "}";
}

std::string wgmma_text(std::int64_t columns, std::string_view acc, std::string_view a,
                       std::string_view b, std::string_view predicate) {
  return fmt::format("wgmma.mma_async.sync.aligned.m64n{}k8.f32.tf32.tf32 {}, {}, {}, {}, 1, 1;\n",
                     columns, acc, a, b, predicate);
}

}  // namespace tile::codegen::ptx
