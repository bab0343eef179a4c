// See ahead_of_time.h.
#include "compiler/driver/ahead_of_time.h"

#include <fmt/format.h>

#include "compiler/codegen/cpp/emit.h"
#include "compiler/driver/gpu_steps.h"
#include "compiler/ir/argument_words.h"

namespace tile {

namespace {

/// What C++ keeps for itself; macros of compilers' own; what a launching function has beside the
/// kernel's parameters.
constexpr std::string_view taken_names =
    " alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t "
    " char16_t char32_t class co_await co_return co_yield compl concept const const_cast "
    " consteval constexpr constinit continue decltype default delete do double dynamic_cast else "
    " enum explicit export extern false float for friend goto if inline int long mutable "
    " namespace new noexcept not not_eq nullptr operator or or_eq private protected public "
    " register reinterpret_cast requires return short signed sizeof static static_assert "
    " static_cast struct switch template this thread_local throw true try typedef typeid "
    " typename typeof union unsigned using virtual void volatile wchar_t while xor xor_eq errno "
    " linux unix NULL std tile_built parallel_for tile_end tile_stream tile_words ";

/// The same name, or with an underscore added where C++ does not take it: `class_` for `class`, and
/// then `class__` for `class_`.
std::string cpp_name(const std::string& name) {
  const std::string stem = name.substr(0, name.find_last_not_of('_') + 1);
  const bool is_taken = taken_names.find(" " + stem + " ") != std::string_view::npos;
  return is_taken ? name + "_" : name;
}

/// "attention_P_tf32": what a C++ name allows of the kernel and its settings.
std::string name_of(const Selection& selection) {
  std::string name = selection.kernel;
  for (const auto& [key, value] : selection.settings) name += "_" + key + "_" + value;
  for (char& c : name) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!is_plain) c = '_';
  }
  return cpp_name(name);
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
    built.word_count = ir::first_words(made->module.functions[made->module.kernel]).back();
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
  for (KernelParameter& parameter : signature->parameters)
    parameter.name = cpp_name(parameter.name);
  built.signature = *std::move(signature);
  return built;
}

}  // namespace tile
