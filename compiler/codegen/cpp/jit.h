// From generated C++ text to callable machine code, in this process: clang's libraries compile the
// text to an object file in memory, ORC links and loads it. The object bytes are what the disk
// cache keeps. LLVM and clang headers stay inside jit*.cpp, because each such file takes seconds to
// compile.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tile::codegen {

/// Everything beside the text that decides the object's bytes, as clang -cc1 arguments. `processor`
/// is clang's name of it: "x86-64-v3", "znver5".
std::vector<std::string> compile_flags(std::string_view processor);

/// "22.1.0 (Debian ...)": version of the clang libraries in use.
std::string clang_version();

struct ToolError {
  std::string message;  // clang's or the linker's own words
};

enum class CodeForm {
  Object,    // the bytes of an ELF object
  Assembly,  // what those bytes say, as text
  Llvm,      // LLVM IR, optimised
};

/// C++ text compiled to one of the forms. Safe to call from several threads at once.
std::variant<std::string, ToolError> compile_cpp(std::string_view text, std::string_view processor,
                                                 CodeForm form);

/// Machine code loaded from an object; unloaded with the last handle.
class LoadedCode {
 public:
  virtual ~LoadedCode() = default;
  /// Address of an extern "C" function, or null.
  virtual void* find(std::string_view symbol) const = 0;
};

/// Safe to call from several threads at once; `name` appears in error messages only.
std::variant<std::shared_ptr<const LoadedCode>, ToolError> load_object(std::string object,
                                                                       std::string_view name);

}  // namespace tile::codegen
