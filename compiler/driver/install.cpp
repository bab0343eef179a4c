// The one place that knows which compiler is installed (compile.h). Apart from the rest of the
// driver, so that the runtime links without the compiler.
#include "compiler/driver/compile.h"

namespace tile {

namespace {
Compiler* current = nullptr;
}

Compiler* installed_compiler() { return current; }
void install_compiler(Compiler* compiler) { current = compiler; }

std::variant<RealKernel, CompileError> Compiler::compile_real(const CompileRequest&) {
  return CompileError{"this compiler has no interpreter, which the device `real` needs"};
}

std::variant<WorkCounter, CompileError> Compiler::work_counter(const CompileRequest&) {
  return CompileError{"this compiler does not count what kernels do"};
}

}  // namespace tile
