// See print.h. One format is chosen for all elements shown, from those that are finite and not 0;
// then dimensions are written from the outside in, the last in lines.
#include "runtime/autograd/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include "runtime/autograd/tape.h"

namespace pg {
namespace {

/// An element on the host: integers and truth values are exact in `whole`, f32 in `real`.
struct Element {
  double real = 0.0;
  std::int64_t whole = 0;
};

template <typename T>
void append(std::vector<Element>& elements, const Tensor& x) {
  for (const auto value : x.to_vector<T>()) {
    Element element{.real = static_cast<double>(value)};
    if constexpr (!std::is_floating_point_v<T>) element.whole = value;
    elements.push_back(element);
  }
}

std::vector<Element> elements_of(const Tensor& x) {
  std::vector<Element> elements;
  switch (x.dtype()) {
    case DType::F32:
      append<double>(elements, x);
      break;
    case DType::I32:
      append<std::int32_t>(elements, x);
      break;
    case DType::I64:
      append<std::int64_t>(elements, x);
      break;
    case DType::Bool:
      append<bool>(elements, x);
      break;
  }
  return elements;
}

/// How all elements of a tensor are written.
class Format {
 public:
  Format(DType type, const PrintOptions& options) : type_(type), precision_(options.precision) {}

  /// Chooses the style and the width for these elements.
  void choose(const std::vector<Element>& shown);
  std::string text(const Element& element) const;
  int width() const { return width_; }

 private:
  std::string unpadded(const Element& element) const;

  DType type_;
  int precision_;
  bool has_fractions_ = false;
  bool is_scientific_ = false;
  int width_ = 1;
};

void Format::choose(const std::vector<Element>& shown) {
  std::vector<Element> counted;
  double smallest = INFINITY;
  double largest = 0.0;
  for (const Element& element : shown) {
    const double magnitude = std::abs(element.real);
    if (type_ == DType::F32) {
      if (magnitude == 0.0 || !std::isfinite(magnitude)) continue;
      has_fractions_ = has_fractions_ || magnitude != std::ceil(magnitude);
      smallest = std::min(smallest, magnitude);
      largest = std::max(largest, magnitude);
    }
    counted.push_back(element);
  }
  if (counted.empty()) return;
  is_scientific_ = type_ == DType::F32 && (largest / smallest > 1000.0 || largest > 1e8 ||
                                           (has_fractions_ && smallest < 1e-4));
  for (const Element& element : counted) {
    width_ = std::max(width_, static_cast<int>(unpadded(element).size()));
  }
}

std::string Format::unpadded(const Element& element) const {
  if (type_ == DType::Bool) return element.whole != 0 ? "True" : "False";
  if (type_ != DType::F32) return std::to_string(element.whole);
  if (std::isnan(element.real)) return "nan";
  if (is_scientific_) return fmt::format("{:.{}e}", element.real, precision_);
  if (has_fractions_) return fmt::format("{:.{}f}", element.real, precision_);
  return fmt::format("{:.0f}{}", element.real, std::isinf(element.real) ? "" : ".");
}

std::string Format::text(const Element& element) const {
  return fmt::format("{:>{}}", unpadded(element), width_);
}

class Printer {
 public:
  Printer(const Tensor& x, const PrintOptions& options)
      : options_(options),
        is_summarised_(x.numel() > options.threshold),
        format_(x.dtype(), options) {
    std::vector<Element> shown;
    collect(x, shown);
    format_.choose(shown);
  }

  /// The brackets and all in them; lines after the first begin behind `indent` spaces.
  std::string text(const Tensor& x, int indent) const;

 private:
  bool is_cut(const Tensor& x) const {
    return is_summarised_ && x.shape()[0] > 2 * options_.edge_items;
  }
  /// Calls visit(part) for x's first and last parts along its first dimension, or for all; between
  /// them gap().
  template <typename Visit, typename Gap>
  void visit_parts(const Tensor& x, Visit&& visit, Gap&& gap) const;
  void collect(const Tensor& x, std::vector<Element>& shown) const;
  std::string line(const Tensor& x, int indent) const;

  PrintOptions options_;
  bool is_summarised_;
  Format format_;
};

template <typename Visit, typename Gap>
void Printer::visit_parts(const Tensor& x, Visit&& visit, Gap&& gap) const {
  const std::int64_t size = x.shape()[0];
  const std::int64_t edge = is_cut(x) ? options_.edge_items : size;
  // The last dimension in one or two pieces, others one by one.
  if (x.dim() == 1) {
    visit(view::narrow(x, 0, 0, edge));
    if (edge == size) return;
    gap();
    visit(view::narrow(x, 0, size - edge, edge));
    return;
  }
  for (std::int64_t i = 0; i < edge; ++i) visit(view::select(x, 0, i));
  if (edge == size) return;
  gap();
  for (std::int64_t i = size - edge; i < size; ++i) visit(view::select(x, 0, i));
}

void Printer::collect(const Tensor& x, std::vector<Element>& shown) const {
  if (x.dim() == 0) {
    shown.push_back(elements_of(x)[0]);
    return;
  }
  visit_parts(
      x,
      [&](const Tensor& part) {
        if (x.dim() > 1) return collect(part, shown);
        for (const Element& element : elements_of(part)) shown.push_back(element);
      },
      [] {});
}

/// A tensor of one dimension.
std::string Printer::line(const Tensor& x, int indent) const {
  std::vector<std::string> words;
  visit_parts(
      x,
      [&](const Tensor& part) {
        for (const Element& element : elements_of(part)) words.push_back(format_.text(element));
      },
      [&] { words.push_back(" ..."); });
  const int room = options_.line_width - indent;
  const auto per_line = static_cast<std::size_t>(std::max(1, room / (format_.width() + 2)));
  std::string text = "[";
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i % per_line == 0 ? ",\n" + std::string(indent + 1, ' ') : ", ";
    text += words[i];
  }
  return text + "]";
}

std::string Printer::text(const Tensor& x, int indent) const {
  if (x.dim() == 0) return format_.text(elements_of(x)[0]);
  if (x.dim() == 1) return line(x, indent);
  std::string between = "," + std::string(static_cast<std::size_t>(x.dim() - 1), '\n') +
                        std::string(static_cast<std::size_t>(indent + 1), ' ');
  std::vector<std::string> parts;
  visit_parts(
      x, [&](const Tensor& part) { parts.push_back(text(part, indent + 1)); },
      [&] { parts.push_back("..."); });
  return fmt::format("[{}]", fmt::join(parts, between));
}

/// "AddBackward0" of "add", "LogSoftmaxBackward0" of "log_softmax".
std::string name_of_gradient(std::string_view op) {
  std::string name;
  bool begins_word = true;
  for (const char c : op) {
    if (c == '_' || c == ' ') {
      begins_word = true;
      continue;
    }
    name += begins_word && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    begins_word = false;
  }
  return name + "Backward0";
}

std::string_view torch_name(DType type) {
  switch (type) {
    case DType::F32:
      return "torch.float32";
    case DType::I32:
      return "torch.int32";
    case DType::I64:
      return "torch.int64";
    case DType::Bool:
      return "torch.bool";
  }
  return "?";
}

/// What stands behind the elements.
std::vector<std::string> suffixes_of(const Tensor& x) {
  std::vector<std::string> suffixes;
  if (x.device().is_cuda()) suffixes.push_back(fmt::format("device='{}'", to_string(x.device())));
  if (x.numel() == 0) {
    if (x.dim() != 1) {
      suffixes.push_back(fmt::format("size=({})", fmt::join(x.shape().span(), ", ")));
    }
    if (x.dtype() != DType::F32) suffixes.push_back(fmt::format("dtype={}", torch_name(x.dtype())));
  } else if (x.dtype() == DType::I32) {
    suffixes.push_back("dtype=torch.int32");
  }
  const autograd::Edge edge = autograd::edge_of(x);
  if (edge.node && edge.node->is_leaf) suffixes.push_back("requires_grad=True");
  if (edge.node && !edge.node->is_leaf) {
    suffixes.push_back(fmt::format("grad_fn=<{}>", name_of_gradient(edge.node->name)));
  }
  return suffixes;
}

}  // namespace

std::string to_string(const Tensor& x, const PrintOptions& options) {
  if (!x.defined()) return "None";
  constexpr std::string_view prefix = "tensor(";
  constexpr int indent = prefix.size();
  std::string text(prefix);
  text += x.numel() == 0 ? "[]" : Printer(x, options).text(view::alias(x), indent);
  const std::size_t last_line = text.rfind('\n');
  std::size_t column =
      last_line == std::string::npos ? text.size() + 2 : text.size() - last_line + 1;
  for (const std::string& suffix : suffixes_of(x)) {
    if (column + suffix.size() + 2 > static_cast<std::size_t>(options.line_width)) {
      text += ",\n" + std::string(indent, ' ') + suffix;
      column = indent + suffix.size();
    } else {
      text += ", " + suffix;
      column += suffix.size() + 2;
    }
  }
  return text + ")";
}

std::ostream& operator<<(std::ostream& out, const Tensor& x) { return out << to_string(x); }

}  // namespace pg
