// The text of tensors against what PyTorch printed for the same tensors (tests/print/tensors.txt).
#include "runtime/autograd/print.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>

#include "runtime/autograd/functions.h"
#include "tests/source_folder.h"

namespace pg {
namespace {

/// Texts name a GPU: tensors lie on the CPU while it lives.
struct OnCpu {
  Device before = default_device();
  OnCpu() { set_default_device(cpu_device); }
  ~OnCpu() { set_default_device(before); }
};

/// Blocks of text by the name in the line "== name" before them.
std::map<std::string, std::string> read_goldens() {
  std::map<std::string, std::string> texts;
  std::ifstream file(source_folder() / "tests/print/tensors.txt");
  REQUIRE(file);
  std::string* text = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("== ")) {
      text = &texts[line.substr(3)];
    } else if (text) {
      *text += text->empty() ? line : "\n" + line;
    }
  }
  return texts;
}

/// 0.37 i - 1.5.
Tensor fractions(const Shape& shape) {
  const std::int64_t count = element_count("test", shape);
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<float>(static_cast<double>(i) * 0.37 - 1.5));
  }
  return from_data(values, shape);
}

Tensor counted(const Shape& shape) { return arange(element_count("test", shape)).reshape(shape); }

struct Case {
  const char* name;
  Tensor x;
};

std::vector<Case> plain_cases() {
  const float nan = NAN;
  const float inf = INFINITY;
  return {
      {"scalar", scalar(3.5f)},
      {"whole scalar", scalar(2.0f)},
      {"i64 scalar", scalar(std::int64_t{7})},
      {"bool scalar", from_bools({true}, {})},
      {"floats", tensor({1.0, 2.5, -3.25})},
      {"whole floats", tensor({1, 2, -30})},
      {"zeros", zeros({2, 3})},
      {"integers", from_data(std::vector<std::int64_t>{1, -20, 3, 4, 5, 600}, {2, 3})},
      {"i32", arange(1, 4, 1, DType::I32)},
      {"bools", from_bools({true, false, false, false}, {2, 2})},
      {"nan and inf", tensor({1, nan, -inf, inf})},
      {"nan and fractions", tensor({1.5f, nan, -inf, inf})},
      {"only nan", tensor({nan, inf, 0})},
      {"large ratio", tensor({1, 2000.5, 0.5})},
      {"large whole", tensor({1, 2000, 3})},
      {"huge", tensor({123456789.0f, 2e8})},
      {"small", tensor({0.00001f, 0.5})},
      {"tiny", tensor({1e-10f, 1, nan, -inf})},
      {"ratio of 1000", tensor({1, 1000})},
      {"limit of small", tensor({0.0001f, 0.05f})},
      {"limit of large", tensor({1e8f, 20000000.5f})},
      {"subnormal", tensor({std::numeric_limits<float>::denorm_min()})},
      {"largest", tensor({std::numeric_limits<float>::max(), -1})},
      {"negative zero", tensor({-0.0f, 1})},
      {"rounds up", tensor({0.99999f, 0.00123f})},
  };
}

std::vector<Case> shaped_cases() {
  return {
      {"line of floats", fractions(20)},
      {"line of integers", arange(100)},
      {"one line exactly", arange(1000, 1012)},
      {"matrix", fractions({3, 4})},
      {"wide matrix", fractions({2, 30})},
      {"three dimensions", counted({2, 3, 2})},
      {"four dimensions", fractions({2, 2, 2, 2})},
      {"row", ones({1, 3})},
      {"column", ones({3, 1})},
      {"threshold", arange(1000)},
      {"beyond the threshold", arange(1001)},
      {"summarised matrix", fractions({40, 30})},
      {"summarised rows", fractions({600, 2})},
      {"summarised cube", counted({20, 30, 5})},
      {"summarised by edges only", counted({6, 6, 6, 6})},
      {"six and seven", counted({7, 200})},
      {"empty", empty(0)},
      {"empty integers", empty(0, DType::I64)},
      {"empty matrix", empty({2, 0})},
      {"empty bools", empty({0, 3}, DType::Bool)},
      {"i32 matrix", arange(0, 30, 1, DType::I32).reshape({2, 15})},
      {"leaf", tensor({1, 2}).requires_grad_()},
      {"recorded", tensor({1, 2}).requires_grad_() + 1.0},
      {"recorded exp", exp(tensor({1, 2}).requires_grad_() + 1.0)},
      {"suffix on a line of its own", fractions(8).requires_grad_()},
      {"suffix fits", fractions(7).requires_grad_()},
      {"empty leaf", empty({0, 2}).requires_grad_()},
  };
}

TEST_CASE("tensors print as in PyTorch") {
  const OnCpu on_cpu;
  const std::map<std::string, std::string> goldens = read_goldens();
  std::size_t compared = 0;
  for (const std::vector<Case>& cases : {plain_cases(), shaped_cases()}) {
    for (const Case& item : cases) {
      CAPTURE(std::string(item.name));
      const auto golden = goldens.find(item.name);
      REQUIRE(golden != goldens.end());
      CHECK(to_string(item.x) == golden->second);
      ++compared;
    }
  }
  CHECK(compared == goldens.size());
}

TEST_CASE("views, options and streams") {
  const Device device = default_device();
  const OnCpu on_cpu;
  if (device.is_cuda()) {
    const std::string name = to_string(device);
    CHECK(to_string(tensor({1}, device)) == "tensor([1.], device='" + name + "')");
  }
  CHECK(to_string(counted({2, 3}).t()) == "tensor([[0, 3],\n        [1, 4],\n        [2, 5]])");
  CHECK(to_string(tensor({1, 2}).expand({2, 2})) == "tensor([[1., 2.],\n        [1., 2.]])");
  CHECK(to_string(tensor({0.5}), {.precision = 2}) == "tensor([0.50])");
  CHECK(to_string(arange(9), {.threshold = 5, .edge_items = 1}) == "tensor([0,  ..., 8])");
  CHECK(to_string(arange(4), {.line_width = 14}) == "tensor([0, 1,\n        2, 3])");
  CHECK(to_string(Tensor()) == "None");
  std::ostringstream stream;
  stream << tensor({1});
  CHECK(stream.str() == "tensor([1.])");
}

}  // namespace
}  // namespace pg
