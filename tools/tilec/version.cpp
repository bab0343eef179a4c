// See version.h.
#include "tools/tilec/version.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/schedule/target.h"

namespace tilec {

std::string version_text() {
#ifdef NDEBUG
  const char* flavour = "release";
#else
  const char* flavour = "debug";
#endif
  return fmt::format("tilec {}\nbuilt with: {} ({})\ntargets: {}\nhost: {}", PICOGRAD_VERSION,
                     __VERSION__, flavour, fmt::join(tile::schedule::target_names(), ", "),
                     tile::schedule::find_target("host")->name);
}

}  // namespace tilec
