// Texts compiled into the binaries (tools/embed.cmake): the standard library, the framework's
// kernels, the prelude of generated C++, the headers beside kernels built ahead of time. Each list
// ends with a null name.
#pragma once

namespace tile {

struct EmbeddedText {
  const char* name;  // "math.tile"
  const char* text;
};

const EmbeddedText* tile_stdlib();   // stdlib/*.tile
const EmbeddedText* tile_prelude();  // compiler/codegen/cpp/prelude/*.h
const EmbeddedText* tile_built();    // compiler/driver/built/*.h

}  // namespace tile

namespace pg {

const tile::EmbeddedText* pg_kernels();  // kernels/*.tile

}  // namespace pg
