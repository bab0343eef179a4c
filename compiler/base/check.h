// Assertions about our own bugs. A failed check prints the condition, the reason and the place,
// then aborts; it is never used for bad input, which gets a diagnostic (compiler) or a pg::Error
// (runtime).
#pragma once

#include <source_location>

namespace tile {

/// Prints "internal error: <why> (<condition>) at <file>:<line>" to stderr and aborts.
[[noreturn]] void check_failed(const char* condition, const char* why,
                               std::source_location where = std::source_location::current());

}  // namespace tile

#define TILE_CHECK(condition, why) \
  ((condition) ? static_cast<void>(0) : ::tile::check_failed(#condition, why))
#define TILE_UNREACHABLE(why) ::tile::check_failed("unreachable", why)
