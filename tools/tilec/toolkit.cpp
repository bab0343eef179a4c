// See toolkit.h.
#include "tools/tilec/toolkit.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>

#include "tools/tilec/command.h"

namespace tilec {

std::optional<std::string> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string folders = path != nullptr ? path : "";
  folders += ":/usr/local/cuda/bin";
  for (std::size_t begin = 0; begin <= folders.size();) {
    const std::size_t end = std::min(folders.find(':', begin), folders.size());
    const std::string program = folders.substr(begin, end - begin) + "/" + name;
    if (program.front() == '/' && access(program.c_str(), X_OK) == 0) return program;
    begin = end + 1;
  }
  return std::nullopt;
}

namespace {

namespace fs = std::filesystem;

struct TemporaryFolder {
  fs::path path;
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "tilec_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      throw UsageError{fmt::format("{}: cannot be made", name), exit_io};
    }
    path = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

std::string require_program(const std::string& name, std::string_view otherwise) {
  const auto program = find_program(name);
  if (program) return *program;
  throw UsageError{fmt::format("this needs `{}` in PATH{}", name, otherwise), exit_environment};
}

std::string require_cuda_program(const std::string& name) {
  return require_program(name,
                         " or in /usr/local/cuda/bin (the CUDA toolkit); --emit=ptx needs nothing");
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// What the command prints. Its words have no blanks or quotes: paths of ours and of the toolkit.
std::string run(const std::string& command) {
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) throw UsageError{fmt::format("{}: cannot be started", command), exit_io};
  std::string output;
  char buffer[4096];
  while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, pipe)) {
    output.append(buffer, count);
  }
  if (pclose(pipe) == 0) return output;
  throw UsageError{fmt::format("{} failed\n{}", command, output), exit_environment};
}

}  // namespace

Assembled assemble(const std::string& ptx, const std::string& target) {
  const TemporaryFolder folder;
  const std::string text = folder.path / "kernel.ptx", object = folder.path / "kernel.cubin";
  write_output(text, ptx);
  Assembled assembled;
  assembled.log = run(
      fmt::format("{} -v -arch={} -o {} {}", require_cuda_program("ptxas"), target, object, text));
  assembled.cubin = read_file(object);
  return assembled;
}

std::string disassemble(const std::string& ptx, const std::string& target) {
  const auto disassembler = find_program("nvdisasm");
  const std::string reader =
      disassembler ? *disassembler : require_cuda_program("cuobjdump") + " --dump-sass";
  const TemporaryFolder folder;
  const std::string object = folder.path / "kernel.cubin";
  write_output(object, assemble(ptx, target).cubin);
  return run(fmt::format("{} {}", reader, object));
}

std::string link_shared(const std::vector<std::string>& objects) {
  const TemporaryFolder folder;
  const std::string linker =
      require_program("cc", " (a C compiler, which links); --emit=o and --emit=cpp need none");
  std::string command = linker + " -shared -o " + std::string(folder.path / "out");
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const std::string object = folder.path / fmt::format("{}.o", i);
    write_output(object, objects[i]);
    command += " " + object;
  }
  run(command);
  return read_file(folder.path / "out");
}

}  // namespace tilec
