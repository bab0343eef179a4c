// See kernel_emitter.h. A tile moves to another layout as schedule::conversion has found it best.
#include <algorithm>
#include <bit>
#include <map>

#include "compiler/codegen/ptx/instructions.h"
#include "compiler/codegen/ptx/kernel_emitter.h"
#include "compiler/codegen/ptx/vectors.h"

namespace tile::codegen::ptx {

using schedule::Conversion;

namespace {

/// A basis of the span in which the highest bit of each vector is in no other.
std::vector<int> reduced_basis(const Layout& map) {
  std::vector<std::int64_t> all = map.lanes;
  all.insert(all.end(), map.warps.begin(), map.warps.end());
  std::vector<int> basis;
  for (std::int64_t wide : all) {
    int vector = static_cast<int>(wide);
    const auto reduce = [](int& value, int by) {
      if ((value & static_cast<int>(std::bit_floor(static_cast<unsigned>(by)))) != 0) value ^= by;
    };
    for (int known : basis) reduce(vector, known);
    if (vector == 0) continue;
    for (int& known : basis) reduce(known, vector);
    basis.push_back(vector);
  }
  return basis;
}

bool is_own_lane(const Layout& source) {
  for (std::size_t bit = 0; bit < source.lanes.size(); ++bit) {
    if (source.lanes[bit] != std::int64_t{1} << bit) return false;
  }
  return std::ranges::count(source.warps, 0) == std::ssize(source.warps);
}

/// Calls visit(registers of a vector) for every vector of a round.
template <class Visit>
void each_vector(const Layout& layout, const std::vector<int>& vector,
                 const std::vector<int>& rounds, int round, Visit&& visit) {
  for (int r = 0; r < layout.register_count(); ++r) {
    const bool is_in_round = (r & mask_of(rounds)) == with_bits(0, rounds, round);
    if (is_in_round && is_first_of_vector(r, vector)) visit(members_of(r, vector));
  }
}

}  // namespace

Registers KernelEmitter::convert_within_warp(const Conversion& how, const Registers& from) {
  const bool keeps_base = is_own_lane(how.source);
  const std::vector<int> choices = reduced_basis(how.choice);
  llvm::Value* choice = choices.empty() ? nullptr : thread_coordinate(how.choice, 0);
  llvm::Value* source = keeps_base ? nullptr : thread_coordinate(how.source, 0);
  std::map<std::pair<int, int>, llvm::Value*> fetched;
  const auto fetch = [&](int number, int lane) {
    llvm::Value*& value = fetched[{number, lane}];
    if (value != nullptr) return value;
    value = from.at(static_cast<std::size_t>(number));
    if (!keeps_base) {
      value = shuffle_from(builder_, value, builder_.CreateXor(source, i32(lane)));
    } else if (lane != 0) {
      value = shuffle_xor(builder_, value, lane);
    }
    return value;
  };
  // Selects by one bit of the choice after the other.
  const auto pick = [&](auto&& self, int number, int lane, std::size_t next) -> llvm::Value* {
    if (next == choices.size()) return fetch(number, lane);
    const int vector = choices[next];
    const auto bit = std::bit_floor(static_cast<unsigned>(vector));
    llvm::Value* is_set = builder_.CreateICmpNE(builder_.CreateAnd(choice, i32(bit)), i32(0));
    llvm::Value* if_set = self(self, number ^ vector, lane, next + 1);
    return builder_.CreateSelect(is_set, if_set, self(self, number, lane, next + 1));
  };
  Registers result;
  for (std::size_t r = 0; r < how.registers.size(); ++r) {
    result.push_back(pick(pick, how.registers[r], how.lanes[r], 0));
  }
  return result;
}

/// The address of register r as a pointer and constant bytes: bits that no thread has are constant.
Memory KernelEmitter::place_of(llvm::Value* base, const Layout& addresses, int r,
                               int element_bytes) {
  std::int64_t of_threads = 0;
  for (std::int64_t basis : addresses.lanes) of_threads |= basis;
  for (std::int64_t basis : addresses.warps) of_threads |= basis;
  const std::int64_t own = addresses.register_element(r);
  llvm::Value* index = thread_coordinate(addresses, 0);
  if ((own & of_threads) != 0) index = builder_.CreateXor(index, i32(own & of_threads));
  llvm::Type* element = builder_.getIntNTy(static_cast<unsigned>(8 * element_bytes));
  return {builder_.CreateGEP(element, base, index), (own & ~of_threads) * element_bytes};
}

Registers KernelEmitter::convert_through_scratch(const Conversion& how, const Registers& from,
                                                 ir::ElementType element) {
  const int bytes = ir::byte_size(element);
  const auto place = HazardTracker::scratch_place;
  llvm::Value* scratch = region(schedule::RegionId{0});
  Registers result(static_cast<std::size_t>(how.read.register_count()));
  for (int round = 0; round < 1 << how.write_rounds.size(); ++round) {
    before_access(place, HazardTracker::Access::Write);
    llvm::Value* is_first = is_first_copy(how.write);
    each_vector(how.write, how.write_vector, how.write_rounds, round,
                [&](const std::vector<std::size_t>& members) {
                  Registers elements;
                  for (std::size_t member : members) elements.push_back(from.at(member));
                  Memory memory = place_of(scratch, how.write, static_cast<int>(members[0]), bytes);
                  memory.predicate = is_first;
                  store_elements(builder_, memory, elements);
                });
    before_access(place, HazardTracker::Access::Read);
    each_vector(how.read, how.read_vector, how.read_rounds, round,
                [&](const std::vector<std::size_t>& members) {
                  const auto elements = load_elements(
                      builder_, place_of(scratch, how.read, static_cast<int>(members[0]), bytes),
                      type_of(element), static_cast<int>(members.size()), nullptr);
                  for (std::size_t i = 0; i < members.size(); ++i) {
                    result[members[i]] = elements[i];
                  }
                });
  }
  return result;
}

Registers KernelEmitter::convert(const Registers& from, const Layout& from_layout,
                                 const Layout& to_layout, const ir::Type& type) {
  if (from_layout == to_layout) return from;
  const Conversion how = schedule::conversion(from_layout, to_layout, ir::byte_size(type.element));
  return how.kind == Conversion::Kind::Warp ? convert_within_warp(how, from)
                                            : convert_through_scratch(how, from, type.element);
}

}  // namespace tile::codegen::ptx
