// How a text becomes the words that byte-pair merging works on: a chain of steps, each of which
// cuts a part into smaller ones or spells it otherwise.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "examples/llama/tokenizer/regex.h"

namespace llama {

using VisitPart = std::function<void(std::string_view)>;

/// Gives the parts of `part` to the visitor, in order. `at_start`: the part begins the text.
using PreTokenizerStep =
    std::function<void(std::string_view part, bool at_start, const VisitPart&)>;

enum class KeptParts { All, Matched, Unmatched };

/// Cuts before and after every match.
PreTokenizerStep split_step(Regex pattern, KeptParts kept);
/// Puts a space in front of a part that begins with none.
PreTokenizerStep prefix_space_step();
/// Spells bytes as characters (byte_level.h).
PreTokenizerStep byte_level_step();

enum class MetaspacePrefix { Always, First, Never };

/// Spells spaces as `mark`, puts one in front, and cuts before each mark when told to.
PreTokenizerStep metaspace_step(std::string mark, MetaspacePrefix prefix, bool split);

/// All steps, one after the other.
void pre_tokenize(std::span<const PreTokenizerStep> steps, std::string_view part, bool at_start,
                  const VisitPart& visit);

/// `text` with every `from`, which is not empty, replaced by `to`.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

}  // namespace llama
