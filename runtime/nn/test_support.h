// What the tests of modules, optimizers and schedules share: values that PyTorch computed
// (tests/nn/*.txt, each row behind the expression that made it), the inputs of those expressions,
// and comparison.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/device/error.h"
#include "runtime/tensor/tensor.h"
#include "tests/message_of.h"
#include "tests/source_folder.h"

namespace pg::nn::test {

using Values = std::vector<double>;

/// The row of that name in tests/nn/<file>.
inline Values golden(const std::string& file, const std::string& name) {
  std::ifstream text(source_folder() / "tests/nn" / file);
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (first != name) continue;
    Values values;
    for (double value = 0; words >> value;) values.push_back(value);
    return values;
  }
  FAIL("no row `" << name << "` in tests/nn/" << file);
  return {};
}

/// ((37 i + seed) mod 64 - 32) / 32: exact in f32, without order.
inline Tensor ramp(const Shape& shape, int seed) {
  std::vector<float> values(static_cast<std::size_t>(element_count("ramp", shape)));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = (static_cast<float>((i * 37 + static_cast<std::size_t>(seed)) % 64) - 32) / 32;
  }
  return from_data(values, shape);
}

/// The largest difference, relative to the largest magnitude expected; huge when the sizes differ.
inline double distance(const Values& actual, const Values& expected) {
  if (actual.size() != expected.size()) return HUGE_VAL;
  double worst = 0.0;
  double largest = 0.0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (!std::isfinite(actual[i])) return HUGE_VAL;
    worst = std::max(worst, std::abs(actual[i] - expected[i]));
    largest = std::max(largest, std::abs(expected[i]));
  }
  return worst / std::max(largest, 1e-30);
}
inline double distance(const Tensor& actual, const Values& expected) {
  const std::vector<float> values = actual.to_vector<float>();
  return distance(Values(values.begin(), values.end()), expected);
}

/// A folder of its own for a test's files, removed at the end.
struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "picograd-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const std::string& name) const { return (path / name).string(); }
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(file(name), std::ios::binary) << content;
    return file(name);
  }
};

}  // namespace pg::nn::test
