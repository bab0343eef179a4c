// See hash.h.
#include "runtime/nn/hash.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <new>

#include "runtime/ops/copy.h"

namespace pg::nn {
namespace {

std::string to_text(XXH128_hash_t hash) {
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace

Hasher::Hasher() : state_(XXH3_createState()) {
  if (state_ == nullptr) throw std::bad_alloc();
  XXH3_128bits_reset(state_);
}

Hasher::~Hasher() { XXH3_freeState(state_); }

void Hasher::add(std::span<const std::byte> bytes) {
  XXH3_128bits_update(state_, bytes.data(), bytes.size());
}

std::string Hasher::digest() const { return to_text(XXH3_128bits_digest(state_)); }

std::array<std::uint64_t, 2> Hasher::words() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_);
  return {hash.high64, hash.low64};
}

// Both hashes update the state in the same way.
std::uint64_t Hasher::short_digest() const { return XXH3_64bits_digest(state_); }

std::string hash_of(std::span<const std::byte> bytes) {
  return to_text(XXH3_128bits(bytes.data(), bytes.size()));
}

std::string hash_of(const std::vector<Tensor>& tensors) {
  Hasher hasher;
  for (const Tensor& tensor : tensors) {
    const Tensor packed = ops::contiguous(to_device(tensor, cpu_device));
    hasher.add({static_cast<const std::byte*>(packed.data()),
                static_cast<std::size_t>(packed.numel() * element_bytes(packed.dtype()))});
  }
  return hasher.digest();
}

}  // namespace pg::nn
