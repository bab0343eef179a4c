// See cuda_tensor_map.h.
#include "runtime/device/cuda_tensor_map.h"

#include <array>
#include <cstddef>

#include "runtime/device/error.h"

namespace pg::cuda {

namespace {

// CUtensorMapDataType, CUtensorMapSwizzle, CUtensorMapL2promotion.
constexpr int tfloat32 = 11, swizzle_128_bytes = 3, promote_256_bytes = 3;

/// What decides a descriptor.
struct Key {
  std::array<std::int64_t, 5> words{};  // address, sizes, strides
  int inner_dim = 0, box_inner = 0, box_outer = 0;
  bool operator==(const Key&) const = default;
};

struct Entry {
  Key key;
  TensorMap map;
};

void encode(const std::string& kernel, const Key& key, TensorMap& map) {
  const auto inner = static_cast<std::size_t>(key.inner_dim), outer = 1 - inner;
  const auto size = [&](std::size_t dim) { return static_cast<std::uint64_t>(key.words[1 + dim]); };
  const std::uint64_t sizes[] = {size(inner), size(outer)};
  map = {};
  if (sizes[0] == 0 || sizes[1] == 0) return;
  // A single row has no stride; any that the driver takes will do.
  const auto stride = static_cast<std::uint64_t>(key.words[3 + outer]) * sizeof(float);
  const std::uint64_t strides[] = {sizes[1] == 1 ? (sizes[0] * sizeof(float) + 15) / 16 * 16
                                                 : stride};
  const std::uint32_t box[] = {static_cast<std::uint32_t>(key.box_inner),
                               static_cast<std::uint32_t>(key.box_outer)};
  const std::uint32_t steps[] = {1, 1};
  const Api& driver = api(kernel);
  if (driver.cuTensorMapEncodeTiled == nullptr) {
    fail(kernel, "the driver has no cuTensorMapEncodeTiled; CUDA 12 or later is needed");
  }
  check(kernel, "cuTensorMapEncodeTiled",
        driver.cuTensorMapEncodeTiled(&map, tfloat32, 2, static_cast<Address>(key.words[0]), sizes,
                                      strides, box, steps, 0, swizzle_128_bytes, promote_256_bytes,
                                      0),
        fmt::format("a matrix of {} by {} floats, {} bytes a row, boxes of {} by {}", sizes[1],
                    sizes[0], strides[0], box[1], box[0]));
}

}  // namespace

const TensorMap& tensor_map(const std::string& kernel, const tile::TensorMap& map,
                            tile::ArgumentWords words) {
  // A training step asks for the same few hundred matrices again and again.
  constexpr std::size_t remembered = 1024;
  thread_local std::array<Entry, remembered> entries;
  Key key;
  std::uint64_t hash = static_cast<std::uint64_t>(map.box_outer * 2 + map.inner_dim);
  for (std::size_t i = 0; i < key.words.size(); ++i) {
    key.words[i] = words[static_cast<std::size_t>(map.word) + i];
    hash = (hash ^ static_cast<std::uint64_t>(key.words[i])) * 0x9e3779b97f4a7c15u;
  }
  key.inner_dim = map.inner_dim;
  key.box_inner = map.box_inner;
  key.box_outer = map.box_outer;
  Entry& entry = entries[(hash >> 40) % remembered];
  if (entry.key != key) {
    entry.key = {};
    encode(kernel, key, entry.map);
    entry.key = key;
  }
  return entry.map;
}

}  // namespace pg::cuda
