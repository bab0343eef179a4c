// tilec emit: any stage between text and machine code, printed.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "compiler/passes/pipeline.h"
#include "tools/tilec/command.h"
#include "tools/tilec/toolkit.h"

namespace tilec {

namespace {

using tile::codegen::CodeForm;

struct Options {
  Input input;
  std::string stage;  // empty: the last text before machine code
  std::string print_after;
  std::string output = "-";
  Strides strides;
};

constexpr std::array<std::string_view, 2> cpu_stages = {"cpp", "asm"};
constexpr std::array<std::string_view, 2> gpu_stages = {"ptx", "sass"};

/// Stages and targets that need each other.
void settle(Options& options) {
  const bool is_cpu_stage = std::ranges::count(cpu_stages, options.stage) > 0;
  const bool is_gpu_stage = std::ranges::count(gpu_stages, options.stage) > 0;
  // LLVM IR is our own text on the way to PTX, and clang's on the way to x86: of a CPU that is
  // named.
  if ((is_gpu_stage || options.stage == "llvm") && options.input.target == "host") {
    options.input.target = default_gpu_target;
  }
  const bool is_gpu = tile::schedule::find_target(options.input.target)->is_gpu();
  if (options.stage.empty()) options.stage = is_gpu ? "ptx" : "cpp";
  if (is_gpu ? is_cpu_stage : is_gpu_stage) {
    throw UsageError{
        fmt::format("--emit={} is not for --target {}", options.stage, options.input.target)};
  }
}

// One kernel instance's text at a stage that needs a compilation.
std::string emit_kernel(tile::LoadedFile& file, const Options& options,
                        const tile::Selection& selection) {
  auto until = options.stage == "ir"     ? tile::Until::Passes
               : options.stage == "plan" ? tile::Until::Plan
                                         : tile::Until::Text;
  tile::PassHook hook;
  if (!options.print_after.empty()) {
    hook = [&](std::string_view pass, const tile::ir::Module& module) {
      if (options.print_after != "all" && options.print_after != pass) return;
      say(fmt::format("// after {}\n{}", pass, tile::ir::print(module)));
    };
  }
  auto compilation = tile::compile_kernel(file, selection, until, hook);
  if (!compilation) return "";
  if (options.stage == "ir") return tile::ir::print(compilation->module);
  if (options.stage == "plan") return plan_text(*compilation);
  const auto by_clang = [&](CodeForm form) {
    return compile_generated(compilation->text, compilation->target, form);
  };
  if (options.stage == "llvm") {
    return compilation->target.is_gpu() ? compilation->llvm : by_clang(CodeForm::Llvm);
  }
  if (options.stage == "asm") return by_clang(CodeForm::Assembly);
  if (options.stage == "sass") return disassemble(compilation->text, compilation->target.name);
  return compilation->text;
}

int emit(Options options) {
  settle(options);
  tile::LoadedFile file(read_source(options.input.path));
  const tile::FileId user{static_cast<std::uint32_t>(file.sources().file_count() - 1)};
  std::string text;
  if (options.stage == "tokens") {
    text = tile::print(file.sources(), user, file.tokens());
  } else if (options.stage == "ast") {
    text = tile::print(file.ast());
  } else {
    for (tile::Selection& selection : selections(file, options.input, options.strides)) {
      text += emit_kernel(file, options, selection);
    }
  }
  int code = finish(file);
  if (code == exit_ok) write_output(options.output, text);
  return code;
}

}  // namespace

Command add_emit(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("emit", "Print a stage of compilation");
  options->input.add_to(*command, Input::Targets::All);
  command
      ->add_option(
          "--emit", options->stage,
          "tokens, ast, ir, plan, llvm (of a CPU: name it by --target), cpp or asm (CPUs), "
          "ptx or sass (GPUs); default: cpp or ptx")
      ->check(CLI::IsMember({"tokens", "ast", "ir", "plan", "llvm", "cpp", "asm", "ptx", "sass"}));
  std::vector<std::string> passes = {"all", "check"};
  for (const tile::passes::Pass& pass : tile::passes::all_passes()) passes.emplace_back(pass.name);
  command
      ->add_option("--print-after", options->print_after,
                   "print the IR to stderr after this pass (check: before the first), or all")
      ->check(CLI::IsMember(passes));
  options->strides.add_to(*command);
  command->add_option("-o", options->output, "output file; - is stdout")->capture_default_str();
  return [options] { return emit(*options); };
}

}  // namespace tilec
