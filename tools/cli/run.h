// The frame of our programs' main functions: whatever goes wrong ends in one line on stderr and a
// documented exit code.
#pragma once

#include <functional>
#include <string_view>

namespace cli {

/// Runs `body` and returns its exit code, or that of what it throws (exit_code.h). Output that did
/// not reach stdout turns success into exit_io: a full disk must not pass for a short result.
int run(std::string_view program, const std::function<int()>& body);

}  // namespace cli
