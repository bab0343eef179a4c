// See gpu_kernel.h.
#include "compiler/driver/gpu_kernel.h"

#include <fmt/format.h>

#include <charconv>

namespace tile {

namespace {

/// Takes numbers apart that stand between blanks and line ends; then the rest as it is.
class NumberReader {
 public:
  explicit NumberReader(std::string_view text) : text_(text) {}

  template <class T>
  T read() {
    T value{};
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc()) is_good_ = false;
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    skip_one();
    return value;
  }
  /// Up to the next blank or line end.
  std::string read_word() {
    const std::size_t end = std::min(text_.find_first_of(" \n"), text_.size());
    std::string word(text_.substr(0, end));
    text_.remove_prefix(end);
    skip_one();
    return word;
  }
  std::string_view rest() const { return text_; }
  bool is_good() const { return is_good_; }

 private:
  void skip_one() {
    if (text_.empty()) {
      is_good_ = false;
    } else {
      text_.remove_prefix(1);
    }
  }

  std::string_view text_;
  bool is_good_ = true;
};

}  // namespace

std::string describe(const CompileRequest& request) {
  std::string text = fmt::format("kernel {}\narm {}\n", request.kernel, request.arm);
  for (const auto& [name, value] : request.settings) {
    text += fmt::format("set {} {} {}={}\n", name.size(), value.size(), name, value);
  }
  for (const StrideClass& strides : request.strides) {
    text += fmt::format("strides {} {} {}\n", strides.unit_dim, strides.zero_dims, strides.aligned);
  }
  return text + "file " + request.source->name + "\n" + request.source->text;
}

std::string encode(const GpuKernel& kernel) {
  std::string text =
      fmt::format("{} {} {} {} {} {} {}\n", kernel.entry, kernel.threads, kernel.shared_bytes,
                  static_cast<int>(kernel.blocks_stay), kernel.grid.steps.size(),
                  kernel.grid.results.size(), kernel.tensor_maps.size());
  for (const HostProgram::Step& step : kernel.grid.steps) {
    text += fmt::format("{} {} {} {} {}\n", static_cast<int>(step.op), step.constant, step.a,
                        step.b, step.c);
  }
  for (int result : kernel.grid.results) text += fmt::format("{}\n", result);
  for (const TensorMap& map : kernel.tensor_maps) {
    text += fmt::format("{} {} {} {}\n", map.word, map.inner_dim, map.box_inner, map.box_outer);
  }
  return text + kernel.image;
}

std::optional<GpuKernel> decode_gpu_kernel(std::string_view text) {
  NumberReader reader(text);
  GpuKernel kernel;
  kernel.entry = reader.read_word();
  kernel.threads = reader.read<int>();
  kernel.shared_bytes = reader.read<std::int64_t>();
  kernel.blocks_stay = reader.read<int>() != 0;
  const auto steps = reader.read<std::size_t>(), results = reader.read<std::size_t>(),
             maps = reader.read<std::size_t>();
  for (std::size_t i = 0; i < steps && reader.is_good(); ++i) {
    HostProgram::Step& step = kernel.grid.steps.emplace_back();
    step.op = static_cast<HostProgram::Step::Op>(reader.read<int>());
    step.constant = reader.read<std::int64_t>();
    step.a = reader.read<int>();
    step.b = reader.read<int>();
    step.c = reader.read<int>();
  }
  for (std::size_t i = 0; i < results && reader.is_good(); ++i) {
    kernel.grid.results.push_back(reader.read<int>());
  }
  for (std::size_t i = 0; i < maps && reader.is_good(); ++i) {
    TensorMap& map = kernel.tensor_maps.emplace_back();
    map.word = reader.read<int>();
    map.inner_dim = reader.read<int>();
    map.box_inner = reader.read<int>();
    map.box_outer = reader.read<int>();
  }
  if (!reader.is_good()) return std::nullopt;
  kernel.image = reader.rest();
  return kernel;
}

}  // namespace tile
