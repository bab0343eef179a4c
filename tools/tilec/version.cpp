// See version.h.
#include "tools/tilec/version.h"

#include <fmt/format.h>

#include "compiler/schedule/target.h"

namespace tilec {

std::string version_text() {
#ifdef NDEBUG
  const char* flavour = "release";
#else
  const char* flavour = "debug";
#endif
  return fmt::format(
      "tilec {}\nbuilt with: {} ({})\ntargets: x86-64-v3, x86-64-v4, zen5, sm_90a\nhost: {}",
      PICOGRAD_VERSION, __VERSION__, flavour, tile::schedule::find_target("host")->name);
}

}  // namespace tilec
