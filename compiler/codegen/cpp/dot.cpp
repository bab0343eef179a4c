// See kernel_emitter.h. Matrix products.
#include "compiler/codegen/cpp/kernel_emitter.h"

namespace tile::codegen {

void KernelEmitter::emit_dot(const schedule::Dot& dot) {
  static_cast<void>(dot);
  TILE_UNREACHABLE("dot");
}

}  // namespace tile::codegen
