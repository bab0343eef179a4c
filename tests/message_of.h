// What a call throws, for tests of error messages.
#pragma once

#include <string>

#include "runtime/device/error.h"

/// The message of the pg::Error that `body` throws, or "no error".
std::string message_of(auto&& body) {
  try {
    body();
  } catch (const pg::Error& error) {
    return error.what();
  }
  return "no error";
}
