// See check.h.
#include "compiler/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace tile {

void check_failed(const char* condition, const char* why, std::source_location where) {
  std::fprintf(stderr, "internal error: %s (%s) at %s:%u\n", why, condition, where.file_name(),
               static_cast<unsigned>(where.line()));
  std::abort();
}

}  // namespace tile
