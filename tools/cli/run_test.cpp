// What a program's body throws, as an exit code.
#include "tools/cli/run.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <new>
#include <stdexcept>

#include "runtime/nn/file.h"
#include "tools/cli/exit_code.h"

namespace {

template <class Error>
int code_of(const Error& error) {
  return cli::run("program", [&]() -> int { throw error; });
}

}  // namespace

TEST_CASE("every kind of failure has its exit code") {
  CHECK(cli::run("program", [] { return 0; }) == 0);
  CHECK(cli::run("program", [] { return 130; }) == 130);
  CHECK(code_of(cli::Failure(cli::exit_check_failed, "differs")) == 3);
  CHECK(code_of(pg::Unavailable("no GPU")) == 4);
  CHECK(code_of(pg::Error("bad file")) == 5);
  CHECK(code_of(pg::OutOfMemory("too large")) == 6);
  CHECK(code_of(std::bad_alloc()) == 6);
  CHECK(code_of(pg::nn::IoError("disk full")) == 7);
  CHECK(code_of(std::filesystem::filesystem_error("open", {})) == 7);
  CHECK(code_of(std::logic_error("ours")) == 70);
}
