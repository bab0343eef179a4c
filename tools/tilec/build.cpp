// tilec build: kernels ahead of time, as machine code or text beside a C++ header that launches
// them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <filesystem>

#include "compiler/base/embedded.h"
#include "compiler/driver/ahead_of_time.h"
#include "tools/tilec/command.h"
#include "tools/tilec/toolkit.h"

namespace tilec {

namespace {

namespace fs = std::filesystem;

struct Options {
  Input input;
  Strides strides;
  std::string emit, folder;
};

void settle(Options& options, const tile::schedule::Target& target) {
  const bool is_for_gpu = options.emit == "ptx" || options.emit == "cubin";
  if (options.emit.empty()) {
    options.emit = !target.is_gpu() ? "so" : find_program("ptxas") ? "cubin" : "ptx";
  } else if (is_for_gpu != target.is_gpu()) {
    throw UsageError{
        fmt::format("--emit={} is not for --target {}", options.emit, options.input.target)};
  }
}

/// The file that was written, for the last line of output.
std::string write_file(const Options& options, const std::string& name, std::string_view bytes) {
  const std::string path = fs::path(options.folder) / name;
  write_output(path, bytes);
  return path;
}

/// The kernel's code in files of its own.
void write_code(const Options& options, tile::BuiltKernel& kernel,
                std::vector<std::string>& written) {
  std::vector<std::string> objects;
  for (std::size_t i = 0; i < kernel.arms.size(); ++i) {
    tile::BuiltArm& arm = kernel.arms[i];
    const std::string name = kernel.arm_name(i) + "." + options.emit;
    if (options.emit == "so" || options.emit == "o") {
      objects.push_back(
          compile_generated(arm.text, kernel.target, tile::codegen::CodeForm::Object));
      if (options.emit == "o") written.push_back(write_file(options, name, objects.back()));
      continue;
    }
    if (options.emit == "cubin") arm.gpu.image = assemble(arm.text, kernel.target.name).cubin;
    written.push_back(
        write_file(options, name, options.emit == "cubin" ? arm.gpu.image : arm.text));
  }
  if (options.emit != "so") return;
  written.push_back(write_file(options, kernel.name + ".so", link_shared(objects)));
}

int build(Options options) {
  settle(options, *tile::schedule::find_target(options.input.target));
  tile::LoadedFile file(read_source(options.input.path));
  std::vector<tile::BuiltKernel> kernels;
  for (tile::Selection& selection : selections(file, options.input, options.strides)) {
    if (auto kernel = tile::build_kernel(file, selection)) kernels.push_back(*std::move(kernel));
  }
  if (const int code = finish(file); code != exit_ok) return code;
  std::error_code error;
  fs::create_directories(options.folder, error);
  if (error) throw UsageError{fmt::format("{}: {}", options.folder, error.message()), exit_io};
  std::vector<std::string> written;
  for (const tile::EmbeddedText* text = tile::tile_built(); text->name != nullptr; ++text) {
    written.push_back(write_file(options, text->name, text->text));
  }
  for (tile::BuiltKernel& kernel : kernels) {
    write_code(options, kernel, written);
    written.push_back(write_file(options, kernel.name + ".h", tile::launch_header(kernel)));
  }
  fmt::print("{}\n", fmt::join(written, "\n"));
  return exit_ok;
}

}  // namespace

Command add_build(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "build", "Compile kernels ahead of time, with a C++ header that launches them");
  options->input.add_to(*command, Input::Targets::All);
  options->strides.add_to(*command);
  command
      ->add_option("--emit", options->emit,
                   "CPUs: so, o or cpp (for clang 22); GPUs: cubin or ptx; default: so, or cubin "
                   "where there is a ptxas")
      ->check(CLI::IsMember({"so", "o", "cpp", "cubin", "ptx"}));
  command->add_option("-o", options->folder, "the folder for what is made")->required();
  return [options] { return build(*options); };
}

}  // namespace tilec
