// What the subcommands of tilec share: the file argument, settings, target, and how diagnostics are
// shown. Each subcommand is one file; main.cpp lists them.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/codegen/cpp/jit.h"
#include "compiler/driver/pipeline.h"
#include "tools/cli/exit_code.h"

namespace tilec {

using enum cli::ExitCode;
using cli::ExitCode;

using Command = std::function<int()>;
Command add_build(CLI::App& app);
Command add_check(CLI::App& app);
Command add_emit(CLI::App& app);
Command add_doctor(CLI::App& app);
Command add_explain(CLI::App& app);
Command add_run(CLI::App& app);

/// Where a command needs a GPU's target and none is given.
inline constexpr const char* default_gpu_target = "sm_90a";

/// FILE, --kernel, --set, --target.
struct Input {
  std::string path;  // "-": stdin
  std::string kernel;
  std::vector<std::string> set;  // "NAME=VALUE"
  std::string target = "host";

  enum class Targets { None, Cpus, All };
  void add_to(CLI::App& command, Targets targets);
};

/// --contiguous and --unaligned: the strides that code is made for.
struct Strides {
  std::vector<std::string> contiguous;  // "NAME=DIMENSION"
  bool is_unaligned = false;

  void add_to(CLI::App& command);
  /// Sets Selection::strides. UsageError when --contiguous names what none of the kernels has.
  void apply(tile::LoadedFile& file, std::vector<tile::Selection>& selections) const;
};

/// A mistake in how tilec was called, or whatever else its `code` says.
struct UsageError : cli::Failure {
  explicit UsageError(const std::string& message, ExitCode code = exit_usage)
      : Failure(code, message) {}
};

tile::KernelSource read_source(const std::string& path);
/// "NAME=VALUE" texts of an option split; UsageError when one has no "=" or a name is given twice.
tile::Settings name_value_pairs(const std::vector<std::string>& items, std::string_view option);
/// The kernels that the command is for: --kernel, or all of the file.
std::vector<std::string> selected_kernels(tile::LoadedFile& file, const Input& input);
/// One Selection per kernel and instance (a --set joins each instance's arguments).
std::vector<tile::Selection> selections(tile::LoadedFile& file, const Input& input,
                                        const Strides& strides = {});

/// The plan for the compilation's target, readable.
std::string plan_text(const tile::Compilation& compilation);

/// What clang makes of C++ text that a kernel gave, in this process.
std::string compile_generated(std::string_view text, const tile::schedule::Target& target,
                              tile::codegen::CodeForm form);

/// Diagnostics to stderr; exit_source_errors when there is an error, else exit_ok.
int finish(tile::LoadedFile& file);
/// To stderr. Not by fmt::print, which throws when stderr is on a full disk.
void say(const std::string& text);
/// To the file, or to stdout when `path` is "-".
void write_output(const std::string& path, std::string_view text);

}  // namespace tilec
