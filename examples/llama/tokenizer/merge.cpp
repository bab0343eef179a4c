// See merge.h.
#include "examples/llama/tokenizer/merge.h"

#include <algorithm>
#include <queue>
#include <tuple>

namespace llama {

namespace {

std::uint64_t key_of(std::int32_t left, std::int32_t right) {
  return (std::uint64_t{static_cast<std::uint32_t>(left)} << 32) |
         static_cast<std::uint32_t>(right);
}

constexpr std::size_t none = ~std::size_t{0};

// A piece of the text being merged; its place in the vector keeps the order of the text.
struct Symbol {
  std::int32_t id;
  std::size_t previous, next;
};

// A pair that could be joined when it was seen; stale once either side has changed.
struct Candidate {
  std::int32_t rank;
  std::size_t at;
  std::int32_t left, right, result;

  bool operator>(const Candidate& other) const {
    return std::tie(rank, at) > std::tie(other.rank, other.at);
  }
};

}  // namespace

bool MergeTable::add(std::int32_t left, std::int32_t right, std::int32_t rank,
                     std::int32_t result) {
  return merges_.try_emplace(key_of(left, right), Merge{rank, result}).second;
}

const MergeTable::Merge* MergeTable::find(std::int32_t left, std::int32_t right) const {
  auto found = merges_.find(key_of(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

void MergeTable::apply(std::vector<std::int32_t>& ids) const {
  if (ids.size() < 2) return;
  std::vector<Symbol> symbols;
  symbols.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    symbols.push_back({ids[i], i ? i - 1 : none, i + 1 < ids.size() ? i + 1 : none});
  }
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  auto consider = [&](std::size_t at) {
    if (at == none || symbols[at].next == none) return;
    const std::int32_t left = symbols[at].id, right = symbols[symbols[at].next].id;
    if (const Merge* merge = find(left, right)) {
      candidates.push({merge->rank, at, left, right, merge->result});
    }
  };
  for (std::size_t i = 0; i + 1 < symbols.size(); ++i) consider(i);

  constexpr std::int32_t absorbed = -1;  // the id of a symbol that its left neighbour took in
  while (!candidates.empty()) {
    const Candidate best = candidates.top();
    candidates.pop();
    Symbol& left = symbols[best.at];
    if (left.id != best.left || left.next == none || symbols[left.next].id != best.right) continue;
    Symbol& right = symbols[left.next];
    left.id = best.result;
    left.next = right.next;
    if (right.next != none) symbols[right.next].previous = best.at;
    right.id = absorbed;
    consider(left.previous);
    consider(best.at);
  }
  ids.clear();
  for (std::size_t at = 0; at != none; at = symbols[at].next) ids.push_back(symbols[at].id);
}

void add_all_cuts(MergeTable& table, const PieceIds& ids, std::string_view piece, std::int32_t rank,
                  std::int32_t result) {
  for (std::size_t cut = 1; cut < piece.size(); ++cut) {
    auto left = ids.find(piece.substr(0, cut));
    auto right = left == ids.end() ? ids.end() : ids.find(piece.substr(cut));
    if (right != ids.end()) table.add(left->second, right->second, rank, result);
  }
}

}  // namespace llama
