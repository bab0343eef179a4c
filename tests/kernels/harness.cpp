// See harness.h.
#include "tests/kernels/harness.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <random>
#include <set>
#include <sstream>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "compiler/driver/pipeline.h"
#include "tests/kernels/machines.h"
#include "tests/source_folder.h"

namespace tile::harness {

namespace {

using Random = std::mt19937_64;

/// Deterministic everywhere, unlike the standard distributions.
double uniform(Random& random, double low, double high) {
  return low + (high - low) * static_cast<double>(random() >> 11) * 0x1p-53;
}

KernelSource load(const std::string& file) {
  if (file.find('\n') != std::string::npos) return {"test.tile", file};
  std::ifstream stream(source_folder() / file);
  std::stringstream text;
  text << stream.rdbuf();
  REQUIRE_MESSAGE(!text.str().empty(), "cannot read ", file);
  return {file, text.str()};
}

Settings joined(const Settings& left, const Settings& right) {
  Settings settings = left;
  settings.insert(settings.end(), right.begin(), right.end());
  return settings;
}

std::string text_of(const Settings& settings) {
  std::string text;
  for (const auto& [name, value] : settings) text += fmt::format(" {}={}", name, value);
  return text;
}

std::string text_of(const Sizes& sizes) {
  std::string text;
  for (const auto& [name, value] : sizes) text += fmt::format(" {}={}", name, value);
  return text;
}

void fill_tensor(HostTensor& tensor, const Fill& fill, Wild wild, Random& random) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  const float special[] = {0.0f,   -0.0f,  1e-42f,
                           -3e38f, 2e-38f, 1e30f,
                           inf,    -inf,   std::numeric_limits<float>::quiet_NaN()};
  const std::size_t choices = std::size(special) - (wild == Wild::All ? 0 : 3);
  for (std::int64_t i = 0; i < tensor.count(); ++i) {
    double value = uniform(random, fill.low, fill.high);
    if (!ir::is_float(tensor.element)) value = std::floor(value);
    if (wild != Wild::None && ir::is_float(tensor.element) && random() % 8 == 0) {
      value = special[random() % choices];
    }
    tensor.set(i, value);
  }
}

Fill default_fill(ir::ElementType element) {
  if (element == ir::ElementType::Bool) return {0, 2};
  if (element == ir::ElementType::F32) return {-2, 2};
  return ir::is_signed(element) ? Fill{-50, 50} : Fill{0, 100};
}

/// One row: modules per tune setting, then cases.
class RowTest {
 public:
  explicit RowTest(const Row& row)
      : row_(row),
        source_(load(row.file)),
        file_(source_),
        cpu_(source_, row.kernel),
        gpu_(source_, row.kernel) {}

  /// False at the first failure.
  bool run();

 private:
  bool prepare();
  bool check_tunes();
  std::int64_t size_of(const std::string& symbol, const Sizes& sizes) const;
  std::vector<Input> make_inputs(const Sizes& sizes, Wild wild, bool is_packed, std::uint64_t seed);
  Values values_of(const std::vector<Input>& inputs, const Sizes& sizes) const;
  struct Case {
    Sizes sizes;
    Wild wild = Wild::None;
    bool is_packed = false;
    bool is_first = false;
    std::vector<Input> inputs = {};
  };
  std::vector<Case> make_cases();
  bool run_case(const Case& tried);
  std::vector<GpuVariant> gpu_variants(const Case& tried) const;
  bool compare_interpreter(const std::vector<Input>& inputs);
  bool compare_cpu(const std::vector<Input>& inputs, bool is_first);
  bool compare_gpu(const Case& tried);
  bool compare_gpu_numbers(const std::string& what, const Case& tried, const Outcome& outcome,
                           const Outcome& again);
  bool compare_reference(const std::vector<Input>& inputs, const Sizes& sizes);
  bool compare_numbers(const std::string& what, const std::vector<std::vector<double>>& got,
                       Values& expected, double tolerance);
  bool same(const std::string& what, const Outcome& outcome);
  bool fail(const std::string& why);

  const Row& row_;
  KernelSource source_;
  LoadedFile file_;
  CpuRunner cpu_;
  GpuRunner gpu_;
  std::vector<Settings> tunes_;
  std::vector<ir::Module> checked_, optimised_;  // by tune setting
  std::size_t arms_ = 1;
  std::size_t gpu_arms_ = 1;
  std::string case_;
  Outputs expected_;
};

bool RowTest::fail(const std::string& why) {
  const std::string message =
      fmt::format("{} {}{}, {}: {}", row_.file.find('\n') == std::string::npos ? row_.file : "text",
                  row_.kernel, text_of(row_.settings), case_, why);
  CHECK_MESSAGE(false, message);
  return false;
}

/// NUMERICS rule 9: at least three values of each `tune` parameter, which must not show. A row may
/// name parameters that the kernel has no more.
bool RowTest::check_tunes() {
  if (file_.program() == nullptr) return fail(file_.diagnostics().render(false));
  std::set<std::string> known;
  for (const sema::ConstantInfo& constant : file_.program()->constants(row_.kernel)) {
    if (!constant.is_tune) continue;
    known.insert(constant.name);
    std::set<std::string> values;
    for (const Settings& tune : row_.tunes) {
      for (const auto& [name, value] : tune) {
        if (name == constant.name) values.insert(value);
      }
    }
    if (values.size() < 3) return fail("fewer than three values of tune " + constant.name);
  }
  for (const Settings& tune : row_.tunes) {
    Settings& kept = tunes_.emplace_back();
    for (const Setting& setting : tune) {
      if (known.contains(setting.first)) kept.push_back(setting);
    }
  }
  if (tunes_.empty()) tunes_.emplace_back();
  return true;
}

bool RowTest::prepare() {
  if (!check_tunes()) return false;
  for (const Settings& tune : tunes_) {
    auto module = check_kernel(file_, row_.kernel, joined(row_.settings, tune));
    if (!module) return fail(file_.diagnostics().render(false));
    checked_.push_back(*module);
    if (!run_passes(file_, *module, {})) return fail(file_.diagnostics().render(false));
    optimised_.push_back(*std::move(module));
  }
  Selection selection;
  selection.kernel = row_.kernel;
  selection.settings = row_.settings;
  arms_ = find_schedules(file_, selection).size();
  selection.target = gpu_target();
  if (compares_gpu()) gpu_arms_ = find_schedules(file_, selection).size();
  return true;
}

std::int64_t RowTest::size_of(const std::string& symbol, const Sizes& sizes) const {
  const auto found = sizes.find(symbol);
  return found != sizes.end() ? found->second : std::stoll(symbol);
}

std::vector<Input> RowTest::make_inputs(const Sizes& sizes, Wild wild, bool is_packed,
                                        std::uint64_t seed) {
  Random random(seed);
  std::vector<Input> inputs;
  const ir::Function& kernel = checked_[0].functions[checked_[0].kernel];
  // Layouts depend on the row alone: another layout is another compilation.
  Random layouts(std::hash<std::string>()(row_.kernel));
  for (std::size_t p = 0; p < kernel.parameters.size(); ++p) {
    const ir::Parameter& parameter = kernel.parameters[p];
    const ir::Type& type = kernel.type(kernel.blocks[kernel.body].arguments[p]);
    Input input;
    input.is_tensor = type.is_tensor();
    input.is_written = parameter.access != ir::Access::In;
    if (!input.is_tensor) {
      const double value = row_.scalars.at(parameter.name);
      input.scalar = ir::is_float(type.element)
                         ? ir::Scalar::from_float(static_cast<float>(value))
                         : ir::Scalar::from_int(type.element, static_cast<std::int64_t>(value));
      inputs.push_back(input);
      continue;
    }
    std::vector<std::int64_t> extents;
    for (const std::string& symbol : parameter.sizes) extents.push_back(size_of(symbol, sizes));
    input.tensor = HostTensor(type.element, extents);
    const auto fill = row_.fills.find(parameter.name);
    const bool is_filled = fill != row_.fills.end();
    fill_tensor(input.tensor, is_filled ? fill->second : default_fill(type.element), wild, random);
    const auto choice = static_cast<Layout>(layouts() % (input.is_written ? 4 : 5));
    if (!is_packed) input.layout = choice;
    if (input.layout == Layout::Repeated) repeat_first(input.tensor);
    inputs.push_back(std::move(input));
  }
  if (!row_.prepare) return inputs;
  Values values = values_of(inputs, sizes);
  row_.prepare(values);
  for (std::size_t p = 0; p < inputs.size(); ++p) {
    const std::vector<double>& numbers = values[kernel.parameters[p].name];
    if (!inputs[p].is_tensor) continue;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      inputs[p].tensor.set(static_cast<std::int64_t>(i), numbers[i]);
    }
    inputs[p].layout = inputs[p].layout == Layout::Repeated ? Layout::Strided : inputs[p].layout;
  }
  return inputs;
}

bool RowTest::same(const std::string& what, const Outcome& outcome) {
  if (!outcome) return fail(what + ": " + outcome.error());
  for (std::size_t i = 0; i < expected_.size(); ++i) {
    if (const auto difference = first_difference((*outcome)[i], expected_[i])) {
      return fail(fmt::format("{}, output {}: {}", what, i, *difference));
    }
  }
  return true;
}

bool RowTest::compare_interpreter(const std::vector<Input>& inputs) {
  using interpret::ProgramOrder;
  constexpr ProgramOrder orders[] = {ProgramOrder::Shuffled, ProgramOrder::Descending,
                                     ProgramOrder::Ascending};
  for (std::size_t t = 0; t < tunes_.size(); ++t) {
    const InterpretMode mode{orders[t % 3], row_.writes_all};
    const auto outcome = run_interpreter(optimised_[t], inputs, mode);
    if (!same("interpreter, optimised," + text_of(tunes_[t]), outcome)) return false;
  }
  return true;
}

bool RowTest::compare_cpu(const std::vector<Input>& inputs, bool is_first) {
  if (installed_compiler() == nullptr || !is_chosen("cpu")) return true;
  for (const std::string& target : runnable_targets()) {
    for (const Settings& tune : tunes_) {
      for (int threads : {1, 2}) {
        const auto outcome = cpu_.run(inputs, joined(row_.settings, tune), target, 0, threads);
        const std::string what = fmt::format("{},{} {} threads", target, text_of(tune), threads);
        if (!same(what, outcome)) return false;
      }
    }
    // Schedules differ in tile sizes only, so each is right for all sizes.
    for (std::size_t arm = 0; is_first && arm < arms_; ++arm) {
      const auto outcome = cpu_.run(inputs, row_.settings, target, static_cast<int>(arm), 2);
      if (!same(fmt::format("{}, schedule {}", target, arm), outcome)) return false;
    }
  }
  return true;
}

/// Schedules as on a CPU; and, where tensors are aligned, the code that does not rely on it.
std::vector<GpuVariant> RowTest::gpu_variants(const Case& tried) const {
  std::vector<GpuVariant> variants;
  for (const Settings& tune : tunes_) variants.push_back({joined(row_.settings, tune)});
  for (std::size_t arm = 0; tried.is_first && arm < gpu_arms_; ++arm) {
    variants.push_back({row_.settings, static_cast<int>(arm)});
  }
  variants.push_back({joined(row_.settings, tunes_[0]), 0, true});
  return variants;
}

bool RowTest::compare_gpu(const Case& tried) {
  if (!compares_gpu()) return true;
  for (const GpuVariant& variant : gpu_variants(tried)) {
    const std::string what =
        fmt::format("GPU,{} schedule {}{}", text_of(variant.settings), variant.arm,
                    variant.ignores_alignment ? ", alignment ignored" : "");
    const Outcome outcome = gpu_.run(tried.inputs, variant);
    if (outcome && outcome->empty()) continue;  // compiled only
    if (row_.gpu_tolerance > 0) {
      const Outcome again = gpu_.run(tried.inputs, variant);
      if (!compare_gpu_numbers(what, tried, outcome, again)) return false;
    } else if (!same(what, outcome)) {
      return false;
    }
  }
  return true;
}

/// Within the row's tolerance, and the same bits twice.
bool RowTest::compare_gpu_numbers(const std::string& what, const Case& tried,
                                  const Outcome& outcome, const Outcome& again) {
  if (!outcome || !again) return fail(what + ": " + (outcome ? again : outcome).error());
  for (std::size_t i = 0; i < outcome->size(); ++i) {
    const HostTensor& output = (*outcome)[i];
    if (const auto difference = first_difference(output, (*again)[i])) {
      return fail(fmt::format("{}, two runs, output {}: {}", what, i, *difference));
    }
    for (std::int64_t j = 0; tried.wild == Wild::None && j < output.count(); ++j) {
      const double expected = expected_[i].number(j), got = output.number(j);
      if (std::fabs(got - expected) <= row_.gpu_tolerance * std::fmax(1.0, std::fabs(expected))) {
        continue;
      }
      return fail(
          fmt::format("{}, output {}, element {} is {}, not {}", what, i, j, got, expected));
    }
  }
  return true;
}

bool RowTest::compare_numbers(const std::string& what, const std::vector<std::vector<double>>& got,
                              Values& expected, double tolerance) {
  const ir::Function& kernel = checked_[0].functions[checked_[0].kernel];
  std::size_t next = 0;
  for (const ir::Parameter& parameter : kernel.parameters) {
    if (parameter.access == ir::Access::In) continue;
    const std::vector<double>& values = got[next++];
    const std::vector<double>& reference = expected[parameter.name];
    if (values.size() != reference.size()) return fail("the reference has another size");
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] == reference[i] || (std::isnan(values[i]) && std::isnan(reference[i])))
        continue;
      const double error = std::fabs(values[i] - reference[i]);
      if (!(error <= tolerance * std::fmax(1.0, std::fabs(reference[i])))) {
        return fail(fmt::format("{}: `{}` element {} is {} where the reference has {}", what,
                                parameter.name, i, values[i], reference[i]));
      }
    }
  }
  return true;
}

/// Tensors that are written wholly and never read are zeros.
Values RowTest::values_of(const std::vector<Input>& inputs, const Sizes& sizes) const {
  const ir::Function& kernel = checked_[0].functions[checked_[0].kernel];
  Values values;
  values.sizes = sizes;
  for (std::size_t p = 0; p < inputs.size(); ++p) {
    const std::string& name = kernel.parameters[p].name;
    if (!inputs[p].is_tensor) {
      values.scalars[name] = static_cast<float>(row_.scalars.at(name));
      continue;
    }
    std::vector<double>& numbers = values[name];
    const bool is_out = row_.writes_all && kernel.parameters[p].access != ir::Access::In &&
                        kernel.parameters[p].access != ir::Access::InOut;
    for (std::int64_t i = 0; i < inputs[p].tensor.count(); ++i) {
      numbers.push_back(is_out ? 0 : inputs[p].tensor.number(i));
    }
  }
  return values;
}

bool RowTest::compare_reference(const std::vector<Input>& inputs, const Sizes& sizes) {
  if (!row_.reference) return true;
  Values values = values_of(inputs, sizes);
  row_.reference(values);
  std::vector<std::vector<double>> got;
  for (const HostTensor& output : expected_) {
    std::vector<double>& numbers = got.emplace_back();
    for (std::int64_t i = 0; i < output.count(); ++i) numbers.push_back(output.number(i));
  }
  if (!compare_numbers("fp32", got, values, row_.tolerance)) return false;
  if (row_.real_tolerance == 0) return true;
  const auto real = run_real(checked_[0], inputs);
  if (!real) return fail(real.error());
  return compare_numbers("real mode", *real, values, row_.real_tolerance);
}

std::vector<RowTest::Case> RowTest::make_cases() {
  std::vector<Case> cases;
  std::uint64_t seed = 0;
  for (const Sizes& sizes : row_.sizes) {
    ++seed;
    const bool is_packed = seed % 2 == 1;
    cases.push_back({sizes, Wild::None, is_packed, seed == 1});
    cases.back().inputs = make_inputs(sizes, Wild::None, is_packed, seed);
    if (row_.wild == Wild::None) continue;
    cases.push_back({sizes, row_.wild, is_packed});
    cases.back().inputs = make_inputs(sizes, row_.wild, is_packed, 1000 + seed);
  }
  return cases;
}

bool RowTest::run_case(const Case& tried) {
  case_ = fmt::format("sizes{}{}{}", text_of(tried.sizes), tried.wild != Wild::None ? ", wild" : "",
                      tried.is_packed ? ", packed" : "");
  const InterpretMode mode{interpret::ProgramOrder::Ascending, row_.writes_all};
  const auto base = run_interpreter(checked_[0], tried.inputs, mode);
  if (!base) return fail(base.error());
  expected_ = *base;
  if (tried.wild == Wild::None && !compare_reference(tried.inputs, tried.sizes)) return false;
  return compare_interpreter(tried.inputs) && compare_cpu(tried.inputs, tried.is_first) &&
         compare_gpu(tried);
}

bool RowTest::run() {
  case_ = "compiling";
  if (!prepare()) return false;
  const std::vector<Case> cases = make_cases();
  CHECK(!cases.empty());
  if (compares_gpu()) {
    for (const Case& tried : cases) gpu_.prepare(tried.inputs, gpu_variants(tried));
    gpu_.finish_preparing();
  }
  return std::ranges::all_of(cases, [&](const Case& tried) { return run_case(tried); });
}

}  // namespace

void run_row(const Row& row) {
  // KERNEL=matmul runs only rows of that kernel.
  const char* only = std::getenv("KERNEL");
  if (only != nullptr && row.kernel != only) return;
  RowTest(row).run();
}

void run_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) run_row(row);
}

std::vector<Sizes> product_of(const std::map<std::string, std::vector<std::int64_t>>& values) {
  std::vector<Sizes> result = {{}};
  for (const auto& [symbol, sizes] : values) {
    std::vector<Sizes> longer;
    for (const Sizes& shorter : result) {
      for (std::int64_t size : sizes) {
        longer.push_back(shorter);
        longer.back()[symbol] = size;
      }
    }
    result = std::move(longer);
  }
  return result;
}

}  // namespace tile::harness
