// Texts compiled into the binaries (tools/embed.cmake): the standard library, the framework's
// kernels and the prelude of generated C++. Each list ends with a null name.
#pragma once

namespace tile {

struct EmbeddedText {
  const char* name;  // "math.tile"
  const char* text;
};

const EmbeddedText* tile_stdlib();   // stdlib/*.tile
const EmbeddedText* tile_prelude();  // compiler/codegen/cpp/prelude/*.h

}  // namespace tile

namespace pg {

const tile::EmbeddedText* pg_kernels();  // kernels/*.tile

}  // namespace pg
