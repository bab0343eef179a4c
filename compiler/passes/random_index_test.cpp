// The proofs about indices against running: kernels with random index arithmetic that check_races
// calls free never race in the interpreter, and accesses that remove_masks unmasks never leave the
// tensor.
#include <random>

#include "compiler/interpret/interpreter.h"
#include "compiler/passes/check_races.h"
#include "compiler/passes/remove_masks.h"
#include "compiler/passes/simplify.h"
#include "compiler/passes/test_support.h"

namespace tile::passes {
namespace {

using namespace ir;

struct Sizes {
  std::int64_t m, k;  // the grid
};

class IndexKernel {
 public:
  explicit IndexKernel(unsigned seed) : random_(seed) {}

  /// A store at a random index, in a loop or under a condition at times.
  std::string text() {
    std::string body =
        "  %p = program_id axis=0 : i64\n  %q = program_id axis=1 : i64\n"
        "  %m = dim %v axis=0 : i64\n  %k = dim %v axis=1 : i64\n  %f = constant 1.0 : f32\n"
        "  %t = constant 1.0 : f32[2]\n";
    visible_ = {"%p", "%q", "%m", "%k"};
    for (int value : {0, 1, 2, 3, 4, 8}) {
      body += "  %c" + std::to_string(value) + " = constant " + std::to_string(value) + " : i64\n";
      visible_.push_back("%c" + std::to_string(value));
    }
    statements(body, 4);
    const std::size_t shape = random_() % 3;
    if (shape == 1) {
      body += "  for %i = " + any() + " to " + any() + " step %c" +
              std::to_string(1 + random_() % 4) + " {\n";
      visible_.push_back("%i");
    } else if (shape == 2) {
      const char* predicates[] = {"eq", "lt", "ge", "ne"};
      body += "  %b = compare " + std::string(predicates[random_() % 4]) + " " + any() + ", " +
              any() + " : bool\n  if %b {\n";
    }
    statements(body, 4);
    const std::string index = visible_.back();
    switch (random_() % 4) {
      case 0:
        body += "  store %w[" + index + " +: 2 masked] = %t\n";
        break;
      case 1:
        body += "  store %w[" + index + " masked] = %f\n";
        break;
      case 2:
        body += "  store %u[" + index + " masked, " + near_program() + " masked] = %f\n";
        break;
      case 3:
        body += "  store %u[" + near_program() + " masked, " + index + " +: 2 masked] = %t\n";
    }
    if (shape == 1) body += "  yield\n  }\n";
    if (shape == 2) body += "  yield\n  } else {\n  yield\n  }\n";
    return "kernel @k(%v: tensor<f32>[M, K], %w: out tensor<f32>[64], "
           "%u: out tensor<f32>[M, K])\ngrid {\n"
           "  %gm = dim %v axis=0 : i64\n  %gk = dim %v axis=1 : i64\n  yield %gm, %gk\n}\nbody "
           "{\n" +
           body + "  yield\n}\n";
  }

 private:
  std::string any() {
    // The values made last are the most interesting.
    const std::size_t recent = std::min<std::size_t>(visible_.size(), 4);
    if (random_() % 2 == 0) return visible_[visible_.size() - 1 - random_() % recent];
    return visible_[random_() % visible_.size()];
  }
  /// A program id half of the time, so that proofs have a chance.
  std::string near_program() {
    const char* programs[] = {"%p", "%q"};
    return random_() % 2 == 0 ? programs[random_() % 2] : any();
  }
  void statements(std::string& body, int count) {
    const char* ops[] = {"add", "add", "mul", "mul", "div", "rem", "sub", "min", "max"};
    for (int made = 0; made < count; ++made) {
      const std::string name = "%x" + std::to_string(next_++);
      body += "  " + name + " = " + ops[random_() % 9] + " " + near_program() + ", " + any() +
              " : i64\n";
      visible_.push_back(name);
    }
  }

  std::mt19937 random_;
  std::vector<std::string> visible_;
  int next_ = 0;
};

std::optional<interpret::InterpretError::Kind> run(const Module& module, const Sizes& sizes,
                                                   const interpret::Options& options) {
  std::vector<float> v(static_cast<std::size_t>(sizes.m * sizes.k));
  std::vector<float> w(64), u(v.size());
  const interpret::Argument arguments[] = {
      interpret::TensorArgument{v.data(), {sizes.m, sizes.k}, {sizes.k, 1}, {}},
      interpret::TensorArgument{w.data(), {64}, {1}, {}},
      interpret::TensorArgument{u.data(), {sizes.m, sizes.k}, {sizes.k, 1}, {}}};
  const auto result = interpret::interpret(module, arguments, options);
  if (result) return std::nullopt;
  return result.error().kind;
}

/// The attributes of the one store.
const AccessAttrs& store_access(const Function& function) {
  const AccessAttrs* found = nullptr;
  walk(function, function.body, [&](BlockId, OpId id) {
    if (function.ops[id].code == OpCode::Store) found = &function.attributes<AccessAttrs>(id);
  });
  REQUIRE(found != nullptr);
  return *found;
}

TEST_CASE("what is proven of random indices holds when they run") {
  const Sizes all_sizes[] = {{3, 4}, {4, 3}, {5, 1}, {1, 6}, {8, 8}};
  int proven_free = 0, proven_inside = 0;
  for (unsigned seed = 0; seed < 4000; ++seed) {
    CAPTURE(seed);
    const std::string text = IndexKernel(seed).text();
    Module module = read_verified(text);
    Function& kernel = module.functions[module.kernel];
    const bool is_free = check_races(kernel).empty();
    remove_masks(kernel);
    bool is_inside = true;
    for (const AccessDim& dim : store_access(kernel).dims) is_inside = is_inside && !dim.masked;
    proven_free += is_free;
    proven_inside += is_inside;
    if (!is_free && !is_inside) continue;
    for (const Sizes& sizes : all_sizes) {
      using Kind = interpret::InterpretError::Kind;
      interpret::Options options;
      options.check_bounds = false;
      options.max_ops = 10'000'000;
      const auto race = run(module, sizes, options);
      if (is_free) CHECK_MESSAGE(race != Kind::Race, text);
      options.check_bounds = true;
      options.check_races = false;
      if (is_inside) CHECK_MESSAGE(run(module, sizes, options) != Kind::OutOfBounds, text);
    }
  }
  // The test is worth its time only while proofs succeed.
  CHECK(proven_free > 100);
  CHECK(proven_inside > 100);
}

}  // namespace
}  // namespace tile::passes
