// tilec emit: any stage between text and C++ or GPU machine code, printed.
#include <fmt/format.h>

#include <charconv>

#include <algorithm>
#include <array>

#include "tools/tilec/command.h"
#include "tools/tilec/sass.h"

namespace tilec {

namespace {

struct Options {
  Input input;
  std::string stage;  // empty: the last text before machine code
  std::string print_after;
  std::string output = "-";
  std::vector<std::string> contiguous;  // "NAME=DIMENSION"
};

constexpr std::array<std::string_view, 3> gpu_stages = {"llvm", "ptx", "sass"};

/// Stages and targets that need each other.
void settle(Options& options) {
  const bool is_gpu_stage = std::ranges::count(gpu_stages, options.stage) > 0;
  if (is_gpu_stage && options.input.target == "host") options.input.target = default_gpu_target;
  const bool is_gpu = tile::schedule::find_target(options.input.target)->is_gpu();
  if (options.stage.empty()) options.stage = is_gpu ? "ptx" : "cpp";
  if (is_gpu ? options.stage == "cpp" : is_gpu_stage) {
    throw UsageError{
        fmt::format("--emit={} is not for --target {}", options.stage, options.input.target)};
  }
}

/// The dimension that --contiguous gives the parameter; `otherwise` if none.
int contiguous_dim(const tile::KernelParameter& parameter, const tile::Settings& given,
                   int otherwise) {
  for (const auto& [name, text] : given) {
    if (name != parameter.name) continue;
    int dim = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), dim);
    const bool is_number = error == std::errc() && end == text.data() + text.size();
    if (is_number && dim >= 0 && dim < static_cast<int>(parameter.sizes.size())) return dim;
    throw UsageError{fmt::format("--contiguous {}={}: `{}` has {} dimensions, counted from 0", name,
                                 text, name, parameter.sizes.size())};
  }
  return otherwise;
}

/// Packed tensors, but for those whose contiguous dimension is given.
std::vector<tile::StrideClass> strides_of(tile::LoadedFile& file, const Options& options,
                                          const tile::Selection& selection) {
  std::vector<tile::StrideClass> strides;
  if (options.contiguous.empty()) return strides;
  const auto signature = tile::kernel_signature(file, selection);
  if (!signature) return strides;
  const tile::Settings given = parse_settings(options.contiguous);
  for (const tile::KernelParameter& parameter : signature->parameters) {
    if (parameter.kind != tile::KernelParameter::Kind::Tensor) continue;
    const int last = static_cast<int>(parameter.sizes.size()) - 1;
    strides.push_back({static_cast<std::int8_t>(contiguous_dim(parameter, given, last)), 0, true});
  }
  return strides;
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
      fmt::print(stderr, "// after {}\n{}", pass, tile::ir::print(module));
    };
  }
  auto compilation = tile::compile_kernel(file, selection, until, hook);
  if (!compilation) return "";
  if (options.stage == "ir") return tile::ir::print(compilation->module);
  if (options.stage == "plan") return plan_text(*compilation);
  if (options.stage == "llvm") return compilation->llvm;
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
    for (tile::Selection& selection : selections(file, options.input)) {
      selection.strides = strides_of(file, options, selection);
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
      ->add_option("--emit", options->stage,
                   "tokens, ast, ir, plan, cpp (CPUs), llvm, ptx or sass (GPUs); "
                   "default: cpp or ptx")
      ->check(CLI::IsMember({"tokens", "ast", "ir", "plan", "cpp", "llvm", "ptx", "sass"}));
  command->add_option("--print-after", options->print_after,
                      "print the IR to stderr after this pass (check: before the first), or all");
  command->add_option("--contiguous", options->contiguous,
                      "NAME=DIMENSION: a tensor's dimension with stride 1, instead of its last");
  command->add_option("-o", options->output, "output file; - is stdout")->capture_default_str();
  return [options] { return emit(*options); };
}

}  // namespace tilec
