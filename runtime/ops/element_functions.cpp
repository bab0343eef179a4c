// See element_functions.h. Rows stand in the order of the enumerations.
#include "runtime/ops/element_functions.h"

namespace pg::ops {

namespace {

using enum Saved;
using B = BinaryOp;

constexpr UnaryFacts unary_facts[] = {
    {"neg", "negate", None, true, B::Add},
    {"abs", "magnitude", Input, true, B::AbsGrad},
    {"sign", "sign", None, false, B::Add},
    {"square", "square", Input, true, B::SquareGrad},
    {"sqrt", "square_root", Output, false, B::SqrtGrad},
    {"rsqrt", "rsqrt", Output, false, B::RsqrtGrad},
    {"reciprocal", "reciprocal", Output, false, B::ReciprocalGrad},
    {"exp", "exp", Output, false, B::ExpGrad},
    {"exp2", "exp2", Output, false, B::Exp2Grad},
    {"expm1", "expm1", Output, false, B::Expm1Grad},
    {"log", "log", Input, false, B::LogGrad},
    {"log2", "log2", Input, false, B::Log2Grad},
    {"log10", "log10", Input, false, B::Log10Grad},
    {"log1p", "log1p", Input, false, B::Log1pGrad},
    {"sin", "sin", Input, false, B::SinGrad},
    {"cos", "cos", Input, false, B::CosGrad},
    {"tan", "tan", Output, false, B::TanGrad},
    {"asin", "asin", Input, false, B::AsinGrad},
    {"acos", "acos", Input, false, B::AcosGrad},
    {"atan", "atan", Input, false, B::AtanGrad},
    {"sinh", "sinh", Input, false, B::SinhGrad},
    {"cosh", "cosh", Input, false, B::CoshGrad},
    {"tanh", "tanh", Output, false, B::TanhGrad},
    {"erf", "erf", Input, false, B::ErfGrad},
    {"cbrt", "cbrt", Output, false, B::CbrtGrad},
    {"sigmoid", "sigmoid", Output, false, B::SigmoidGrad},
    {"silu", "silu", Input, false, B::SiluGrad},
    {"relu", "relu", Input, false, B::ReluGrad},
    {"gelu", "gelu", Input, false, B::GeluGrad},
    {"gelu_erf", "gelu_erf", Input, false, B::GeluErfGrad},
    {"floor", "round_down", None, false, B::Add},
    {"ceil", "round_up", None, false, B::Add},
    {"round", "round_nearest", None, false, B::Add},
    {"trunc", "round_to_zero", None, false, B::Add},
};
static_assert(std::size(unary_facts) == unary_count);

constexpr auto Same = BinaryFacts::Result::Same;
constexpr auto Bool = BinaryFacts::Result::Bool;

constexpr BinaryFacts gradient(const char* name, const char* function) {
  return {name, function, true, false, false, Same};
}

constexpr BinaryFacts binary_facts[] = {
    {"add", "add", true, true, false, Same},
    {"sub", "subtract", true, true, false, Same},
    {"mul", "multiply", true, true, false, Same},
    {"div", "divide", true, true, false, Same},
    {"pow", "pow", true, false, false, Same},
    {"fmod", "fmod", true, true, false, Same, "remainder"},
    {"remainder", "floor_fmod", true, true, false, Same, "floor_remainder"},
    {"atan2", "atan2", true, false, false, Same},
    {"hypot", "hypot", true, false, false, Same},
    {"maximum", "larger", true, true, false, Same},
    {"minimum", "smaller", true, true, false, Same},
    {"eq", "equal", true, true, true, Bool},
    {"ne", "not_equal", true, true, true, Bool},
    {"lt", "less", true, true, false, Bool},
    {"le", "less_equal", true, true, false, Bool},
    {"gt", "greater", true, true, false, Bool},
    {"ge", "greater_equal", true, true, false, Bool},
    {"bitwise_and", "both", false, true, true, Same},
    {"bitwise_or", "either", false, true, true, Same},
    {"bitwise_xor", "exclusive", false, true, true, Same},
    {"rsub", "reverse_subtract", true, true, false, Same},
    {"rdiv", "reverse_divide", true, true, false, Same},
    {"rpow", "reverse_pow", true, false, false, Same},
    gradient("square_backward", "square_gradient"),
    gradient("sqrt_backward", "sqrt_gradient"),
    gradient("rsqrt_backward", "rsqrt_gradient"),
    gradient("reciprocal_backward", "reciprocal_gradient"),
    gradient("exp_backward", "exp_gradient"),
    gradient("exp2_backward", "exp2_gradient"),
    gradient("expm1_backward", "expm1_gradient"),
    gradient("log_backward", "log_gradient"),
    gradient("log2_backward", "log2_gradient"),
    gradient("log10_backward", "log10_gradient"),
    gradient("log1p_backward", "log1p_gradient"),
    gradient("sin_backward", "sin_gradient"),
    gradient("cos_backward", "cos_gradient"),
    gradient("tan_backward", "tan_gradient"),
    gradient("asin_backward", "asin_gradient"),
    gradient("acos_backward", "acos_gradient"),
    gradient("atan_backward", "atan_gradient"),
    gradient("sinh_backward", "sinh_gradient"),
    gradient("cosh_backward", "cosh_gradient"),
    gradient("tanh_backward", "tanh_gradient"),
    gradient("erf_backward", "erf_gradient"),
    gradient("cbrt_backward", "cbrt_gradient"),
    gradient("sigmoid_backward", "sigmoid_gradient"),
    gradient("silu_backward", "silu_gradient"),
    gradient("relu_backward", "relu_gradient"),
    gradient("gelu_backward", "gelu_gradient"),
    gradient("gelu_erf_backward", "gelu_erf_gradient"),
    gradient("abs_backward", "abs_gradient"),
    gradient("swiglu", "gate"),
};
static_assert(std::size(binary_facts) == binary_count);

}  // namespace

const UnaryFacts& facts(UnaryOp op) { return unary_facts[static_cast<std::size_t>(op)]; }
const BinaryFacts& facts(BinaryOp op) { return binary_facts[static_cast<std::size_t>(op)]; }

std::string_view name_of(UnaryOp op) { return facts(op).name; }
std::string_view name_of(BinaryOp op) { return facts(op).name; }
Saved saved_for(UnaryOp op) { return facts(op).saved; }

}  // namespace pg::ops
