// Sums of products in Einstein's notation (runtime/autograd/matmul.h): every operand carries a
// label per dimension, and two operands meet in one batched matmul.
#include <algorithm>

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"

namespace pg {
namespace {

/// A tensor with a letter for each dimension.
struct Labelled {
  Tensor x;
  std::string labels;

  bool has(char label) const { return labels.find(label) != std::string::npos; }
  std::int64_t size(char label) const { return x.shape()[static_cast<int>(labels.find(label))]; }
};

struct Equation {
  std::vector<std::string> operands;
  std::string result;
  bool has_result = false;
};

/// "..." while its number of dimensions is not known.
constexpr char kEllipsis = '.';

/// The labels of `count` dimensions that "..." stands for: they are aligned at the last.
std::string ellipsis_labels(int count) {
  static_assert(kMaxRank == 8);
  return std::string("01234567").substr(static_cast<std::size_t>(kMaxRank - count));
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// What "..." stands for, then letters that stand once in all operands, in alphabetical order.
std::string implied_result(const std::vector<std::string>& operands) {
  std::string all;
  for (const std::string& labels : operands) all += labels;
  std::sort(all.begin(), all.end());
  std::string result;
  for (const char label : all) {
    const bool is_new = result.find(label) == std::string::npos;
    if (is_letter(label) ? std::count(all.begin(), all.end(), label) == 1 : is_new) result += label;
  }
  return result;
}

Equation parse(std::string_view text) {
  Equation equation{{""}, "", false};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ') continue;
    std::string& labels = equation.has_result ? equation.result : equation.operands.back();
    if (is_letter(c)) {
      labels += c;
    } else if (text.substr(i, 3) == "..." && labels.find(kEllipsis) == std::string::npos) {
      labels += kEllipsis;
      i += 2;
    } else if (c == ',' && !equation.has_result) {
      equation.operands.emplace_back();
    } else if (text.substr(i, 2) == "->" && !equation.has_result) {
      equation.has_result = true;
      ++i;
    } else {
      fail("einsum", "`{}` at position {} of `{}`", c, i, text);
    }
  }
  return equation;
}

/// Replaces "..." in the labels of `x`; returns how many dimensions it stands for.
int spell_out(std::string& labels, const Tensor& x, std::size_t operand) {
  const std::size_t at = labels.find(kEllipsis);
  const int named = static_cast<int>(labels.size()) - (at == std::string::npos ? 0 : 1);
  const int left = x.dim() - named;
  if (left < 0 || (left > 0 && at == std::string::npos)) {
    if (at != std::string::npos) labels.replace(at, 1, "...");
    fail("einsum", "operand {} is {}, its labels are `{}`", operand, describe(x), labels);
  }
  if (at != std::string::npos) labels.replace(at, 1, ellipsis_labels(left));
  return left;
}

/// Puts labels in place of every "..." and of a result that is implied; the dimensions of "..."
/// broadcast.
void spell_out(Equation& equation, Tensors& operands) {
  if (operands.size() != equation.operands.size()) {
    fail("einsum", "{} operands for {} in the equation", operands.size(), equation.operands.size());
  }
  int most = 0;
  Shape common;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    std::string& labels = equation.operands[i];
    most = std::max(most, spell_out(labels, operands[i], i));
    Shape own;
    for (std::size_t d = 0; d < labels.size(); ++d) {
      if (!is_letter(labels[d])) own.push_back(operands[i].shape()[static_cast<int>(d)]);
    }
    common = broadcast_shapes("einsum", common, own);
  }
  for (std::size_t i = 0; i < operands.size(); ++i) {
    Shape shape = operands[i].shape();
    for (std::size_t d = 0; d < equation.operands[i].size(); ++d) {
      const char label = equation.operands[i][d];
      if (!is_letter(label)) shape[static_cast<int>(d)] = common[label - '0' - kMaxRank + most];
    }
    if (shape != operands[i].shape()) operands[i] = expand(operands[i], shape);
  }
  if (!equation.has_result) equation.result = implied_result(equation.operands);
  const std::size_t at = equation.result.find(kEllipsis);
  if (at != std::string::npos) equation.result.replace(at, 1, ellipsis_labels(most));
}

/// Every letter has one size, and the result has letters of the operands, each once.
void check(const Equation& equation, std::span<const Tensor> operands) {
  std::int64_t sizes[128];
  std::fill_n(sizes, 128, -1);
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const std::string& labels = equation.operands[i];
    for (std::size_t d = 0; d < labels.size(); ++d) {
      std::int64_t& size = sizes[static_cast<unsigned char>(labels[d])];
      const std::int64_t found = operands[i].shape()[static_cast<int>(d)];
      if (size >= 0 && size != found) fail("einsum", "`{}` is {} and {}", labels[d], size, found);
      size = found;
    }
  }
  for (const char label : equation.result) {
    if (sizes[static_cast<unsigned char>(label)] < 0) {
      fail("einsum", "`{}` of the result is in no operand", label);
    }
    if (std::count(equation.result.begin(), equation.result.end(), label) > 1) {
      fail("einsum", "`{}` stands twice in the result", label);
    }
  }
}

/// The diagonals of labels that stand twice.
Labelled without_repeats(Labelled operand) {
  for (std::size_t i = 0; i < operand.labels.size(); ++i) {
    const std::size_t again = operand.labels.find(operand.labels[i], i + 1);
    if (again == std::string::npos) continue;
    const int first = static_cast<int>(i);
    const Tensor moved = operand.x.transpose(static_cast<int>(again), first + 1);
    std::swap(operand.labels[again], operand.labels[i + 1]);
    operand.labels.erase(i + 1, 1);
    const Tensor places = arange(0, moved.size(first), 1, DType::I64, moved.device());
    TensorIndices indices(i, Slice());
    indices.emplace_back(places);
    indices.emplace_back(places);
    operand.x = index(moved, indices);
    return without_repeats(std::move(operand));
  }
  return operand;
}

/// Sums out the labels that `kept` lacks.
Labelled summed(const Labelled& operand, std::string_view kept) {
  Dims axes;
  std::string labels;
  for (std::size_t d = 0; d < operand.labels.size(); ++d) {
    if (kept.find(operand.labels[d]) == std::string_view::npos) {
      axes.push_back(static_cast<std::int64_t>(d));
    } else {
      labels += operand.labels[d];
    }
  }
  return axes.empty() ? operand : Labelled{sum(operand.x, axes), labels};
}

Tensor ordered(const Labelled& operand, std::string_view labels) {
  Dims order;
  for (const char label : labels) {
    order.push_back(static_cast<std::int64_t>(operand.labels.find(label)));
  }
  return permute(operand.x, order);
}

std::int64_t count(const Labelled& operand, std::string_view labels) {
  std::int64_t result = 1;
  for (const char label : labels) result *= operand.size(label);
  return result;
}

/// Two operands as one; `kept` are the labels that are still needed.
Labelled contract(const Labelled& a, const Labelled& b, std::string_view kept) {
  std::string batch, inner, left, right;
  for (const char label : a.labels) {
    if (!b.has(label)) {
      left += label;
    } else {
      (kept.find(label) == std::string_view::npos ? inner : batch) += label;
    }
  }
  for (const char label : b.labels) {
    if (!a.has(label)) right += label;
  }
  const std::int64_t batches = count(a, batch);
  const std::int64_t n = count(a, inner);
  const Tensor product =
      matmul(reshape(ordered(a, batch + left + inner), {batches, count(a, left), n}),
             reshape(ordered(b, batch + inner + right), {batches, n, count(b, right)}));
  Shape shape;
  for (const char label : batch + left) shape.push_back(a.size(label));
  for (const char label : right) shape.push_back(b.size(label));
  return {reshape(product, shape), batch + left + right};
}

}  // namespace

Tensor einsum(std::string_view text, std::initializer_list<Tensor> given) {
  for (const Tensor& operand : given) {
    if (!operand.defined()) fail("einsum", "undefined tensor");
  }
  Equation equation = parse(text);
  Tensors operands(given);
  spell_out(equation, operands);
  check(equation, operands);
  std::vector<Labelled> rest;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    rest.push_back(without_repeats({operands[i], equation.operands[i]}));
  }
  Labelled result = rest[0];
  for (std::size_t i = 1; i < rest.size(); ++i) {
    std::string later = equation.result;
    for (std::size_t j = i + 1; j < rest.size(); ++j) later += rest[j].labels;
    result = contract(summed(result, later + rest[i].labels),
                      summed(rest[i], later + result.labels), later);
  }
  return ordered(summed(result, equation.result), equation.result);
}

}  // namespace pg
