// See ahead_of_time.h.
#include "compiler/driver/ahead_of_time.h"

#include <fmt/format.h>

#include "compiler/codegen/cpp/emit.h"
#include "compiler/driver/gpu_steps.h"

namespace tile {

namespace {

/// "attention_P_tf32": what a C++ name allows of the kernel and its settings.
std::string name_of(const Selection& selection) {
  std::string name = selection.kernel;
  for (const auto& [key, value] : selection.settings) name += "_" + key + "_" + value;
  for (char& c : name) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!is_plain) c = '_';
  }
  return name;
}

/// Several arms are linked together: each gets names of its own.
std::string with_own_names(const std::string& text, const std::string& arm) {
  return fmt::format("#define {} {}_grid\n#define {} {}_run\n{}", codegen::grid_symbol, arm,
                     codegen::run_symbol, arm, text);
}

}  // namespace

std::optional<BuiltKernel> build_kernel(LoadedFile& file, Selection selection) {
  auto signature = kernel_signature(file, selection);
  if (!signature) return std::nullopt;
  BuiltKernel built;
  built.name = name_of(selection);
  built.settings = selection.settings;
  const auto user_file = static_cast<std::uint32_t>(file.sources().file_count() - 1);
  built.source = file.sources().file(FileId{user_file}).name;
  for (std::size_t i = 0; i < signature->arms.size(); ++i) {
    selection.arm = static_cast<int>(i);
    auto made = compile_kernel(file, selection);
    if (!made) return std::nullopt;
    built.target = made->target;
    built.strides = made->strides;
    BuiltArm& arm = built.arms.emplace_back();
    arm.conditions = signature->arms[i];
    arm.tune = made->arm.tune;
    if (made->target.is_gpu()) {
      arm.text = made->text;
      arm.gpu = gpu_kernel_of(*std::move(made));
    } else {
      arm.text = with_own_names(made->text, built.arm_name(i));
      arm.scratch_bytes = static_cast<std::int64_t>(made->plan.scratch_bytes);
    }
  }
  built.signature = *std::move(signature);
  return built;
}

}  // namespace tile
