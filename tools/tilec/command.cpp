// See command.h.
#include "tools/tilec/command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include "tools/cli/parse.h"

namespace tilec {

namespace {

constexpr std::size_t max_source_bytes = std::size_t{64} << 20;

// NO_COLOR (https://no-color.org) and terminals that have none.
bool use_color() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  if (no_color && *no_color) return false;
  if (terminal && std::string_view(terminal) == "dumb") return false;
  return isatty(STDERR_FILENO) == 1;
}

/// The dimension that --contiguous gives the parameter, -1 for none; `otherwise` if not named.
int contiguous_dim(const tile::KernelParameter& parameter, const tile::Settings& given,
                   int otherwise) {
  for (const auto& [name, text] : given) {
    if (name != parameter.name) continue;
    if (text == "none") return -1;
    int dim = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), dim);
    const bool is_number = error == std::errc() && end == text.data() + text.size();
    if (is_number && dim >= 0 && dim < static_cast<int>(parameter.sizes.size())) return dim;
    throw UsageError{fmt::format("--contiguous {}={}: `{}` has {} dimensions, counted from 0", name,
                                 text, name, parameter.sizes.size())};
  }
  return otherwise;
}

}  // namespace

void Input::add_to(CLI::App& command, Targets targets) {
  command.add_option("file", path, "source file; - reads stdin")->required();
  command.add_option("--kernel", kernel, "only this kernel");
  command.add_option("--set", set, "NAME=VALUE: a compile-time parameter")->allow_extra_args(false);
  if (targets == Targets::None) return;
  std::vector<std::string> names;
  for (const std::string& name : tile::schedule::target_names()) {
    const bool is_gpu = tile::schedule::find_target(name)->is_gpu();
    if (targets == Targets::All || !is_gpu) names.push_back(name);
  }
  command.add_option("--target", target, "the machine that code is made for; host: this one")
      ->capture_default_str()
      ->check(CLI::IsMember(names));
}

void Strides::add_to(CLI::App& command) {
  command
      .add_option("--contiguous", contiguous,
                  "NAME=DIMENSION: a tensor's dimension with stride 1, instead of its last; "
                  "NAME=none: any strides")
      ->allow_extra_args(false);
  command.add_flag("--unaligned", is_unaligned,
                   "addresses and strides need not be multiples of 16 bytes (GPUs)");
}

void Strides::apply(tile::LoadedFile& file, std::vector<tile::Selection>& selections) const {
  if (contiguous.empty() && !is_unaligned) return;
  const tile::Settings given = name_value_pairs(contiguous, "--contiguous");
  std::vector<std::string> known;
  for (tile::Selection& selection : selections) {
    const auto signature = tile::kernel_signature(file, selection);
    if (!signature) return;  // reported
    for (const tile::KernelParameter& parameter : signature->parameters) {
      if (parameter.kind != tile::KernelParameter::Kind::Tensor) continue;
      known.push_back(parameter.name);
      const int last = static_cast<int>(parameter.sizes.size()) - 1;
      const int dim = contiguous_dim(parameter, given, last);
      selection.strides.push_back({static_cast<std::int8_t>(dim), 0, dim >= 0 && !is_unaligned});
    }
  }
  for (const auto& [name, dim] : given) {
    if (selections.empty() || std::ranges::find(known, name) != known.end()) continue;
    throw UsageError{fmt::format("--contiguous {}={}: no kernel here has a tensor `{}`{}", name,
                                 dim, name, cli::did_you_mean(name, known))};
  }
}

tile::KernelSource read_source(const std::string& path) {
  tile::KernelSource source{path, ""};
  if (path == "-") {
    source.text.assign(std::istreambuf_iterator<char>(std::cin), {});
    return source;
  }
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  const bool is_file = std::filesystem::is_regular_file(status);
  if (!is_file && !std::filesystem::is_fifo(status)) {
    const bool is_there = std::filesystem::exists(status);
    throw UsageError{fmt::format("{}: {}", path, is_there ? "not a file" : "no such file"),
                     exit_io};
  }
  if (is_file && std::filesystem::file_size(path, error) > max_source_bytes) {
    throw UsageError{fmt::format("{}: larger than 64 MiB", path), exit_io};
  }
  std::ifstream in(path, std::ios::binary);
  source.text.assign(std::istreambuf_iterator<char>(in), {});
  if (!in) throw UsageError{fmt::format("{}: cannot be read", path), exit_io};
  return source;
}

tile::Settings name_value_pairs(const std::vector<std::string>& items, std::string_view option) {
  tile::Settings pairs;
  for (const std::string& item : items) {
    const std::size_t equals = item.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw UsageError{fmt::format("{} {}: expected NAME=VALUE", option, item)};
    }
    const std::string name = item.substr(0, equals);
    if (std::ranges::find(pairs, name, &tile::Setting::first) != pairs.end()) {
      throw UsageError{fmt::format("{} {}: given twice", option, name)};
    }
    pairs.emplace_back(name, item.substr(equals + 1));
  }
  return pairs;
}

std::vector<std::string> selected_kernels(tile::LoadedFile& file, const Input& input) {
  if (!file.program()) return {};
  if (input.kernel.empty()) return file.program()->kernels();
  if (!file.has_kernel(input.kernel)) return {};
  return {input.kernel};
}

std::vector<tile::Selection> selections(tile::LoadedFile& file, const Input& input,
                                        const Strides& strides) {
  std::vector<tile::Selection> all;
  const tile::Settings set = name_value_pairs(input.set, "--set");
  for (const std::string& kernel : selected_kernels(file, input)) {
    std::vector<tile::sema::Instance> instances;
    if (set.empty()) {
      instances = file.program()->instances(kernel);
    } else {
      instances.push_back({{}, {}});  // --set and the defaults say it all
    }
    for (const auto& instance : instances) {
      tile::Selection selection{kernel, instance.settings, input.target, -1, {}};
      for (const auto& setting : set) selection.settings.push_back(setting);
      all.push_back(std::move(selection));
    }
  }
  strides.apply(file, all);
  return all;
}

std::string plan_text(const tile::Compilation& compilation) {
  return compilation.target.is_gpu()
             ? tile::schedule::print(compilation.gpu_plan, compilation.module)
             : tile::schedule::print(compilation.plan, compilation.module);
}

std::string compile_generated(std::string_view text, const tile::schedule::Target& target,
                              tile::codegen::CodeForm form) {
  auto code = tile::codegen::compile_cpp(text, target.clang_cpu, form);
  if (const auto* error = std::get_if<tile::codegen::ToolError>(&code)) {
    throw UsageError{"the generated C++ does not compile: " + error->message, exit_environment};
  }
  return std::get<std::string>(std::move(code));
}

int finish(tile::LoadedFile& file) {
  say(file.diagnostics().render(use_color()));
  return file.diagnostics().has_errors() ? exit_source_errors : exit_ok;
}

void say(const std::string& text) { std::fputs(text.c_str(), stderr); }

void write_output(const std::string& path, std::string_view text) {
  if (path == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return;
  }
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out) throw UsageError{fmt::format("{}: cannot be written", path), exit_io};
}

}  // namespace tilec
