// XXH3-128 of bytes as they come: tells damaged files and diverging runs, not malice.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/nn/module.h"

struct XXH3_state_s;

namespace pg::nn {

class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void add(std::span<const std::byte> bytes);
  /// Of all bytes so far, as 32 hexadecimal digits.
  std::string digest() const;
  /// The same as two words, the high one first.
  std::array<std::uint64_t, 2> words() const;
  /// XXH3-64 of the same bytes, for formats that hold no more.
  std::uint64_t short_digest() const;

 private:
  XXH3_state_s* state_;
};

std::string hash_of(std::span<const std::byte> bytes);
inline std::string hash_of(std::string_view text) {
  return hash_of(std::as_bytes(std::span(text)));
}
/// Of the elements of all tensors in the given order, whatever device they are on: equal for runs
/// that have the same weights.
std::string hash_of(const std::vector<Tensor>& tensors);

}  // namespace pg::nn
