// See ahead_of_time.h: the header of a kernel built ahead of time.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "compiler/base/check.h"
#include "compiler/driver/ahead_of_time.h"

namespace tile {

namespace {

std::string cpp_type(const std::string& element) {
  static const std::map<std::string, std::string> types = {
      {"f32", "float"},        {"bool", "bool"},        {"i8", "std::int8_t"},
      {"u8", "std::uint8_t"},  {"i32", "std::int32_t"}, {"u32", "std::uint32_t"},
      {"i64", "std::int64_t"}, {"u64", "std::uint64_t"}};
  return types.at(element);
}

std::string join(const std::vector<std::string>& parts, const char* between) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

std::string describe(const Settings& settings) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : settings) parts.push_back(name + " = " + value);
  return join(parts, ", ");
}

/// C++ has no literal for the least of all.
std::string number(std::int64_t value) {
  return value == std::numeric_limits<std::int64_t>::min() ? "INT64_MIN" : fmt::format("{}", value);
}

class HeaderWriter {
 public:
  explicit HeaderWriter(const BuiltKernel& kernel)
      : kernel_(kernel), is_gpu_(kernel.target.is_gpu()) {}
  std::string write();

 private:
  const KernelSignature& signature() const { return kernel_.signature; }
  std::string opening() const;
  std::string condition(const SizeCondition& condition) const;
  std::string conditions(const ScheduleArm& arm) const;
  std::string parameters() const;
  std::string documentation() const;
  std::string checks() const;
  std::string words() const;
  std::string cpu_codes() const;
  std::string cpu_launch() const;
  std::string grid(const BuiltArm& arm, std::size_t i) const;
  std::string image(const BuiltArm& arm, std::size_t i) const;
  std::string gpu_code(const BuiltArm& arm, std::size_t i) const;
  std::string gpu_class() const;

  const BuiltKernel& kernel_;
  bool is_gpu_;
};

std::string HeaderWriter::condition(const SizeCondition& condition) const {
  constexpr const char* relations[] = {"==", "!=", "<", "<=", ">", ">="};
  const auto& parameter = signature().parameters[static_cast<std::size_t>(condition.parameter)];
  const std::string modulus =
      condition.modulus > 0 ? fmt::format(" % {}", condition.modulus) : std::string();
  return fmt::format("{}.sizes[{}]{} {} {}", parameter.name, condition.dimension, modulus,
                     relations[static_cast<std::size_t>(condition.relation)], condition.value);
}

std::string HeaderWriter::conditions(const ScheduleArm& arm) const {
  std::vector<std::string> parts;
  for (const SizeCondition& part : arm.conditions) parts.push_back(condition(part));
  return join(parts, " && ");
}

std::string HeaderWriter::opening() const {
  std::string text = fmt::format("// Kernel {} of {} for {}, made by `tilec build`",
                                 signature().name, kernel_.source, kernel_.target.name);
  if (!kernel_.settings.empty()) text += ", " + describe(kernel_.settings);
  text += ".\n// Schedules, the first whose condition holds is launched:\n";
  for (std::size_t i = 0; i < kernel_.arms.size(); ++i) {
    const BuiltArm& arm = kernel_.arms[i];
    const std::string when = conditions(arm.conditions);
    text += fmt::format("//   {}: {}{}{}", i, when.empty() ? "all sizes" : when,
                        arm.tune.empty() ? "" : "; ", describe(arm.tune));
    text += is_gpu_ ? fmt::format("; {} threads, {} bytes of shared memory{}\n", arm.gpu.threads,
                                  arm.gpu.shared_bytes,
                                  arm.gpu.tensor_maps.empty() ? "" : ", tensor maps")
                    : fmt::format("; {} bytes of scratch a thread\n", arm.scratch_bytes);
  }
  return text + fmt::format("#pragma once\n\n#include \"tile_{}.h\"\n\n", is_gpu_ ? "gpu" : "cpu");
}

std::string HeaderWriter::parameters() const {
  std::vector<std::string> parts;
  for (const KernelParameter& parameter : signature().parameters) {
    const std::string type = cpp_type(parameter.element);
    parts.push_back(parameter.kind == KernelParameter::Kind::Scalar
                        ? type + " " + parameter.name
                        : fmt::format("const tile_built::Tensor<{}{}, {}>& {}",
                                      parameter.is_written ? "" : "const ", type,
                                      parameter.sizes.size(), parameter.name));
  }
  return join(parts, ", ");
}

std::string HeaderWriter::documentation() const {
  std::string text = "/// Null, or what is wrong.";
  text += is_gpu_ ? " Addresses are the device's." : " Tensors that are written share no memory.";
  text += '\n';
  std::size_t tensor = 0;
  for (const KernelParameter& parameter : signature().parameters) {
    if (parameter.kind == KernelParameter::Kind::Scalar) continue;
    const StrideClass& strides = kernel_.strides[tensor++];
    text += fmt::format("/// {}[{}], {}: {}{}\n", parameter.name, join(parameter.sizes, ", "),
                        !parameter.is_written ? "read"
                        : parameter.is_read   ? "read and written"
                                              : "written",
                        strides.unit_dim < 0
                            ? "any strides"
                            : fmt::format("dimension {} contiguous, others free", strides.unit_dim),
                        is_gpu_ && strides.aligned
                            ? "; address, its size and other strides multiples of 16 bytes"
                            : "");
  }
  return text;
}

/// Sizes of one name agree, constant ones are what they say, strides are those of the code.
std::string HeaderWriter::checks() const {
  std::string text;
  std::map<std::string, std::string> known;  // size symbol: where it was first
  std::size_t tensor = 0;
  const auto require = [&](const std::string& condition, const std::string& otherwise) {
    text += fmt::format("  if (!({})) return \"{}: {}\";\n", condition, kernel_.name, otherwise);
  };
  for (const KernelParameter& parameter : signature().parameters) {
    if (parameter.kind == KernelParameter::Kind::Scalar) continue;
    for (std::size_t d = 0; d < parameter.sizes.size(); ++d) {
      const std::string place = fmt::format("{}.sizes[{}]", parameter.name, d);
      const std::string& size = parameter.sizes[d];
      const bool is_constant = size.find_first_not_of("0123456789") == std::string::npos;
      const auto [first, is_new] = known.emplace(size, place);
      if (is_constant || !is_new) {
        require(place + " == " + (is_constant ? size : first->second),
                fmt::format("{} is not {}", place, is_constant ? size : first->second));
      } else {
        require(place + " >= 0", place + " is negative");
      }
    }
    const StrideClass& strides = kernel_.strides[tensor++];
    const bool is_aligned = is_gpu_ && strides.aligned;
    if (strides.unit_dim < 0) continue;
    require(
        fmt::format("tile_built::suits({}, {}, {})", parameter.name, strides.unit_dim, is_aligned),
        fmt::format("the strides{} of `{}` are not those it was built for",
                    is_aligned ? " or the alignment" : "", parameter.name));
  }
  return text;
}

std::string HeaderWriter::words() const {
  std::string text =
      fmt::format("  std::int64_t tile_words[{}];\n  std::int64_t* tile_end = tile_words;\n",
                  kernel_.word_count + static_cast<std::size_t>(signature().grid_rank));
  for (const KernelParameter& parameter : signature().parameters) {
    text += fmt::format("  tile_end = tile_built::add_words(tile_end, {});\n", parameter.name);
  }
  return text;
}

std::string HeaderWriter::cpu_codes() const {
  std::string text = "extern \"C\" {\n";
  for (std::size_t i = 0; i < kernel_.arms.size(); ++i) {
    text += fmt::format(
        "void {0}_grid(const std::int64_t* arguments, std::int64_t* extents);\n"
        "void {0}_run(const std::int64_t* arguments, const std::int64_t* extents,\n"
        "    std::int64_t begin, std::int64_t end, void* scratch);\n",
        kernel_.arm_name(i));
  }
  return text + "}\n\n";
}

std::string HeaderWriter::cpu_launch() const {
  std::string target = kernel_.target.name;
  std::ranges::replace(target, '-', '_');
  std::string text = fmt::format(
      "{}/// `parallel_for`: see tile_cpu.h; none: on this thread.\n"
      "template <class ParallelFor = tile_built::Serial>\n"
      "[[nodiscard]] const char* launch({}, ParallelFor&& parallel_for = ParallelFor()) {{\n"
      "  if (!tile_built::runs_{}()) return \"{}: this CPU is no {}\";\n{}{}",
      documentation(), parameters(), target, kernel_.name, kernel_.target.name, checks(), words());
  for (std::size_t i = 0; i < kernel_.arms.size(); ++i) {
    const std::string when = conditions(kernel_.arms[i].conditions);
    text += fmt::format(
        "  {0}return tile_built::run({{{1}_grid, {1}_run, {2}, {3}}}, tile_words, parallel_for);\n",
        when.empty() ? "" : "if (" + when + ") ", kernel_.arm_name(i),
        kernel_.arms[i].scratch_bytes, signature().grid_rank);
  }
  return text + "}\n";
}

/// The grid's extents, step by step.
std::string HeaderWriter::grid(const BuiltArm& arm, std::size_t i) const {
  std::string text =
      fmt::format("inline void grid_{}(const std::int64_t* words, std::int64_t* extents) {{\n", i);
  using Op = HostProgram::Step::Op;
  for (std::size_t s = 0; s < arm.gpu.grid.steps.size(); ++s) {
    const HostProgram::Step& step = arm.gpu.grid.steps[s];
    const auto call = [&](const char* name) {
      return fmt::format("tile_built::{}(v{}, v{})", name, step.a, step.b);
    };
    const auto infix = [&](const char* sign) {
      return fmt::format("v{} {} v{}", step.a, sign, step.b);
    };
    std::string value;
    switch (step.op) {
      case Op::Constant:
        value = number(step.constant);
        break;
      case Op::Word:
        value = fmt::format("words[{}]", step.constant);
        break;
      case Op::Add:
        value = call("add");
        break;
      case Op::Sub:
        value = call("sub");
        break;
      case Op::Mul:
        value = call("mul");
        break;
      case Op::Div:
        value = call("div");
        break;
      case Op::Rem:
        value = call("rem");
        break;
      case Op::Min:
        value = fmt::format("{} ? v{} : v{}", infix("<"), step.a, step.b);
        break;
      case Op::Max:
        value = fmt::format("{} ? v{} : v{}", infix(">"), step.a, step.b);
        break;
      case Op::Eq:
        value = infix("==");
        break;
      case Op::Ne:
        value = infix("!=");
        break;
      case Op::Lt:
        value = infix("<");
        break;
      case Op::Le:
        value = infix("<=");
        break;
      case Op::Select:
        value = fmt::format("v{} != 0 ? v{} : v{}", step.a, step.b, step.c);
        break;
    }
    text += fmt::format("  const std::int64_t v{} = {};\n", s, value);
  }
  for (std::size_t r = 0; r < arm.gpu.grid.results.size(); ++r) {
    text += fmt::format("  extents[{}] = v{};\n", r, arm.gpu.grid.results[r]);
  }
  return text + "  (void)words;\n}\n";
}

std::string HeaderWriter::image(const BuiltArm& arm, std::size_t i) const {
  std::string text = fmt::format("alignas(16) inline constexpr unsigned char image_{}[] = {{", i);
  std::size_t count = 0;
  for (const char c : arm.gpu.image) {
    if (count++ % 24 == 0) text += "\n    ";
    text += fmt::format("{},", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return text + "0};\n";
}

std::string HeaderWriter::gpu_code(const BuiltArm& arm, std::size_t i) const {
  std::string text = fmt::format(
      "inline constexpr tile_built::GpuCode code_{} = {{\n    image_{}, \"{}\", {}, {}, "
      "{}, {}, grid_{}, {}, {{",
      i, i, arm.gpu.entry, arm.gpu.threads, arm.gpu.shared_bytes, arm.gpu.blocks_stay,
      signature().grid_rank, i, arm.gpu.tensor_maps.size());
  for (const TensorMap& map : arm.gpu.tensor_maps) {
    text +=
        fmt::format("{{{}, {}, {}, {}}}, ", map.word, map.inner_dim, map.box_inner, map.box_outer);
  }
  return text + "}};\n";
}

std::string HeaderWriter::gpu_class() const {
  std::string codes, launches;
  for (std::size_t i = 0; i < kernel_.arms.size(); ++i) {
    const std::string when = conditions(kernel_.arms[i].conditions);
    codes += fmt::format("{}code_{}", i == 0 ? "" : ", ", i);
    launches += fmt::format(
        "    {}return this->arms_[{}].launch(Kernel::codes[{}], tile_stream, tile_words);\n",
        when.empty() ? "" : "if (" + when + ") ", i, i);
  }
  const std::size_t count = kernel_.arms.size();
  return fmt::format(
      "/// The kernel, loaded into the context that was current; to be used and destroyed there.\n"
      "class Kernel {{\n public:\n"
      "  /// Null, or what went wrong. `images`: other machine code than this header's, for each "
      "arm.\n"
      "  [[nodiscard]] const char* load(const tile_built::Driver& driver, int device = 0,\n"
      "                                 const void* const* images = nullptr) {{\n"
      "    for (int i = 0; i < {0}; ++i) {{\n"
      "      const void* image = images != nullptr ? images[i] : codes[i].image;\n"
      "      if (const char* problem = arms_[i].load(driver, codes[i], image, device)) {{\n"
      "        return problem;\n      }}\n"
      "    }}\n    return nullptr;\n  }}\n"
      "{1}"
      "  [[nodiscard]] const char* launch(CUstream tile_stream, {2}) const {{\n{3}{4}{5}  }}\n\n"
      " private:\n  static constexpr tile_built::GpuCode codes[{0}] = {{{6}}};\n"
      "  tile_built::GpuKernel arms_[{0}];\n}};\n",
      count, documentation(), parameters(), checks(), words(), launches, codes);
}

std::string HeaderWriter::write() {
  std::string text = opening();
  if (!is_gpu_) text += cpu_codes();
  text += fmt::format("namespace {} {{\n\n", kernel_.name);
  for (std::size_t i = 0; i < kernel_.arms.size() && is_gpu_; ++i) {
    const BuiltArm& arm = kernel_.arms[i];
    text += image(arm, i) + grid(arm, i) + gpu_code(arm, i) + "\n";
  }
  text += is_gpu_ ? gpu_class() : cpu_launch();
  return text + fmt::format("\n}}  // namespace {}\n", kernel_.name);
}

}  // namespace

std::string launch_header(const BuiltKernel& kernel) { return HeaderWriter(kernel).write(); }

}  // namespace tile
