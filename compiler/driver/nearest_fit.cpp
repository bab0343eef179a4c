// See nearest_fit.h.
#include "compiler/driver/nearest_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tile {

namespace {

constexpr int most_halvings = 4;  // of all parameters together
constexpr int most_trials = 60;   // each plans the kernel once

struct TuneParameter {
  std::string name;
  std::int64_t value = 0;  // as the kernel is compiled now
};

/// The integers among the `tune` parameters.
std::vector<TuneParameter> tune_parameters(LoadedFile& file, const Selection& selection,
                                           const Compilation& made) {
  std::vector<TuneParameter> all;
  for (const sema::ConstantInfo& constant : file.program()->constants(selection.kernel)) {
    if (!constant.is_tune || constant.kind != "int") continue;
    constexpr const char* unset = "64";  // docs/language.md
    std::string text = constant.default_text.empty() ? unset : constant.default_text;
    for (const Settings* settings : {&made.arm.tune, &selection.settings}) {
      for (const auto& [name, value] : *settings) {
        if (name == constant.name) text = value;
      }
    }
    TuneParameter& parameter = all.emplace_back(constant.name);
    std::from_chars(text.data(), text.data() + text.size(), parameter.value);
  }
  return all;
}

/// Calls try_it with every way to deal `halvings` to the parameters from `first` on.
template <class Try>
void deal(std::vector<TuneParameter>& values, std::size_t first, int halvings, Try&& try_it) {
  if (halvings == 0) return try_it(values);
  for (std::size_t i = first; i < values.size(); ++i) {
    if (values[i].value < 2 || values[i].value % 2 != 0) continue;
    values[i].value /= 2;
    deal(values, i, halvings - 1, try_it);
    values[i].value *= 2;
  }
}

bool fits(const Compilation& made) {
  return memory_needed(made) <= memory_limit(made.target) &&
         largest_tile(made).registers <= register_limit(made);
}

std::string describe(const std::vector<TuneParameter>& now, const std::vector<TuneParameter>& then,
                     std::int64_t bytes) {
  std::string changes;
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (then[i].value == now[i].value) continue;
    changes += fmt::format("{}`{} = {}` instead of {}", changes.empty() ? "" : " and ", now[i].name,
                           then[i].value, now[i].value);
  }
  return fmt::format("with {} it fits and needs {} bytes", changes, bytes);
}

}  // namespace

std::int64_t memory_needed(const Compilation& made) {
  return made.target.is_gpu() ? made.gpu_plan.shared_bytes
                              : static_cast<std::int64_t>(made.plan.scratch_bytes);
}

std::int64_t memory_limit(const schedule::Target& target) {
  return target.is_gpu() ? target.shared_bytes : target.scratch_limit_bytes;
}

std::int64_t register_limit(const Compilation& made) {
  return made.target.registers_of_thread(made.gpu_plan.resident_threads());
}

LargestTile largest_tile(const Compilation& made) {
  LargestTile largest;
  const ir::Function& kernel = made.module.functions[made.module.kernel];
  for (std::uint32_t i = 0; i < made.gpu_plan.layouts.size(); ++i) {
    const ir::ValueId value{i};
    const auto& layout = made.gpu_plan.layouts[value];
    if (!layout) continue;
    const std::int64_t words = std::max(1, ir::byte_size(kernel.type(value).element) / 4);
    const std::int64_t registers = layout->register_count() * words;
    if (registers > largest.registers) largest = {value, registers, words};
  }
  return largest;
}

std::string nearest_fit(LoadedFile& file, const Selection& selection, const Compilation& made) {
  const std::vector<TuneParameter> now = tune_parameters(file, selection, made);
  // A file of its own: what is wrong with a trial is nobody's mistake.
  const SourceFile& source =
      file.sources().file(FileId{static_cast<std::uint32_t>(file.sources().file_count() - 1)});
  LoadedFile trials({source.name, source.text});
  int count = 0;
  for (int halvings = 1; halvings <= most_halvings && count < most_trials; ++halvings) {
    std::string best;
    std::int64_t best_bytes = -1;
    std::vector<TuneParameter> values = now;
    deal(values, 0, halvings, [&](const std::vector<TuneParameter>& then) {
      if (++count > most_trials) return;
      Selection trial = selection;
      for (std::size_t i = 0; i < then.size(); ++i) {
        std::erase_if(trial.settings, [&](const Setting& s) { return s.first == then[i].name; });
        trial.settings.emplace_back(then[i].name, std::to_string(then[i].value));
      }
      const auto planned = plan_kernel(trials, trial, Until::Plan);
      if (!planned || !fits(*planned) || memory_needed(*planned) <= best_bytes) return;
      best_bytes = memory_needed(*planned);
      best = describe(now, then, best_bytes);
    });
    if (!best.empty()) return best;
  }
  return "";
}

}  // namespace tile
