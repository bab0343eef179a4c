// What a program needs to know of the compiler, and all the runtime may include of it: an abstract
// Compiler that turns a kernel's source text and its compile-time parameters into machine code that
// can be launched. No LLVM, no IR. A program installs an implementation (install_compiler in
// driver/jit.h); the runtime asks the one that is installed and works without any as long as no
// kernel is launched.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/base/kernel_work.h"
#include "compiler/base/stride_class.h"

namespace tile {

/// A compile-time argument as text, as after `--set`: "64", "true", "tf32", "f32", "silu".
using Setting = std::pair<std::string, std::string>;
using Settings = std::vector<Setting>;

/// One kernel parameter as the launcher sees it.
struct KernelParameter {
  enum class Kind : std::uint8_t { Tensor, Scalar };
  std::string name;
  Kind kind = Kind::Tensor;
  std::string element;             // "f32"
  bool is_written = false;         // out, inout
  bool is_read = true;             // in, inout
  std::vector<std::string> sizes;  // tensor: size symbol or decimal constant, per dimension
};

/// One comparison of a schedule's `when`: `size symbol  op  value`, or `symbol % modulus op value`.
struct SizeCondition {
  int parameter = 0;  // where the size is found
  int dimension = 0;
  std::int64_t modulus = 0;  // 0: none
  enum class Relation : std::uint8_t { Eq, Ne, Lt, Le, Gt, Ge } relation = Relation::Le;
  std::int64_t value = 0;
};

/// One schedule that applies to the target; all conditions must hold. The last arm has none.
struct ScheduleArm {
  std::vector<SizeCondition> conditions;
};

/// A kernel with all compile-time parameters but `tune` ones bound.
struct KernelSignature {
  std::string name;
  std::vector<KernelParameter> parameters;
  int grid_rank = 1;
  std::vector<ScheduleArm> arms;  // tried in order; never empty
};

/// Arguments of a launch, packed as 64-bit words in parameter order: a tensor is its base address,
/// then its sizes, then its strides in elements; a scalar is its bits (sign- or zero-extended; f32
/// as bits).
using ArgumentWords = const std::int64_t*;

/// Machine code for the CPU. Programs are numbered row-major over the grid (last axis fastest).
struct CpuKernel {
  /// Writes grid_rank extents (each >= 0).
  using GridFunction = void (*)(ArgumentWords arguments, std::int64_t* extents);
  /// Runs programs [begin, end) of the grid; `scratch` is 64-byte aligned and private to the
  /// caller.
  using RunFunction = void (*)(ArgumentWords arguments, const std::int64_t* extents,
                               std::int64_t begin, std::int64_t end, void* scratch);
  GridFunction grid = nullptr;
  RunFunction run = nullptr;
  std::size_t scratch_bytes = 0;
  std::shared_ptr<const void> code;  // keeps the machine code loaded
};

/// Straight-line 64-bit integer code over a launch's argument words, which the launcher evaluates
/// on the host: the extents of a GPU kernel's grid. Step i computes value i from earlier values.
struct HostProgram {
  struct Step {
    enum class Op : std::uint8_t {
      Constant,  // `constant`
      Word,      // argument word number `constant`
      Add,       // the rest: operands a, b, c are numbers of earlier steps; integers wrap
      Sub,
      Mul,
      Div,  // truncates; x/0 is 0, x%0 is x
      Rem,
      Min,
      Max,
      Eq,  // comparisons give 1 or 0
      Ne,
      Lt,
      Le,
      Select,  // a != 0 ? b : c
    };
    Op op = Op::Constant;
    std::int64_t constant = 0;
    int a = 0, b = 0, c = 0;
  };
  std::vector<Step> steps;
  std::vector<int> results;  // steps whose values are the grid's extents, outermost first
};

/// A tensor as the tensor memory accelerator reads it: a matrix of f32 in boxes, rounded to tf32
/// (to nearest, ties to even), 128-byte swizzled (CU_TENSOR_MAP_SWIZZLE_128B). Dimensions of size 0
/// never get read.
struct TensorMap {
  int word = 0;        // its address among the argument words, then two sizes and two strides
  int inner_dim = 0;   // the dimension whose stride is 1; the other one's is a multiple of 16 bytes
  int box_inner = 32;  // elements
  int box_outer = 1;
};

/// Machine code for an NVIDIA GPU. Programs are numbered; block b runs program b, or, when blocks
/// stay, programs b, b + gridDim.x, b + 2 gridDim.x and so on. The entry takes the argument words,
/// then the grid's extents, all i64, then the tensor maps by value (128 bytes each, 64-byte
/// aligned).
struct GpuKernel {
  std::string image;  // PTX text (zero-terminated by the driver's rules), or a cubin
  std::string entry;
  int threads = 0;                // a block
  std::int64_t shared_bytes = 0;  // dynamic shared memory of a block
  bool blocks_stay = false;       // launch no more blocks than there are multiprocessors
  HostProgram grid;
  std::vector<TensorMap> tensor_maps;
};

/// Thrown as is by the runtime (inside pg::Error): the rendered diagnostics.
struct CompileError {
  std::string message;
};

/// A kernel that the interpreter runs in real mode: every f32 is a double, in memory, in scalar
/// argument words and in between (docs/language.md). For checks of gradients, not for speed.
struct RealKernel {
  /// Runs all programs of the grid; what went wrong, if anything. Safe to call from several
  /// threads.
  std::function<std::optional<CompileError>(ArgumentWords)> run;
};

/// Counts what launches of a kernel do, for profiles.
struct WorkCounter {
  /// Copies from a tensor's memory on the launch's device.
  using ReadMemory = std::function<void(std::uint64_t address, void* to, std::size_t bytes)>;
  /// Remembers the sizes that it has seen. Not for several threads at once.
  std::function<KernelWork(ArgumentWords, const ReadMemory&)> count;
};

/// Where a kernel's text is found. `name` appears in messages; text is the whole file.
struct KernelSource {
  std::string name;
  std::string text;
};

struct CompileRequest {
  const KernelSource* source = nullptr;
  std::string_view kernel;
  Settings settings;                 // const parameters; tune parameters only to override schedules
  std::vector<StrideClass> strides;  // one per tensor parameter, in order
  std::string target = "host";       // "x86-64-v3", "x86-64-v4", "zen5", "host"; "sm_90a"
  int arm = 0;                       // index into KernelSignature::arms
};

class Compiler {
 public:
  virtual ~Compiler() = default;
  /// Parses and checks; cheap and without code generation.
  virtual std::variant<KernelSignature, CompileError> signature(const KernelSource& source,
                                                                std::string_view kernel,
                                                                const Settings& settings,
                                                                std::string_view target) = 0;
  /// From the disk cache when possible. Safe to call from several threads.
  virtual std::variant<CpuKernel, CompileError> compile(const CompileRequest& request) = 0;
  /// The same for a GPU target.
  virtual std::variant<GpuKernel, CompileError> compile_gpu(const CompileRequest& request) = 0;
  /// The same kernel for real mode; an error where the compiler has no interpreter.
  virtual std::variant<RealKernel, CompileError> compile_real(const CompileRequest& request);
  /// An error where the compiler cannot count.
  virtual std::variant<WorkCounter, CompileError> work_counter(const CompileRequest& request);
};

/// The installed compiler, or null. Set once at program start.
Compiler* installed_compiler();
void install_compiler(Compiler* compiler);

}  // namespace tile
