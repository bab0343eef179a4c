// tilec run: launches one kernel, with the interpreter or on a device, on files or random numbers,
// and prints or saves what it wrote.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "compiler/driver/jit_compiler.h"
#include "compiler/interpret/interpreter.h"
#include "runtime/nn/npy.h"
#include "runtime/tensor/launch.h"
#include "tools/cli/parse.h"
#include "tools/tilec/command.h"
#include "tools/tilec/values.h"

namespace tilec {

namespace {

struct Options {
  Input input;
  std::vector<std::string> arguments;  // "x=random:3,5"
  std::vector<std::string> saves;      // "y=result.npy"
  std::string on = "device";
  std::string device = "cpu";
  std::vector<std::string> checks;  // of the interpreter
  bool is_real = false;
  std::uint64_t seed = 0;
};

/// --check names it, or all.
bool checks(const Options& options, std::string_view name) {
  return std::ranges::any_of(
      options.checks, [&](const std::string& given) { return given == name || given == "all"; });
}

// Makes every argument; sizes of outputs that were not given follow from the others' size symbols.
std::vector<Value> make_values(const tile::KernelSignature& signature, const Options& options) {
  tile::Settings given = name_value_pairs(options.arguments, "--arg");
  pg::Generator generator(options.seed);
  std::map<std::string, std::int64_t> sizes;
  std::vector<Value> values(signature.parameters.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const tile::KernelParameter& parameter = signature.parameters[i];
    const auto found = std::ranges::find(given, parameter.name, &tile::Setting::first);
    if (found == given.end()) continue;
    values[i] = parse_value(parameter, found->second, generator);
    given.erase(found);
    learn_sizes(parameter, values[i], sizes);
  }
  if (!given.empty()) {
    std::vector<std::string> names;
    for (const tile::KernelParameter& parameter : signature.parameters) {
      names.push_back(parameter.name);
    }
    throw UsageError{fmt::format("--arg {}: kernel `{}` has no such parameter{}", given[0].first,
                                 signature.name, cli::did_you_mean(given[0].first, names))};
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].is_set) continue;
    values[i] = default_value(signature.parameters[i], sizes, checks(options, "defined"));
  }
  return values;
}

// Outputs end up on the host again.
void run_compiled(const tile::KernelSource& source, const Options& options,
                  std::vector<Value>& values) {
  const pg::Device device = pg::parse_device(options.device);
  pg::check_device("--device", device);
  tile::install_jit_compiler();
  pg::set_target(options.input.target);
  pg::Kernel kernel(source, options.input.kernel, name_value_pairs(options.input.set, "--set"));
  say(pg::describe(device) + "\n");
  std::vector<pg::Argument> arguments;
  for (Value& value : values) {
    if (value.tensor.defined()) value.tensor = pg::to_device(value.tensor, device);
    arguments.push_back(value.tensor.defined() ? pg::argument(value.tensor) : value.scalar);
  }
  kernel.launch(arguments);
  for (Value& value : values) {
    if (value.tensor.defined()) value.tensor = pg::to_device(value.tensor, pg::cpu_device);
  }
}

tile::interpret::Options interpreter_options(const Options& options) {
  tile::interpret::Options how;
  how.real_mode = options.is_real;
  if (options.checks.empty()) return how;
  how.check_bounds = checks(options, "bounds");
  how.check_races = checks(options, "races");
  how.check_defined = checks(options, "defined");
  return how;
}

/// What the interpreter keeps beside an argument: f32 as doubles in real mode, which elements are
/// defined.
struct InterpretedValue {
  std::vector<double> doubles;
  std::vector<std::uint8_t> defined;
};

tile::interpret::Argument interpreter_argument(const Value& value, InterpretedValue& kept,
                                               const tile::interpret::Options& how) {
  tile::interpret::Argument argument = to_interpreter(value, how.real_mode);
  auto* tensor = std::get_if<tile::interpret::TensorArgument>(&argument);
  if (tensor == nullptr) return argument;
  const auto count = static_cast<std::size_t>(value.tensor.numel());
  if (how.check_defined && value.is_default) {
    kept.defined.assign(count, 0);
    tensor->defined = kept.defined;
  }
  if (how.real_mode && value.tensor.dtype() == pg::DType::F32) {
    // Tensors from files and generators are packed.
    const std::vector<float> floats = value.tensor.to_vector<float>();
    kept.doubles.assign(floats.begin(), floats.end());
    tensor->data = kept.doubles.data();
  }
  return argument;
}

int run_interpreted(tile::LoadedFile& file, const Options& options, std::vector<Value>& values) {
  auto module =
      tile::check_kernel(file, options.input.kernel, name_value_pairs(options.input.set, "--set"));
  if (!module) return finish(file);
  const tile::interpret::Options how = interpreter_options(options);
  std::vector<InterpretedValue> kept(values.size());
  std::vector<tile::interpret::Argument> arguments;
  for (std::size_t i = 0; i < values.size(); ++i) {
    arguments.push_back(interpreter_argument(values[i], kept[i], how));
  }
  auto result = tile::interpret::interpret(*module, arguments, how);
  if (!result) {
    say(tile::interpret::describe(result.error(), file.sources()) + "\n");
    return exit_check_failed;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    float* floats = kept[i].doubles.empty() ? nullptr : values[i].tensor.data_ptr<float>();
    for (const double x : kept[i].doubles) *floats++ = static_cast<float>(x);
  }
  return exit_ok;
}

/// What only the interpreter does, and what it does not.
void settle(Options& options, const CLI::App& command) {
  if (options.checks.empty() && !options.is_real && options.on == "device") return;
  if (command.count("--on") > 0 && options.on == "device") {
    throw UsageError{"--check and --real are for --on interpreter"};
  }
  options.on = "interpreter";
  if (command.count("--device") > 0) throw UsageError{"--device is not for --on interpreter"};
}

int run(Options options) {
  tile::KernelSource source = read_source(options.input.path);
  tile::LoadedFile file(source);
  std::vector<std::string> kernels = selected_kernels(file, options.input);
  if (file.diagnostics().has_errors()) return finish(file);
  if (kernels.size() != 1) {
    throw UsageError{fmt::format(
        "{} has {} kernels{}", options.input.path, kernels.size(),
        kernels.empty() ? std::string()
                        : fmt::format("; choose one with --kernel: {}", fmt::join(kernels, ", ")))};
  }
  options.input.kernel = kernels[0];
  tile::Selection selection{
      kernels[0], name_value_pairs(options.input.set, "--set"), options.input.target, -1, {}};
  auto signature = tile::kernel_signature(file, selection);
  if (!signature) return finish(file);

  std::vector<Value> values = make_values(*signature, options);
  if (options.on == "device") {
    run_compiled(source, options, values);
  } else if (int code = run_interpreted(file, options, values); code != exit_ok) {
    return code;
  }

  tile::Settings saves = name_value_pairs(options.saves, "--save");
  for (std::size_t i = 0; i < values.size(); ++i) {
    const tile::KernelParameter& parameter = signature->parameters[i];
    if (!parameter.is_written) continue;
    const auto save = std::ranges::find(saves, parameter.name, &tile::Setting::first);
    if (save != saves.end()) {
      pg::nn::save_npy(save->second, values[i].tensor);
      saves.erase(save);
    } else {
      fmt::print("{}", to_text(parameter.name, values[i].tensor));
    }
  }
  if (!saves.empty()) {
    throw UsageError{
        fmt::format("--save {}: not an output of `{}`", saves[0].first, signature->name)};
  }
  return exit_ok;
}

}  // namespace

Command add_run(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("run", "Launch a kernel and print or save what it wrote");
  options->input.add_to(*command, Input::Targets::Cpus);
  command
      ->add_option("--arg", options->arguments,
                   "NAME=VALUE: a scalar, a .npy file, FILE.safetensors:TENSOR, or random:3,5, "
                   "zeros:3,5, ones:3,5, iota:3,5; outputs may be left out")
      ->allow_extra_args(false);
  command->add_option("--save", options->saves, "NAME=FILE.npy: save an output, print it not")
      ->allow_extra_args(false);
  command->add_option("--on", options->on, "device or interpreter")
      ->capture_default_str()
      ->check(CLI::IsMember({"device", "interpreter"}));
  command->add_option("--device", options->device, "cpu, cuda or cuda:N")->capture_default_str();
  command
      ->add_option("--check", options->checks,
                   "what the interpreter checks: bounds, races, defined (reads of elements that "
                   "nothing wrote), all; default: bounds and races")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"bounds", "races", "defined", "all"}));
  command->add_flag("--real", options->is_real,
                    "interpret over the real numbers: doubles, and real meanings of functions; "
                    "results are rounded once");
  command->add_option("--seed", options->seed, "of random arguments")->capture_default_str();
  return [options, command] {
    settle(*options, *command);
    return run(*options);
  };
}

}  // namespace tilec
