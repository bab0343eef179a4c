// Real mode: a call of a function declared `real exp` evaluates libm's double exp instead of the
// body, element by element. Only gradient checks use it; its results are never compared bit for
// bit.
#include <array>
#include <cmath>
#include <numbers>
#include <string_view>

#include <fmt/format.h>

#include "compiler/interpret/prepare.h"

namespace tile::interpret {

namespace {

using Unary = double (*)(double);
using Binary = double (*)(double, double);

struct UnaryMeaning {
  std::string_view name;
  Unary function;
};
struct BinaryMeaning {
  std::string_view name;
  Binary function;
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double gelu(double x) {
  const double inner = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return x / 2 * (1 + std::tanh(inner));
}
double gelu_erf(double x) { return x / 2 * (1 + std::erf(x / std::numbers::sqrt2)); }

constexpr UnaryMeaning unary_meanings[] = {
    {"exp", [](double x) { return std::exp(x); }},
    {"exp2", [](double x) { return std::exp2(x); }},
    {"expm1", [](double x) { return std::expm1(x); }},
    {"log", [](double x) { return std::log(x); }},
    {"log2", [](double x) { return std::log2(x); }},
    {"log10", [](double x) { return std::log10(x); }},
    {"log1p", [](double x) { return std::log1p(x); }},
    {"sin", [](double x) { return std::sin(x); }},
    {"cos", [](double x) { return std::cos(x); }},
    {"tan", [](double x) { return std::tan(x); }},
    {"asin", [](double x) { return std::asin(x); }},
    {"acos", [](double x) { return std::acos(x); }},
    {"atan", [](double x) { return std::atan(x); }},
    {"sinh", [](double x) { return std::sinh(x); }},
    {"cosh", [](double x) { return std::cosh(x); }},
    {"tanh", [](double x) { return std::tanh(x); }},
    {"asinh", [](double x) { return std::asinh(x); }},
    {"acosh", [](double x) { return std::acosh(x); }},
    {"atanh", [](double x) { return std::atanh(x); }},
    {"erf", [](double x) { return std::erf(x); }},
    {"erfc", [](double x) { return std::erfc(x); }},
    {"sqrt", [](double x) { return std::sqrt(x); }},
    {"rsqrt", [](double x) { return 1 / std::sqrt(x); }},
    {"cbrt", [](double x) { return std::cbrt(x); }},
    {"reciprocal", [](double x) { return 1 / x; }},
    {"abs", [](double x) { return std::fabs(x); }},
    {"sigmoid", sigmoid},
    {"silu", [](double x) { return x * sigmoid(x); }},
    {"gelu", gelu},
    {"gelu_erf", gelu_erf},
    {"softplus", [](double x) { return std::log1p(std::exp(-std::fabs(x))) + std::fmax(x, 0.0); }},
};

constexpr BinaryMeaning binary_meanings[] = {
    {"pow", [](double x, double y) { return std::pow(x, y); }},
    {"atan2", [](double x, double y) { return std::atan2(x, y); }},
    {"hypot", [](double x, double y) { return std::hypot(x, y); }},
    {"fmod", [](double x, double y) { return std::fmod(x, y); }},
    {"copysign", [](double x, double y) { return std::copysign(x, y); }},
};

struct RealPlan {
  Unary unary = nullptr;
  Binary binary = nullptr;
  std::array<std::int64_t, 2> stride{};  // 0 for a scalar argument beside tiles
};

void run_real(Machine&, const Step& step) {
  const auto& plan = *static_cast<const RealPlan*>(step.detail);
  double* result = write<double>(step.result);
  const double* x = read<double>(step.operand[0]);
  const double* y = read<double>(step.operand[1]);
  for (std::int64_t i = 0; i < step.count; ++i) {
    result[i] = plan.unary ? plan.unary(x[i * plan.stride[0]])
                           : plan.binary(x[i * plan.stride[0]], y[i * plan.stride[1]]);
  }
}

void run_unknown(Machine& machine, const Step& step) {
  const auto& callee =
      machine.module.functions[std::get<ir::CallAttrs>(step.op->attributes).callee];
  fail(machine, InterpretError::Kind::NotReal, step.op->span,
       fmt::format("`{}` declares the real meaning `{}`, which is not known for {} arguments",
                   callee.name, callee.real_meaning, step.op->operands.size()));
}

}  // namespace

void prepare_real_call(Preparation& preparation, Step& step) {
  const ir::Op& op = *step.op;
  const std::string& name =
      preparation.machine.module.functions[std::get<ir::CallAttrs>(op.attributes).callee]
          .real_meaning;
  RealPlan plan;
  if (op.operands.size() == 1) {
    for (const UnaryMeaning& known : unary_meanings) {
      if (known.name == name) plan.unary = known.function;
    }
  } else if (op.operands.size() == 2) {
    for (const BinaryMeaning& known : binary_meanings) {
      if (known.name == name) plan.binary = known.function;
    }
  }
  if (!plan.unary && !plan.binary) {
    step.run = run_unknown;
    return;
  }
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    plan.stride[i] = preparation.type(op.operands[i]).is_scalar() ? 0 : 1;
  }
  step.run = run_real;
  step.detail = preparation.keep(plan);
}

}  // namespace tile::interpret
