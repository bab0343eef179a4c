// See run.h.
#include "tools/cli/run.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <string>
#include <system_error>

#include "runtime/nn/file.h"
#include "tools/cli/exit_code.h"

namespace cli {

namespace {

/// Not by fmt::print, which throws when stderr cannot be written either.
int end(std::string_view program, ExitCode code, std::string_view why) {
  std::fputs((std::string(program) + ": " + std::string(why) + "\n").c_str(), stderr);
  return code;
}

}  // namespace

int run(std::string_view program, const std::function<int()>& body) try {
  const int code = body();
  const bool is_lost = std::fflush(stdout) != 0 || std::ferror(stdout) != 0;
  if (code != exit_ok || !is_lost) return code;
  return end(program, exit_io, "stdout: cannot be written, output is lost");
} catch (const Failure& error) {
  return end(program, error.code(), error.what());
} catch (const pg::Unavailable& error) {
  return end(program, exit_environment, error.what());
} catch (const pg::OutOfMemory& error) {
  return end(program, exit_no_memory, error.what());
} catch (const pg::DeviceFault& error) {
  std::fflush(stdout);
  std::_Exit(end(program, exit_device_fault, error.what()));  // tidying up would wait for it
} catch (const pg::nn::IoError& error) {
  return end(program, exit_io, error.what());
} catch (const pg::Error& error) {
  return end(program, exit_bad_data, error.what());
} catch (const std::bad_alloc&) {
  return end(program, exit_no_memory, "out of memory");
} catch (const std::filesystem::filesystem_error& error) {
  return end(program, exit_io, error.path1().string() + ": " + error.code().message());
} catch (const std::system_error& error) {
  return end(program, exit_io, error.what());
} catch (const std::exception& error) {
  return end(program, exit_internal_error, std::string("internal error: ") + error.what());
}

}  // namespace cli
