// See command.h.
#include "tools/tilec/command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

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
  command.add_option("--target", target, fmt::format("{}", fmt::join(names, ", ")))
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

std::vector<tile::StrideClass> Strides::of(tile::LoadedFile& file,
                                           const tile::Selection& selection) const {
  std::vector<tile::StrideClass> strides;
  if (contiguous.empty() && !is_unaligned) return strides;
  const auto signature = tile::kernel_signature(file, selection);
  if (!signature) return strides;
  const tile::Settings given = parse_settings(contiguous);
  for (const tile::KernelParameter& parameter : signature->parameters) {
    if (parameter.kind != tile::KernelParameter::Kind::Tensor) continue;
    const int last = static_cast<int>(parameter.sizes.size()) - 1;
    const int dim = contiguous_dim(parameter, given, last);
    strides.push_back({static_cast<std::int8_t>(dim), 0, dim >= 0 && !is_unaligned});
  }
  return strides;
}

tile::KernelSource read_source(const std::string& path) {
  tile::KernelSource source{path, ""};
  if (path == "-") {
    source.text.assign(std::istreambuf_iterator<char>(std::cin), {});
    return source;
  }
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    throw UsageError{fmt::format("{}: no such file", path), exit_io};
  }
  if (std::filesystem::file_size(path, error) > max_source_bytes) {
    throw UsageError{fmt::format("{}: larger than 64 MiB", path), exit_io};
  }
  std::ifstream in(path, std::ios::binary);
  source.text.assign(std::istreambuf_iterator<char>(in), {});
  if (!in) throw UsageError{fmt::format("{}: cannot be read", path), exit_io};
  return source;
}

tile::Settings parse_settings(const std::vector<std::string>& set) {
  tile::Settings settings;
  for (const std::string& item : set) {
    std::size_t equals = item.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw UsageError{fmt::format("--set {}: expected NAME=VALUE", item)};
    }
    settings.emplace_back(item.substr(0, equals), item.substr(equals + 1));
  }
  return settings;
}

std::vector<std::string> selected_kernels(tile::LoadedFile& file, const Input& input) {
  if (!file.program()) return {};
  if (input.kernel.empty()) return file.program()->kernels();
  if (!file.has_kernel(input.kernel)) return {};
  return {input.kernel};
}

std::vector<tile::Selection> selections(tile::LoadedFile& file, const Input& input) {
  std::vector<tile::Selection> all;
  tile::Settings set = parse_settings(input.set);
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
  std::fputs(file.diagnostics().render(use_color()).c_str(), stderr);
  return file.diagnostics().has_errors() ? exit_source_errors : exit_ok;
}

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
