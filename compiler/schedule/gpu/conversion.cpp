// See conversion.h. Scratch addresses are chosen so that neither side has bank conflicts, without
// padding. What the lanes of one access tell apart must be told apart by the bank: with U the span
// of those lanes when writing and W when reading, elements of one bank differ by vectors of a space
// S that meets U and W in 0 alone. Pairing independent vectors of U and W gives the largest one.
#include "compiler/schedule/gpu/conversion.h"

#include <algorithm>
#include <array>
#include <set>

#include "compiler/base/check.h"
#include "compiler/schedule/gpu/bit_space.h"

namespace tile::schedule {

namespace {

constexpr int vector_bytes = 16;
constexpr int bank_bytes = 4;
constexpr int row_bytes = 128;  // all banks
/// Larger tiles go through in rounds, if they can.
constexpr std::int64_t scratch_target_bytes = 32 << 10;
/// How many of its own registers a thread may have to choose among, per register of the result.
constexpr int max_choices = 8;
/// The same where each candidate costs an exchange between lanes. Scratch costs a write and a read.
constexpr int max_exchanges = 2;

Layout thread_map(std::int64_t extent) { return {{extent}, {}, {}, {}}; }

/// Where an element comes from: bits of a register number and of a lane.
struct Origin {
  int registers = 0;
  int lane = 0;
};

class WarpSearch {
 public:
  explicit WarpSearch(const Layout& from) : from_(from) {
    for (std::size_t bit = 0; bit < from.registers.size(); ++bit) {
      if (registers_.add(from.registers[bit])) register_bits_.push_back(static_cast<int>(bit));
    }
    all_ = registers_;
    for (std::size_t bit = 0; bit < from.lanes.size(); ++bit) {
      if (all_.add(from.lanes[bit])) lane_bits_.push_back(static_cast<int>(bit));
    }
  }

  std::optional<Origin> in_thread(std::int64_t element) const {
    return origin(registers_.solve(element));
  }
  std::optional<Origin> in_warp(std::int64_t element) const {
    const auto own = in_thread(element);
    return own ? own : origin(all_.solve(element));
  }
  std::optional<Origin> of_lane_bit(std::size_t bit, std::int64_t element) const {
    auto own = in_thread(element ^ from_.lanes[bit]);
    if (own) own->lane = 1 << bit;
    return own ? own : in_warp(element);
  }

 private:
  std::optional<Origin> origin(std::optional<std::int64_t> made_of) const {
    if (!made_of) return std::nullopt;
    Origin result;
    for (std::size_t i = 0; i < register_bits_.size() + lane_bits_.size(); ++i) {
      if ((*made_of >> i & 1) == 0) continue;
      if (i < register_bits_.size()) {
        result.registers |= 1 << register_bits_[i];
      } else {
        result.lane |= 1 << lane_bits_[i - register_bits_.size()];
      }
    }
    return result;
  }

  const Layout& from_;
  BitSpace registers_, all_;
  std::vector<int> register_bits_, lane_bits_;  // in the order they were added
};

std::optional<Conversion> within_warp(const Layout& from, const Layout& to) {
  const WarpSearch search(from);
  Conversion how;
  how.choice = thread_map(from.register_count());
  how.source = thread_map(lanes_per_warp);
  BitSpace choices;
  const auto add_thread_bit = [&](std::vector<std::int64_t>& choice,
                                  std::vector<std::int64_t>& source, const Origin& origin) {
    choice.push_back(origin.registers);
    source.push_back(origin.lane);
    choices.add(origin.registers);
  };
  for (std::size_t bit = 0; bit < to.lanes.size(); ++bit) {
    const auto origin = search.of_lane_bit(bit, to.lanes[bit]);
    if (!origin) return std::nullopt;
    add_thread_bit(how.choice.lanes, how.source.lanes, *origin);
    how.moves_lanes = how.moves_lanes || origin->lane != 1 << bit;
  }
  for (std::size_t bit = 0; bit < to.warps.size(); ++bit) {
    const auto origin = search.in_warp(to.warps[bit] ^ from.warps[bit]);
    if (!origin) return std::nullopt;
    add_thread_bit(how.choice.warps, how.source.warps, *origin);
    how.moves_lanes = how.moves_lanes || origin->lane != 0;
  }
  how.registers.assign(static_cast<std::size_t>(to.register_count()), 0);
  how.lanes = how.registers;
  for (std::size_t bit = 0; bit < to.registers.size(); ++bit) {
    const auto origin = search.in_warp(to.registers[bit]);
    if (!origin) return std::nullopt;
    how.moves_lanes = how.moves_lanes || origin->lane != 0;
    for (std::size_t r = 0; r < how.registers.size(); ++r) {
      if ((r >> bit & 1) == 0) continue;
      how.registers[r] ^= origin->registers;
      how.lanes[r] ^= origin->lane;
    }
  }
  const int limit = how.moves_lanes ? max_exchanges : max_choices;
  return 1 << choices.size() <= limit ? std::optional(how) : std::nullopt;
}

int position(const std::vector<std::int64_t>& bases, std::int64_t basis) {
  return static_cast<int>(std::ranges::find(bases, basis) - bases.begin());
}

/// The bases of the lanes that access memory together.
std::vector<std::int64_t> together(const Layout& layout, int count) {
  std::vector<std::int64_t> result;
  for (int bit = 0; bit < count; ++bit) {
    const std::int64_t basis = layout.lanes[static_cast<std::size_t>(bit)];
    if (basis != 0) result.push_back(basis);
  }
  return result;
}

/// Vectors of `added` that are independent of what is in `space`.
std::vector<std::int64_t> independent(BitSpace space, const std::vector<std::int64_t>& added) {
  std::vector<std::int64_t> result;
  for (std::int64_t vector : added) {
    if (space.add(vector)) result.push_back(vector);
  }
  return result;
}

BitSpace with(BitSpace space, const std::vector<std::int64_t>& added) {
  for (std::int64_t vector : added) space.add(vector);
  return space;
}

/// Bit i of an address is the coordinate along the i-th vector; `rounds` come last, beyond it.
BitSpace address_space(int bits, const std::vector<std::int64_t>& vector,
                       const std::vector<std::int64_t>& rounds,
                       const std::vector<std::int64_t>& write,
                       const std::vector<std::int64_t>& read) {
  const BitSpace fixed = with(with({}, vector), rounds);
  const std::vector<std::int64_t> only_write = independent(with(fixed, read), write);
  const std::vector<std::int64_t> only_read = independent(with(fixed, write), read);
  const std::size_t pairs = std::min(only_write.size(), only_read.size());
  std::vector<std::int64_t> same_bank;
  for (std::size_t i = 0; i < pairs; ++i) same_bank.push_back(only_write[i] ^ only_read[i]);
  std::vector<std::int64_t> units;
  for (int bit = 0; bit < bits; ++bit) units.push_back(std::int64_t{1} << bit);
  const auto rest = independent(with(with(fixed, write), read), units);
  same_bank.insert(same_bank.end(), rest.begin(), rest.end());

  BitSpace space = with(with({}, vector), write);
  space = with(std::move(space),
               {only_read.begin() + static_cast<std::ptrdiff_t>(pairs), only_read.end()});
  return with(with(std::move(space), same_bank), rounds);
}

Layout addressed(const Layout& layout, const BitSpace& space, std::int64_t extent) {
  const auto address = [&](std::int64_t basis) {
    return space.solve(basis).value() & (extent - 1);
  };
  Layout result = thread_map(extent);
  for (std::int64_t basis : layout.registers) result.registers.push_back(address(basis));
  for (std::int64_t basis : layout.lanes) result.lanes.push_back(address(basis));
  for (std::int64_t basis : layout.warps) result.warps.push_back(address(basis));
  return result;
}

Conversion through_scratch(const Layout& from, const Layout& to, int element_bytes) {
  Conversion how;
  how.kind = Conversion::Kind::Scratch;
  int bits = 0;
  for (std::int64_t extent : from.extents) bits += log2_exact(extent);
  std::vector<std::int64_t> vector, rounds;
  const auto bytes = [&] {
    return (std::int64_t{element_bytes} << bits) >> static_cast<int>(rounds.size());
  };
  for (std::int64_t basis : from.registers) {
    if (std::ranges::find(to.registers, basis) == to.registers.end()) continue;
    if (element_bytes << (vector.size() + 1) <= vector_bytes) {
      vector.push_back(basis);
      how.write_vector.push_back(position(from.registers, basis));
      how.read_vector.push_back(position(to.registers, basis));
    } else if (bytes() > scratch_target_bytes) {
      rounds.push_back(basis);
      how.write_rounds.push_back(position(from.registers, basis));
      how.read_rounds.push_back(position(to.registers, basis));
    }
  }
  how.bytes = bytes();
  const int lane_bits = std::min(log2_exact(lanes_per_warp),
                                 log2_exact(row_bytes / (element_bytes << vector.size())));
  const BitSpace space =
      address_space(bits, vector, rounds, together(from, lane_bits), together(to, lane_bits));
  TILE_CHECK(space.size() == bits, "every element has an address of its own");
  how.write = addressed(from, space, how.bytes / element_bytes);
  how.read = addressed(to, space, how.bytes / element_bytes);
  return how;
}

}  // namespace

Conversion conversion(const Layout& from, const Layout& to, int element_bytes) {
  TILE_CHECK(from.extents == to.extents, "a conversion keeps the shape");
  if (auto how = within_warp(from, to)) return *how;
  return through_scratch(from, to, element_bytes);
}

int conflict_degree(const Layout& addresses, int vector, int element_bytes) {
  const int access_bytes = vector * element_bytes;
  const int together = std::min(lanes_per_warp, row_bytes / access_bytes);
  int worst = 1;
  for (int first = 0; first < lanes_per_warp; first += together) {
    std::array<std::set<std::int64_t>, row_bytes / bank_bytes> words;
    for (int lane = first; lane < first + together; ++lane) {
      const std::int64_t begin = addresses.element(0, lane, 0) * element_bytes;
      for (std::int64_t at = begin; at < begin + access_bytes; at += bank_bytes) {
        const std::int64_t word = at / bank_bytes;
        words[static_cast<std::size_t>(word) % words.size()].insert(word);
      }
    }
    for (const auto& bank : words) worst = std::max(worst, static_cast<int>(bank.size()));
  }
  return worst;
}

}  // namespace tile::schedule
