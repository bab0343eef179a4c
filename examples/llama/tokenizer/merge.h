// Byte-pair merging: of the adjacent pairs that may be joined, the one of best rank is joined first
// (the leftmost among equals), until none is left. A heap of candidates over a linked list makes
// that n log n.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace llama {

class MergeTable {
 public:
  /// `left` and `right` become `result`; lower ranks first. False when the pair has a merge
  /// already, which stays.
  bool add(std::int32_t left, std::int32_t right, std::int32_t rank, std::int32_t result);

  std::size_t size() const { return merges_.size(); }
  /// Joins until no pair of neighbours is in the table.
  void apply(std::vector<std::int32_t>& ids) const;

 private:
  struct Merge {
    std::int32_t rank;
    std::int32_t result;
  };
  const Merge* find(std::int32_t left, std::int32_t right) const;

  std::unordered_map<std::uint64_t, Merge> merges_;  // by left and right id
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};
/// Looked up by string views.
using PieceIds = std::unordered_map<std::string, std::int32_t, TextHash, std::equal_to<>>;

/// For vocabularies that rank pieces, not pairs: every way to cut the piece `result` into two
/// pieces of `ids` becomes a merge of that rank.
void add_all_cuts(MergeTable& table, const PieceIds& ids, std::string_view piece, std::int32_t rank,
                  std::int32_t result);

}  // namespace llama
