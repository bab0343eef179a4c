// Kernels in the tile language, launched on tensors. A Kernel is a text, a kernel's name in it and
// its compile-time arguments; machine code is made at the first launch that needs it, per stride
// class and schedule arm, by the installed compiler (compiler/driver/compile.h). A launch checks
// every rule of the language that concerns callers, and throws pg::Error named after the kernel.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "compiler/driver/compile.h"
#include "runtime/device/device.h"
#include "runtime/device/error.h"

namespace pg {

/// Element types of kernel parameters. The order is the tile language's (compiler/ir/type.h).
enum class Element : std::uint8_t { Bool, I8, I32, I64, U8, U32, U64, F32 };
std::string_view name_of(Element element);
int byte_size(Element element);

/// One argument of a launch: a view in memory or a scalar. Points at the caller's sizes and
/// strides.
struct Argument {
  enum class Kind : std::uint8_t { Tensor, Scalar };

  Kind kind = Kind::Scalar;
  Element element = Element::F32;
  int rank = 0;
  const std::int64_t* sizes = nullptr;
  const std::int64_t* strides = nullptr;  // in elements; may be 0 or negative
  void* data = nullptr;                   // address of the element at index 0
  std::int64_t bits = 0;                  // scalars: extended to 64 bits; f32 as its bit pattern
  double real = 0.0;                      // f32 scalars before rounding, for the device `real`
  Device device;                          // where the data lies

  static Argument tensor(void* data, Element element, int rank, const std::int64_t* sizes,
                         const std::int64_t* strides, Device device = {});
  /// An f32, rounded but on the device `real`.
  static Argument scalar(double value);
  static Argument scalar(std::int32_t value);
  static Argument scalar(std::int64_t value);
  static Argument scalar(bool value);
};

/// A cheap shared handle, safe to use from several threads.
class Kernel {
 public:
  Kernel() = default;
  Kernel(tile::KernelSource source, std::string name, tile::Settings settings);

  /// Checks the arguments (one per parameter, in order) and runs all programs of the grid on the
  /// device of the tensors, which must be one; with scalars alone on the CPU. Returns when done on
  /// the CPU, when queued on a GPU. Does nothing when the grid is empty.
  void launch(std::span<const Argument> arguments) const;

  const std::string& name() const;
  /// Parameters and schedule arms; compiles nothing. Error with the diagnostics when the text is
  /// wrong.
  const tile::KernelSignature& signature() const;
  bool defined() const { return state_ != nullptr; }

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// A kernel of a .tile file. Error when the file cannot be read.
Kernel load_kernel(const std::string& path, std::string name, tile::Settings settings = {});
/// A kernel of the framework's own texts (kernels/*.tile): builtin_kernel("matmul.tile", "matmul").
/// The same handle for the same arguments; keep it, the lookup takes strings.
Kernel builtin_kernel(std::string_view file, std::string_view name, tile::Settings settings = {});

/// The CPU that kernels are compiled for: "host" at first, "x86-64-v3", "x86-64-v4", "zen5".
/// Results have the same bits on all of them.
void set_target(std::string_view target);
std::string_view target();

/// Variants (settings, stride class, schedule arm, target) whose machine code this process has
/// asked for.
std::uint64_t compiled_variants();
/// Launches so far.
std::uint64_t launch_count();

}  // namespace pg
