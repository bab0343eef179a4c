// See tensor.h: handles, reference counts and metadata queries.
#include "runtime/tensor/tensor.h"

#include <fmt/format.h>

#include "runtime/device/error.h"
#include "runtime/tensor/tensor_impl.h"

namespace pg {
namespace detail {
namespace {

void retain(TensorImpl* impl) {
  if (impl) impl->references.fetch_add(1, std::memory_order_relaxed);
}

void release(TensorImpl* impl) {
  if (impl && impl->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete impl;
}

bool has_packed_strides(const Shape& shape, const Strides& strides) {
  std::int64_t expected = 1;
  for (int i = shape.size() - 1; i >= 0; --i) {
    if (shape[i] == 0) return true;
    if (shape[i] != 1 && strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

/// Elements from the first to the last that can be reached, in both directions; false on overflow.
bool reach(const Shape& shape, const Strides& strides, std::int64_t& lowest,
           std::int64_t& highest) {
  for (int i = 0; i < shape.size(); ++i) {
    std::int64_t span = 0;
    if (__builtin_mul_overflow(shape[i] - 1, strides[i], &span)) return false;
    std::int64_t& bound = span < 0 ? lowest : highest;
    if (__builtin_add_overflow(bound, span, &bound)) return false;
  }
  return true;
}

}  // namespace

TensorImpl::~TensorImpl() {
  if (storage && storage->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete storage;
}

const TensorImpl& checked(const char* op, const Tensor& x) {
  if (!x.defined()) fail(op, "undefined tensor");
  return *x.impl();
}

Tensor make_view(const char* op, Storage* storage, DType type, const Shape& shape,
                 const Strides& strides, std::int64_t offset) {
  auto impl = std::make_unique<TensorImpl>();
  impl->numel = element_count(op, shape);
  std::int64_t lowest = offset;
  std::int64_t highest = offset;
  const std::int64_t room = storage->bytes / element_bytes(type, storage->device);
  const bool fits =
      impl->numel == 0 || (reach(shape, strides, lowest, highest) && lowest >= 0 && highest < room);
  if (!fits) {
    fail(op, "view {} with strides {} at offset {} leaves its storage of {} elements",
         to_string(shape), to_string(strides), offset, room);
  }
  impl->dtype = type;
  impl->shape = shape;
  impl->strides = strides;
  impl->offset = offset;
  impl->is_contiguous = has_packed_strides(shape, strides);
  storage->references.fetch_add(1, std::memory_order_relaxed);
  impl->storage = storage;
  return Tensor(impl.release());
}

}  // namespace detail

using detail::checked;

Tensor::Tensor(const Tensor& other) noexcept : impl_(other.impl_) { detail::retain(impl_); }

Tensor& Tensor::operator=(const Tensor& other) noexcept {
  detail::retain(other.impl_);
  detail::release(impl_);
  impl_ = other.impl_;
  return *this;
}

Tensor& Tensor::operator=(Tensor&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

Tensor::~Tensor() { detail::release(impl_); }

const Shape& Tensor::shape() const { return checked("shape", *this).shape; }
const Strides& Tensor::strides() const { return checked("strides", *this).strides; }
std::int64_t Tensor::size(int axis) const { return shape()[normalize_axis("size", axis, dim())]; }
std::int64_t Tensor::stride(int axis) const {
  return strides()[normalize_axis("stride", axis, dim())];
}
std::int64_t Tensor::numel() const { return checked("numel", *this).numel; }
std::int64_t Tensor::storage_offset() const { return checked("storage_offset", *this).offset; }
DType Tensor::dtype() const { return checked("dtype", *this).dtype; }
Device Tensor::device() const { return checked("device", *this).storage->device; }
bool Tensor::is_contiguous() const { return checked("is_contiguous", *this).is_contiguous; }

bool Tensor::shares_storage(const Tensor& other) const {
  return defined() && other.defined() && impl_->storage == other.impl_->storage;
}

bool Tensor::is_sole_owner() const {
  return checked("is_sole_owner", *this).references.load(std::memory_order_acquire) == 1 &&
         impl_->storage->references.load(std::memory_order_acquire) == 1;
}

bool Tensor::is_only_view() const {
  return checked("is_only_view", *this).storage->references.load(std::memory_order_acquire) == 1;
}

void* Tensor::data() const {
  const detail::TensorImpl& impl = checked("data", *this);
  std::byte* base = impl.storage->buffer.data();
  return base ? base + impl.offset * element_bytes(impl.dtype, impl.storage->device) : nullptr;
}

void* Tensor::checked_data(DType expected) const {
  if (dtype() != expected) {
    fail("data_ptr", "the tensor is {}, not {}", name_of(dtype()), name_of(expected));
  }
  if (expected == DType::F32 && device().is_real()) {
    fail("data_ptr", "the elements of an f32 tensor on `real` are doubles; use to_vector");
  }
  return data();
}

std::uint32_t Tensor::version() const {
  return checked("version", *this).storage->version.load(std::memory_order_relaxed);
}

void Tensor::mark_written() const {
  checked("mark_written", *this).storage->version.fetch_add(1, std::memory_order_relaxed);
}

AutogradMeta* Tensor::autograd_meta() const { return impl_ ? impl_->autograd.get() : nullptr; }

void Tensor::set_autograd_meta(std::unique_ptr<AutogradMeta> meta) const {
  checked("set_autograd_meta", *this);
  impl_->autograd = std::move(meta);
}

std::string describe(const Tensor& x) {
  if (!x.defined()) return "undefined";
  return fmt::format("{} {}", name_of(x.dtype()), to_string(x.shape()));
}

}  // namespace pg
