// The differential harness. A Row says which kernel, at which compile-time arguments, tile sizes
// and tensor sizes; run_row then requires that these agree bit for bit:
//  - the interpreter on the checked module, and on the optimised module at every setting of `tune`,
//  in
//    every order of programs;
//  - machine code for each CPU target, setting, layout of tensors, and one or two threads;
//  - machine code for the GPU, when there is one, for each setting and layout;
// and that they agree with a reference in double within a tolerance, as real mode must more
// closely.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "compiler/driver/compile.h"
#include "tests/kernels/host_tensor.h"

namespace tile::harness {

using Sizes = std::map<std::string, std::int64_t>;  // of size symbols

/// What an input holds; by default f32 in (-2, 2), integers in [-50, 50), random bools.
struct Fill {
  double low = 0;
  double high = 0;
};

/// What a reference reads and writes: every tensor as row-major doubles, scalars, sizes.
class Values {
 public:
  std::vector<double>& operator[](const std::string& tensor) { return tensors[tensor]; }
  std::int64_t size(const std::string& symbol) const { return sizes.at(symbol); }
  double scalar(const std::string& name) const { return scalars.at(name); }

  std::map<std::string, std::vector<double>> tensors;
  std::map<std::string, double> scalars;
  Sizes sizes;
};

/// Special values: signed zeros, subnormals and huge numbers; and NaN and infinities.
enum class Wild : std::uint8_t { None, Finite, All };

struct Row {
  std::string file;  // "kernels/matmul.tile", below the source folder; or a text with a newline
  std::string kernel;
  Settings settings = {};            // `const` parameters
  std::vector<Settings> tunes = {};  // settings of `tune` parameters; none: {{}}
  std::vector<Sizes> sizes = {};
  std::map<std::string, Fill> fills = {};
  std::map<std::string, double> scalars = {};
  std::function<void(Values&)> prepare = {};    // changes inputs that depend on each other
  std::function<void(Values&)> reference = {};  // fills the written tensors; empty: bits only
  double tolerance = 1e-5;                      // relative to max(1, |reference|)
  double real_tolerance = 1e-9;                 // the same, of real mode; 0: not run
  bool writes_all = true;                       // every element of every `out` tensor
  Wild wild = Wild::All;                        // an extra run on special values
  /// tf32: a GPU adds in an order of its own, so its results may be so far from the CPU's, relative
  /// to max(1, |result|), and only two runs of one program must agree. 0: bits.
  double gpu_tolerance = 0;
};

/// Runs and checks one row (doctest checks; stops at the row's first failure).
void run_row(const Row& row);
void run_rows(const std::vector<Row>& rows);

/// Shorthands for size lists: every combination of the values of each symbol.
std::vector<Sizes> product_of(const std::map<std::string, std::vector<std::int64_t>>& values);

}  // namespace tile::harness
