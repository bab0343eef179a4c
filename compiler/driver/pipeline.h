// The compiler from text to C++ or PTX as a list of named steps. A LoadedFile is one user file
// parsed together with the standard library; a Compilation holds what each later step made for one
// kernel, so that `tilec emit` can show any of it. Mistakes of the user go to the file's
// Diagnostics; a step that reported returns nothing. Mistakes of ours abort.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/driver/compile.h"
#include "compiler/ir/function.h"
#include "compiler/lex/lexer.h"
#include "compiler/parse/ast.h"
#include "compiler/schedule/gpu/gpu_plan.h"
#include "compiler/schedule/plan.h"
#include "compiler/schedule/target.h"
#include "compiler/sema/check.h"
#include "compiler/source/diagnostics.h"

namespace tile {

/// Lexed and parsed when made; kernels are checked when they are asked for. For one thread at a
/// time.
class LoadedFile {
 public:
  explicit LoadedFile(const KernelSource& source);
  LoadedFile(const LoadedFile&) = delete;
  LoadedFile& operator=(const LoadedFile&) = delete;

  const SourceSet& sources() const { return sources_; }
  Diagnostics& diagnostics() { return diagnostics_; }
  const Tokens& tokens() const { return tokens_; }
  const Ast& ast() const { return ast_; }
  /// Null when the file has mistakes of syntax.
  sema::Program* program() { return program_.get(); }
  /// Reports an unknown kernel name.
  bool has_kernel(std::string_view kernel);

 private:
  SourceSet sources_;  // the standard library's files first, the user's last
  Diagnostics diagnostics_;
  Tokens tokens_;
  Ast ast_;
  std::unique_ptr<sema::Program> program_;
};

/// Which kernel, and for what.
struct Selection {
  std::string kernel;
  Settings settings;  // of `const` parameters; of `tune` ones to override the schedule
  std::string target = "host";
  /// Index into schedules(); -1: the last one, which holds for all sizes.
  int arm = -1;
  /// One per tensor parameter; empty: all packed and aligned.
  std::vector<StrideClass> strides;
};

/// What the steps made, in their order.
struct Compilation {
  schedule::Target target;
  sema::ScheduleArm arm;
  ir::Module checked;  // as the check phase made it
  ir::Module module;   // after all passes
  std::vector<StrideClass> strides;
  schedule::Plan plan;         // CPUs
  schedule::GpuPlan gpu_plan;  // GPUs, as all below but text
  HostProgram grid;
  std::string text;   // C++ or PTX
  std::string llvm;   // LLVM IR, optimised
  std::string entry;  // of the PTX
};

/// Called after each pass with its name, and with "check" before the first.
using PassHook = std::function<void(std::string_view pass, const ir::Module& module)>;

/// All steps up to the check phase (`checked`), the passes (`module`), the plan, or all.
enum class Until : std::uint8_t { Check, Passes, Plan, Text };
std::optional<Compilation> compile_kernel(LoadedFile& file, const Selection& selection,
                                          Until until = Until::Text, const PassHook& hook = {});

/// The same up to the plan, whether or not what it needs is there (resource_errors.h).
std::optional<Compilation> plan_kernel(LoadedFile& file, const Selection& selection, Until until,
                                       const PassHook& hook = {});

// The single steps.

/// The schedule arms of a kernel on a target ("host" too); never empty unless something was
/// reported.
std::vector<sema::ScheduleArm> find_schedules(LoadedFile& file, const Selection& selection);
/// The check phase, and the verifier.
std::optional<ir::Module> check_kernel(LoadedFile& file, std::string_view kernel,
                                       const Settings& settings);
/// All passes with the verifier after each, then the race rule.
bool run_passes(LoadedFile& file, ir::Module& module, const PassHook& hook);

/// Parameters and arms as the launcher sees them.
std::optional<KernelSignature> kernel_signature(LoadedFile& file, const Selection& selection);

/// Packed row-major and aligned, for each tensor parameter.
std::vector<StrideClass> packed_strides(const ir::Function& kernel);

}  // namespace tile
