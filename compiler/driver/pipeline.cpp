// See pipeline.h.
#include "compiler/driver/pipeline.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <utility>

#include "compiler/base/check.h"
#include "compiler/base/embedded.h"
#include "compiler/codegen/cpp/emit.h"
#include "compiler/driver/gpu_steps.h"
#include "compiler/driver/resource_errors.h"
#include "compiler/driver/trace.h"
#include "compiler/ir/verifier.h"
#include "compiler/parse/parse.h"
#include "compiler/passes/check_races.h"
#include "compiler/passes/pipeline.h"
#include "compiler/schedule/make_plan.h"

namespace tile {

namespace {

/// The standard library's trees, made once per process. Every file's SourceSet begins with a copy
/// of `sources`, so that spans in the shared trees mean the same everywhere.
struct StandardLibrary {
  SourceSet sources;
  std::deque<Ast> trees;

  StandardLibrary() {
    Diagnostics diagnostics(sources);
    for (const EmbeddedText* text = tile_stdlib(); text->name != nullptr; ++text) {
      const FileId file = sources.add(std::string("<stdlib>/") + text->name, text->text);
      trees.push_back(parse(sources, file, lex(sources, file, diagnostics), diagnostics));
    }
    if (!diagnostics.has_errors()) return;
    std::fputs(diagnostics.render(false).c_str(), stderr);
    TILE_UNREACHABLE("the standard library has mistakes of syntax");
  }
};

const StandardLibrary& standard_library() {
  static const auto* library = new StandardLibrary;
  return *library;
}

/// Broken IR is our bug: says which step broke it and shows the module, to be put into a test.
void verify_after(std::string_view step, const ir::Module& module) {
  const auto problem = ir::verify(module);
  if (!problem) return;
  std::fprintf(stderr, "broken IR after %.*s: %s\n%s", static_cast<int>(step.size()), step.data(),
               problem->c_str(), ir::print(module).c_str());
  TILE_UNREACHABLE("the verifier found broken IR");
}

/// `settings` and those of the schedule that they do not override.
Settings merge(Settings settings, const sema::Settings& tune) {
  for (const auto& [name, value] : tune) {
    bool overridden = false;
    for (const Setting& setting : settings) overridden = overridden || setting.first == name;
    if (!overridden) settings.emplace_back(name, value);
  }
  return settings;
}

bool report_races(LoadedFile& file, const ir::Function& kernel) {
  const std::vector<passes::RaceProblem> problems = passes::check_races(kernel);
  for (const passes::RaceProblem& problem : problems) {
    const Kind kind = problem.is_read ? Kind::PossibleReadRace : Kind::PossibleRace;
    auto report = file.diagnostics().report(problem.span, kind, problem.tensor);
    for (const auto& note : problem.notes) report.note(note.span, note.text);
  }
  return problems.empty();
}

std::optional<schedule::Target> target_of(LoadedFile& file, const Selection& selection) {
  auto target = schedule::find_target(selection.target);
  if (!target) file.diagnostics().report({}, Kind::UnknownTarget, selection.target);
  return target;
}

SizeCondition launcher_condition(const sema::SizeCondition& condition) {
  return {condition.parameter, condition.dimension, condition.modulus,
          static_cast<SizeCondition::Relation>(condition.relation), condition.value};
}

KernelParameter launcher_parameter(const ir::Parameter& parameter, const ir::Type& type) {
  KernelParameter result;
  result.name = parameter.name;
  result.kind = type.is_tensor() ? KernelParameter::Kind::Tensor : KernelParameter::Kind::Scalar;
  result.element = ir::name(type.element);
  result.is_written = parameter.access != ir::Access::In;
  result.is_read = parameter.access == ir::Access::In || parameter.access == ir::Access::InOut;
  result.sizes = parameter.sizes;
  return result;
}

}  // namespace

LoadedFile::LoadedFile(const KernelSource& source)
    : sources_(standard_library().sources), diagnostics_(sources_) {
  const TraceSpan span("parse", source.name);
  const FileId file = sources_.add(source.name, source.text);
  tokens_ = lex(sources_, file, diagnostics_);
  ast_ = parse(sources_, file, tokens_, diagnostics_);
  if (diagnostics_.has_errors()) return;
  std::vector<const Ast*> files;
  for (const Ast& tree : standard_library().trees) files.push_back(&tree);
  files.push_back(&ast_);
  program_ = std::make_unique<sema::Program>(diagnostics_, std::move(files));
}

bool LoadedFile::has_kernel(std::string_view kernel) {
  if (program_ == nullptr) return false;
  const std::vector<std::string> names = program_->kernels();
  for (const std::string& name : names) {
    if (name == kernel) return true;
  }
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  auto report = diagnostics_.report({}, Kind::UnknownKernel, kernel);
  const std::string_view near = nearest_name(kernel, candidates);
  constexpr std::size_t few = 8;
  if (!near.empty()) {
    report.help("did you mean `" + std::string(near) + "`?");
  } else if (!names.empty() && names.size() <= few) {
    report.help(fmt::format("the file has `{}`", fmt::join(names, "`, `")));
  }
  return false;
}

std::vector<sema::ScheduleArm> find_schedules(LoadedFile& file, const Selection& selection) {
  if (!file.has_kernel(selection.kernel)) return {};
  const auto target = target_of(file, selection);
  if (!target) return {};
  return file.program()->schedules(selection.kernel, target->name, selection.settings);
}

std::optional<ir::Module> check_kernel(LoadedFile& file, std::string_view kernel,
                                       const Settings& settings) {
  if (!file.has_kernel(kernel)) return std::nullopt;
  const TraceSpan span("check", kernel);
  auto module = file.program()->instantiate(kernel, settings);
  if (module) verify_after("check", *module);
  return module;
}

bool run_passes(LoadedFile& file, ir::Module& module, const PassHook& hook) {
  for (const passes::Pass& pass : passes::all_passes()) {
    const TraceSpan span(pass.name);
    pass.run(module);
    verify_after(pass.name, module);
    if (hook) hook(pass.name, module);
  }
  return report_races(file, module.functions[module.kernel]);
}

std::vector<StrideClass> packed_strides(const ir::Function& kernel) {
  std::vector<StrideClass> strides;
  for (ir::ValueId argument : kernel.blocks[kernel.body].arguments) {
    const ir::Type& type = kernel.type(argument);
    if (type.is_tensor()) strides.push_back({static_cast<std::int8_t>(type.rank() - 1), 0, true});
  }
  return strides;
}

std::optional<Compilation> plan_kernel(LoadedFile& file, const Selection& selection, Until until,
                                       const PassHook& hook) {
  // What to compile: the target's facts and the schedule that applies.
  const auto arms = find_schedules(file, selection);
  if (arms.empty()) return std::nullopt;
  const std::size_t last = arms.size() - 1;
  Compilation made;
  made.target = *schedule::find_target(selection.target);
  made.arm = arms[selection.arm < 0 ? last : std::min<std::size_t>(selection.arm, last)];

  // Syntax tree -> tile IR.
  auto module = check_kernel(file, selection.kernel, merge(selection.settings, made.arm.tune));
  if (!module) return std::nullopt;
  if (hook) hook("check", *module);
  made.checked = *module;
  if (until == Until::Check) return made;

  // Tile IR -> simpler tile IR.
  made.module = std::move(*module);
  if (!run_passes(file, made.module, hook)) return std::nullopt;
  const ir::Function& kernel = made.module.functions[made.module.kernel];
  made.strides = selection.strides.empty() ? packed_strides(kernel) : selection.strides;
  if (until == Until::Passes) return made;

  const TraceSpan span("plan", selection.kernel);
  if (made.target.is_gpu()) {
    // Tile IR -> layouts and shared memory.
    if (!plan_for_gpu(file, made)) return std::nullopt;
  } else {
    // Tile IR -> loops and buffers.
    made.plan = schedule::make_plan(made.module, made.strides, made.target);
  }
  return made;
}

std::optional<Compilation> compile_kernel(LoadedFile& file, const Selection& selection, Until until,
                                          const PassHook& hook) {
  const TraceSpan span("kernel", selection.kernel);
  auto made = plan_kernel(file, selection, until, hook);
  if (!made || until <= Until::Passes) return made;
  if (!report_resources(file, selection, *made)) return std::nullopt;
  if (until == Until::Plan) return made;
  const TraceSpan emit_span("emit", selection.kernel);
  if (made->target.is_gpu()) {
    // Layouts and shared memory -> PTX.
    emit_for_gpu(file, *made);
  } else {
    // Loops and buffers -> C++.
    made->text = codegen::emit_cpp(made->module, made->plan, made->strides, made->target);
  }
  return made;
}

std::optional<KernelSignature> kernel_signature(LoadedFile& file, const Selection& selection) {
  const auto arms = find_schedules(file, selection);
  if (arms.empty()) return std::nullopt;
  const auto module = check_kernel(file, selection.kernel, merge(selection.settings, arms[0].tune));
  if (!module) return std::nullopt;
  const ir::Function& kernel = module->functions[module->kernel];
  KernelSignature signature;
  signature.name = kernel.name;
  signature.grid_rank = kernel.grid_rank();
  const auto& arguments = kernel.blocks[kernel.body].arguments;
  for (std::size_t i = 0; i < kernel.parameters.size(); ++i) {
    signature.parameters.push_back(
        launcher_parameter(kernel.parameters[i], kernel.type(arguments[i])));
  }
  for (const sema::ScheduleArm& arm : arms) {
    ScheduleArm& launcher_arm = signature.arms.emplace_back();
    for (const auto& condition : arm.conditions) {
      launcher_arm.conditions.push_back(launcher_condition(condition));
    }
  }
  return signature;
}

}  // namespace tile
