// See values.h.
#include "tools/tilec/values.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstring>

#include "runtime/nn/npy.h"
#include "runtime/nn/safetensors.h"
#include "runtime/tensor/launch.h"
#include "tools/tilec/command.h"

namespace tilec {

namespace {

pg::DType dtype_of(const tile::KernelParameter& parameter) {
  auto type = pg::dtype_named(parameter.element);
  if (!type) {
    throw UsageError{fmt::format("--arg {}: run has no tensors of element type {}", parameter.name,
                                 parameter.element)};
  }
  return *type;
}

template <class T>
T parse_number(const std::string& name, std::string_view text) {
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw UsageError{fmt::format("--arg {}: `{}` is not a number of its type", name, text)};
  }
  return value;
}

pg::Argument parse_scalar(const tile::KernelParameter& parameter, const std::string& text) {
  if (parameter.element == "f32") {
    return pg::Argument::scalar(parse_number<float>(parameter.name, text));
  }
  if (parameter.element == "i64") {
    return pg::Argument::scalar(parse_number<std::int64_t>(parameter.name, text));
  }
  if (parameter.element == "i32") {
    return pg::Argument::scalar(parse_number<std::int32_t>(parameter.name, text));
  }
  if (parameter.element == "bool") {
    const bool is_true = text == "true" || text == "1";
    if (is_true || text == "false" || text == "0") return pg::Argument::scalar(is_true);
    throw UsageError{fmt::format("--arg {}: `{}` is neither true nor false", parameter.name, text)};
  }
  throw UsageError{
      fmt::format("--arg {}: run has no scalars of type {}", parameter.name, parameter.element)};
}

pg::Shape parse_shape(const std::string& name, std::string_view text) {
  pg::Shape shape;
  while (!text.empty()) {
    std::size_t comma = std::min(text.find(','), text.size());
    shape.push_back(parse_number<std::int64_t>(name, text.substr(0, comma)));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return shape;
}

// Element i of a generated tensor.
double generated(std::string_view kind, std::size_t i, bool is_float, pg::Generator& generator) {
  if (kind == "ones") return 1;
  if (kind == "iota") return static_cast<double>(i);
  if (kind == "zeros") return 0;
  if (!is_float) return static_cast<double>(generator.below(10));
  float value = 0;
  generator.normal(std::span(&value, 1));
  return value;
}

pg::Tensor generate(const tile::KernelParameter& parameter, std::string_view kind,
                    const pg::Shape& shape, pg::Generator& generator) {
  pg::DType type = dtype_of(parameter);
  pg::Tensor tensor = pg::empty(shape, type);
  auto count = static_cast<std::size_t>(tensor.numel());
  auto fill = [&]<class T>(T* data) {
    for (std::size_t i = 0; i < count; ++i) {
      data[i] = static_cast<T>(generated(kind, i, type == pg::DType::F32, generator));
    }
  };
  switch (type) {
    case pg::DType::F32:
      fill(tensor.data_ptr<float>());
      break;
    case pg::DType::I32:
      fill(tensor.data_ptr<std::int32_t>());
      break;
    case pg::DType::I64:
      fill(tensor.data_ptr<std::int64_t>());
      break;
    case pg::DType::Bool:
      fill(tensor.data_ptr<bool>());
      break;
  }
  return tensor;
}

pg::Tensor parse_tensor(const tile::KernelParameter& parameter, const std::string& text,
                        pg::Generator& generator) {
  std::size_t colon = text.rfind(':');
  std::string head = text.substr(0, colon);
  for (std::string_view kind : {"random", "zeros", "ones", "iota"}) {
    if (head != kind || colon == std::string::npos) continue;
    return generate(parameter, kind, parse_shape(parameter.name, text.substr(colon + 1)),
                    generator);
  }
  if (text.ends_with(".npy")) return pg::nn::load_npy(text);
  if (head.ends_with(".safetensors") && colon != std::string::npos) {
    return pg::nn::SafetensorsFile(head).read(text.substr(colon + 1));
  }
  throw UsageError{fmt::format(
      "--arg {}: `{}` is no FILE.npy, FILE.safetensors:TENSOR or random|zeros|ones|iota:SIZES",
      parameter.name, text)};
}

template <class T>
void append_rows(std::string& out, const std::vector<T>& values, const pg::Shape& shape) {
  constexpr std::size_t shown = 8;  // of a row, and rows
  std::size_t columns = shape.size() ? static_cast<std::size_t>(shape[shape.size() - 1]) : 1;
  std::size_t rows = columns ? values.size() / columns : 0;
  for (std::size_t row = 0; row < rows; ++row) {
    if (rows > 2 * shown && row == shown) {
      out += "  ...\n";
      row = rows - shown;
    }
    out += " ";
    for (std::size_t column = 0; column < columns; ++column) {
      if (columns > 2 * shown && column == shown) {
        out += " ...";
        column = columns - shown;
      }
      out += fmt::format(" {:>10.6g}", static_cast<double>(values[row * columns + column]));
    }
    out += "\n";
  }
}

}  // namespace

Value parse_value(const tile::KernelParameter& parameter, const std::string& text,
                  pg::Generator& generator) {
  Value value;
  value.is_set = true;
  if (parameter.kind == tile::KernelParameter::Kind::Scalar) {
    value.scalar = parse_scalar(parameter, text);
    if (parameter.element == "f32") value.number = parse_number<double>(parameter.name, text);
  } else {
    value.tensor = parse_tensor(parameter, text, generator);
  }
  return value;
}

void learn_sizes(const tile::KernelParameter& parameter, const Value& value,
                 std::map<std::string, std::int64_t>& sizes) {
  if (!value.tensor.defined()) return;
  std::size_t rank = std::min(parameter.sizes.size(), static_cast<std::size_t>(value.tensor.dim()));
  for (std::size_t d = 0; d < rank; ++d) {
    sizes.emplace(parameter.sizes[d], value.tensor.size(static_cast<int>(d)));
  }
}

Value default_value(const tile::KernelParameter& parameter,
                    const std::map<std::string, std::int64_t>& sizes, bool may_be_undefined) {
  const bool is_output = parameter.is_written && (!parameter.is_read || may_be_undefined);
  if (parameter.kind == tile::KernelParameter::Kind::Scalar || !is_output) {
    throw UsageError{
        fmt::format("parameter `{}` is missing: --arg {}=...", parameter.name, parameter.name)};
  }
  pg::Shape shape;
  for (const std::string& size : parameter.sizes) {
    auto known = sizes.find(size);
    bool is_number = !size.empty() && size.find_first_not_of("0123456789") == std::string::npos;
    if (known == sizes.end() && !is_number) {
      throw UsageError{
          fmt::format("the size `{}` of `{}` follows from no argument: --arg {}=zeros:...", size,
                      parameter.name, parameter.name)};
    }
    shape.push_back(known != sizes.end() ? known->second : std::stoll(size));
  }
  Value value;
  value.is_set = true;
  value.is_default = true;
  value.tensor = pg::empty(shape, dtype_of(parameter));
  int fill = value.tensor.dtype() == pg::DType::F32 ? 0xff : 0;  // NaN shows what was not written
  auto bytes = value.tensor.numel() * pg::element_bytes(value.tensor.dtype());
  if (bytes > 0) std::memset(value.tensor.data(), fill, static_cast<std::size_t>(bytes));
  return value;
}

tile::interpret::Argument to_interpreter(const Value& value, bool is_real) {
  if (!value.tensor.defined()) {
    using tile::ir::ElementType;
    // pg::Element lists the types in the order of the language's.
    auto element = static_cast<ElementType>(value.scalar.element);
    if (element == ElementType::F32) {
      if (is_real) return value.number;
      const auto bits = static_cast<std::uint32_t>(value.scalar.bits);
      return tile::ir::Scalar::from_float(std::bit_cast<float>(bits));
    }
    return tile::ir::Scalar::from_int(element, value.scalar.bits);
  }
  tile::interpret::TensorArgument argument;
  argument.data = value.tensor.data();
  argument.sizes.assign(value.tensor.shape().begin(), value.tensor.shape().end());
  argument.strides.assign(value.tensor.strides().begin(), value.tensor.strides().end());
  return argument;
}

std::string to_text(std::string_view name, const pg::Tensor& tensor) {
  std::string out = fmt::format("{}: {}\n", name, pg::describe(tensor));
  switch (tensor.dtype()) {
    case pg::DType::F32:
      append_rows(out, tensor.to_vector<float>(), tensor.shape());
      break;
    case pg::DType::I32:
      append_rows(out, tensor.to_vector<std::int32_t>(), tensor.shape());
      break;
    case pg::DType::I64:
      append_rows(out, tensor.to_vector<std::int64_t>(), tensor.shape());
      break;
    case pg::DType::Bool:
      append_rows(out, tensor.to_vector<bool>(), tensor.shape());
      break;
  }
  return out;
}

}  // namespace tilec
