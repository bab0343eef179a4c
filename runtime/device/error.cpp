// See error.h.
#include "runtime/device/error.h"

#include <string>

namespace pg {

void throw_error(std::string_view op, std::string_view message) {
  throw Error(std::string(op) + ": " + std::string(message));
}

}  // namespace pg
