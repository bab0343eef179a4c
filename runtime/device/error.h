// The exceptions of the framework. Every message opens with the name of the op or function the
// user called: "matmul: inner sizes 64 and 32 differ". Three kinds have a class of their own, so
// that programs can end with another exit code.
#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string_view>
#include <utility>

namespace pg {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Host or device memory is exhausted. What existed before is untouched.
class OutOfMemory : public Error {
 public:
  using Error::Error;
};

/// The machine lacks what was asked for: no driver, no GPU, one that is too old.
class Unavailable : public Error {
 public:
  using Error::Error;
};

/// A kernel or the device failed while it ran; nothing more can run there in this process.
class DeviceFault : public Error {
 public:
  using Error::Error;
};

/// Throws Error("<op>: <message>").
[[noreturn]] void throw_error(std::string_view op, std::string_view message);

/// fail("matmul", "inner sizes {} and {} differ", 64, 32).
template <class... Arguments>
[[noreturn]] void fail(std::string_view op, fmt::format_string<Arguments...> format,
                       Arguments&&... arguments) {
  throw_error(op, fmt::format(format, std::forward<Arguments>(arguments)...));
}

}  // namespace pg
