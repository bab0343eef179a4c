// Random kernels give the same bits before and after the passes, run by the interpreter. Constants
// and inputs are those where identities break: signed zeros, infinities, NaN, subnormals, extreme
// integers.
#include <bit>
#include <cmath>
#include <random>

#include "compiler/interpret/interpreter.h"
#include "compiler/ir/builder.h"
#include "compiler/passes/pipeline.h"
#include "compiler/passes/test_support.h"

namespace tile::passes {
namespace {

using namespace ir;

constexpr std::int64_t programs = 3, width = 8;
const float floats[] = {0.0f, -0.0f, 1.0f, -0.0f, -1.0f, 2.0f, 0.0f, 3.0f, 1e-40f, INFINITY, NAN};
const std::int64_t integers[] = {0, 1, -1, 2, 3, 7, 8, 63, 64, INT64_MAX, INT64_MIN, -8};

class RandomKernel {
 public:
  explicit RandomKernel(unsigned seed) : random_(seed), build_(function_) { make(); }
  Module module() { return {EntityVector<FunctionId, Function>(1, function_), FunctionId{0}}; }

 private:
  std::size_t below(std::size_t count) { return random_() % count; }
  template <class T, std::size_t count>
  T one_of(const T (&items)[count]) {
    return items[below(count)];
  }

  Type random_type() {
    const ElementType elements[] = {ElementType::F32, ElementType::F32, ElementType::I64,
                                    ElementType::Bool};
    return Type::tile(one_of(elements), below(2) == 0 ? Shape{} : Shape{width});
  }
  /// A visible value of the type, or a new constant.
  ValueId value(const Type& type) {
    for (int attempt = 0; attempt < 12 && below(3) != 0; ++attempt) {
      const ValueId found = visible_[below(visible_.size())];
      if (function_.type(found) == type) return found;
    }
    switch (type.element) {
      case ElementType::F32:
        return build_.constant(Scalar::from_float(one_of(floats)), type.shape);
      case ElementType::Bool:
        return build_.constant(Scalar::from_bool(below(2) == 0), type.shape);
      default:
        return build_.constant(Scalar::from_int(type.element, one_of(integers)), type.shape);
    }
  }
  void add(ValueId made) { visible_.push_back(made); }

  void elementwise(const Type& type) {
    using enum OpCode;
    const OpCode on_floats[] = {Add, Sub, Mul, Div, Min, Max, MinNumber, MaxNumber};
    const OpCode on_integers[] = {Add, Sub, Mul, Div, Rem, Min,    Max,
                                  And, Or,  Xor, Shl, Shr, MulHigh};
    const OpCode on_bools[] = {And, Or, Xor};
    const bool is_float = type.element == ElementType::F32;
    const bool is_bool = type.element == ElementType::Bool;
    const OpCode code = is_float  ? one_of(on_floats)
                        : is_bool ? one_of(on_bools)
                                  : one_of(on_integers);
    add(build_.elementwise(code, {value(type), value(type)}));
  }
  void unary(const Type& type) {
    using enum OpCode;
    const OpCode on_floats[] = {Neg, Abs, Floor, Ceil, Round, Sqrt};
    const OpCode on_integers[] = {Neg, Abs, Not};
    const bool is_float = type.element == ElementType::F32;
    const OpCode code = is_float ? one_of(on_floats) : one_of(on_integers);
    add(build_.elementwise(type.element == ElementType::Bool ? Not : code, {value(type)}));
  }

  void statement(int depth) {
    const Type type = random_type();
    const Predicate predicate = static_cast<Predicate>(below(6));
    switch (below(depth < 2 ? 11 : 9)) {
      case 0:
      case 1:
        return elementwise(type);
      case 2:
        return unary(type);
      case 3:
        return add(build_.compare(predicate, value(type), value(type)));
      case 4: {
        const ValueId condition = value(type.with_element(ElementType::Bool));
        return add(build_.elementwise(OpCode::Select, {condition, value(type), value(type)}));
      }
      case 5:
        return add(build_.broadcast(value(type), {width}));
      case 6: {
        const Type tile = type.with_shape({width});
        if (tile.element == ElementType::Bool) return;
        return add(build_.reduce(ReduceKind::Sum, 0, value(tile)));
      }
      case 7: {
        const Type f = type.with_element(ElementType::F32);
        return add(build_.elementwise(OpCode::Fma, {value(f), value(f), value(f)}));
      }
      case 8:
        return add(build_.cast(value(type), random_type().element));
      case 9:
        return branch(type, depth);
      default:
        return loop(type, depth);
    }
  }

  /// Statements in a region, which ends in a value of the type.
  void region(BlockId block, const Type& type, int depth) {
    const BlockId outside = build_.block();
    const std::size_t mark = visible_.size();
    build_.set_block(block);
    for (ValueId argument : function_.blocks[block].arguments) add(argument);
    for (std::size_t count = 1 + below(5); count > 0; --count) statement(depth + 1);
    const ValueId result = value(type);
    build_.yield(std::span(&result, 1));
    visible_.resize(mark);
    build_.set_block(outside);
  }
  void branch(const Type& type, int depth) {
    const ValueId condition = value(Type::scalar(ElementType::Bool));
    const OpId op = build_.if_else(condition, std::span(&type, 1));
    for (std::size_t side : {0u, 1u}) region(function_.ops[op].regions[side], type, depth);
    add(function_.ops[op].results[0]);
  }
  void loop(const Type& type, int depth) {
    const ValueId lower = build_.constant_int(static_cast<std::int64_t>(below(3)));
    const ValueId upper = build_.constant_int(static_cast<std::int64_t>(below(6)));
    const ValueId step = build_.constant_int(1 + static_cast<std::int64_t>(below(3)));
    const ValueId init = value(type);
    const OpId op = build_.for_loop(lower, upper, step, std::span(&init, 1));
    region(function_.ops[op].regions[0], type, depth);
    add(function_.ops[op].results[0]);
  }

  /// A tile that depends on every bit of every value (but for the bits of NaNs).
  ValueId hash_of_visible() {
    const Shape shape = {width};
    ValueId hash = build_.constant(Scalar::from_int(ElementType::I64, 1), shape);
    const ValueId prime = build_.constant(Scalar::from_int(ElementType::I64, 1099511628211), shape);
    for (ValueId v : std::vector<ValueId>(visible_)) {
      if (function_.type(v).element == ElementType::F32) {
        const ValueId zero = build_.constant(Scalar::from_float(0), function_.type(v).shape);
        const ValueId is_nan = build_.compare(Predicate::Ne, v, v);
        v = build_.bitcast(build_.elementwise(OpCode::Select, {is_nan, zero, v}), ElementType::I32);
      }
      v = build_.broadcast(build_.cast(v, ElementType::I64), shape);
      hash = build_.elementwise(OpCode::Add, {build_.elementwise(OpCode::Mul, {hash, prime}), v});
    }
    return hash;
  }

  void parameter(const char* name, ElementType element, Access access) {
    add_argument(function_, function_.body, Type::tensor(element, 2), name);
    function_.parameters.push_back({name, access, {"P", "W"}, {}});
  }

  void make() {
    function_.name = "random";
    function_.kind = FunctionKind::Kernel;
    function_.body = add_block(function_, OpId());
    function_.grid = add_block(function_, OpId());
    parameter("x", ElementType::F32, Access::In);
    parameter("n", ElementType::I64, Access::In);
    parameter("y", ElementType::F32, Access::Out);
    parameter("m", ElementType::I64, Access::Out);
    const std::vector<ValueId> tensors = function_.blocks[function_.body].arguments;
    build_.set_block(function_.grid);
    const ValueId extent = build_.dim(tensors[0], 0);
    build_.yield(std::span(&extent, 1));
    build_.set_block(function_.body);
    const ValueId row = build_.program_id(0), zero = build_.constant_int(0);
    add(row);
    const std::array<ValueId, 2> place = {row, zero};
    AccessAttrs access{{{}, {AccessDim::Kind::Range, width, true}}, false};
    const ValueId pad = build_.constant(Scalar::from_float(0));
    add(build_.load(tensors[0], pad, place, access));
    add(build_.load(tensors[1], zero, place, access));
    for (int count = 0; count < 30; ++count) statement(0);
    build_.store(tensors[2], value(Type::tile(ElementType::F32, {width})), place, access);
    build_.store(tensors[3], hash_of_visible(), place, access);
    build_.yield({});
  }

  std::mt19937 random_;
  Function function_;
  Builder build_;
  std::vector<ValueId> visible_;
};

/// All output bits, NaNs made equal.
std::vector<std::uint64_t> run(const Module& module) {
  std::vector<float> x, y(programs * width);
  std::vector<std::int64_t> n, m(programs * width);
  for (std::int64_t index = 0; index < programs * width; ++index) {
    x.push_back(floats[index % std::ssize(floats)]);
    n.push_back(integers[index % std::ssize(integers)]);
  }
  const auto view = [](void* data) {
    return interpret::Argument(interpret::TensorArgument{data, {programs, width}, {width, 1}, {}});
  };
  const interpret::Argument arguments[] = {view(x.data()), view(n.data()), view(y.data()),
                                           view(m.data())};
  const auto result = interpret::interpret(module, arguments);
  REQUIRE_MESSAGE(result.has_value(), result.error().message);
  std::vector<std::uint64_t> bits;
  for (float value : y)
    bits.push_back(std::isnan(value) ? 0x7fc00000u : std::bit_cast<std::uint32_t>(value));
  for (std::int64_t value : m) bits.push_back(static_cast<std::uint64_t>(value));
  return bits;
}

TEST_CASE("passes keep every bit of random kernels") {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    CAPTURE(seed);
    Module module = RandomKernel(seed).module();
    REQUIRE_EQ(verify(module).value_or("sound"), "sound");
    const std::string before = print(module);
    const std::vector<std::uint64_t> expected = run(module);
    for (const Pass& pass : all_passes()) {
      pass.run(module);
      CAPTURE(pass.name);
      REQUIRE_EQ(verify(module).value_or("sound"), "sound");
      const bool is_same = run(module) == expected;
      REQUIRE_MESSAGE(is_same, before, "\nbecame\n", print(module));
    }
    const auto reread = read_module(print(module));
    REQUIRE(reread.has_value());
    CHECK_EQ(print(*reread), print(module));
  }
}

}  // namespace
}  // namespace tile::passes
