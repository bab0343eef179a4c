// What `tilec --version` prints.
#pragma once

#include <string>

namespace tilec {

/// Version, build compiler and flavour, targets, this machine.
std::string version_text();

}  // namespace tilec
