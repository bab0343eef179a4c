// See argument_words.h.
#include "compiler/ir/argument_words.h"

namespace tile::ir {

std::vector<std::size_t> first_words(const Function& kernel) {
  std::vector<std::size_t> words = {0};
  for (const ValueId argument : kernel.blocks[kernel.body].arguments) {
    const Type& type = kernel.type(argument);
    const auto rank = static_cast<std::size_t>(type.rank());
    words.push_back(words.back() + (type.is_tensor() ? 1 + 2 * rank : 1));
  }
  return words;
}

}  // namespace tile::ir
