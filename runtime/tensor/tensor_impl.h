// What a Tensor handle points to. Two small counted objects: Storage owns memory and is shared by
// all views; TensorImpl says where the elements lie and carries the autograd metadata of one handle
// family. Included by the tensor library alone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "runtime/device/buffer.h"
#include "runtime/tensor/tensor.h"

namespace pg::detail {

struct Storage {
  std::atomic<std::uint32_t> references{1};
  std::atomic<std::uint32_t> version{0};
  std::int64_t bytes = 0;  // asked for; the buffer may be larger
  Buffer buffer;
  Device device;  // also of an empty buffer
  std::optional<ValueRange> range =
      {};                           // on a GPU: of all elements, when the host wrote them last ...
  std::uint32_t range_version = 0;  // ... which was at this version. Under range_mutex
};

struct TensorImpl {
  std::atomic<std::uint32_t> references{1};
  DType dtype = DType::F32;
  bool is_contiguous = true;
  std::int64_t numel = 0;
  std::int64_t offset = 0;  // elements
  Storage* storage = nullptr;
  std::unique_ptr<AutogradMeta> autograd;
  Shape shape;
  Strides strides;

  TensorImpl() = default;
  TensorImpl(const TensorImpl&) = delete;
  TensorImpl& operator=(const TensorImpl&) = delete;
  ~TensorImpl();
};

/// A handle on `storage` (one more reference to it); checks that all elements lie inside.
Tensor make_view(const char* op, Storage* storage, DType type, const Shape& shape,
                 const Strides& strides, std::int64_t offset);

/// Copies packed elements between any two devices. Host data is on the CPU, or, as doubles for f32,
/// on `real`.
void copy_elements(void* to, Device to_device, const void* from, Device from_device,
                   std::int64_t count, DType type);

/// Notes the range of integers that the host has just written over the whole storage of a tensor on
/// a GPU.
void remember_range(const Tensor& x, const void* data);

/// "op: undefined tensor" for a null handle.
const TensorImpl& checked(const char* op, const Tensor& x);

}  // namespace pg::detail
