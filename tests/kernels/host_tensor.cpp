// See host_tensor.h.
#include "tests/kernels/host_tensor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <new>

#include <fmt/format.h>

#include "compiler/interpret/numbers.h"
#include "compiler/interpret/types.h"

namespace tile::harness {

namespace {

constexpr std::byte guard{0xa5};
constexpr std::size_t margin = 256;

std::int64_t product(const std::vector<std::int64_t>& sizes) {
  std::int64_t count = 1;
  for (std::int64_t size : sizes) count *= size;
  return count;
}

std::size_t width(ir::ElementType element) {
  return static_cast<std::size_t>(ir::byte_size(element));
}

/// Strides by walking dimensions from `order`'s last to its first, each size grown by `gap`.
std::vector<std::int64_t> strides_in_order(const std::vector<std::int64_t>& sizes,
                                           const std::vector<std::size_t>& order,
                                           std::int64_t first_stride, std::int64_t gap) {
  std::vector<std::int64_t> strides(sizes.size());
  std::int64_t stride = first_stride;
  for (std::size_t i = order.size(); i-- > 0;) {
    strides[order[i]] = stride;
    stride *= std::max<std::int64_t>(1, sizes[order[i]]) + gap;
  }
  return strides;
}

std::vector<std::int64_t> layout_strides(const std::vector<std::int64_t>& sizes, Layout layout) {
  std::vector<std::size_t> order(sizes.size());
  for (std::size_t d = 0; d < order.size(); ++d) order[d] = d;
  if (layout == Layout::Reversed) std::ranges::reverse(order);
  const std::int64_t gap = layout == Layout::Padded ? 3 : layout == Layout::Strided ? 1 : 0;
  auto strides = strides_in_order(sizes, order, layout == Layout::Strided ? 2 : 1, gap);
  if (layout == Layout::Strided && !strides.empty()) strides[0] = -strides[0];
  if (layout == Layout::Repeated && !strides.empty()) strides[0] = 0;
  return strides;
}

}  // namespace

HostTensor::HostTensor(ir::ElementType element, std::vector<std::int64_t> sizes)
    : element(element),
      sizes(std::move(sizes)),
      bytes(static_cast<std::size_t>(product(this->sizes)) * width(element)) {}

std::int64_t HostTensor::count() const { return product(sizes); }

double HostTensor::number(std::int64_t index) const {
  return interpret::with_type(element, false, [&]<class T>(interpret::Tag<T>) {
    T value;
    std::memcpy(&value, bytes.data() + static_cast<std::size_t>(index) * sizeof(T), sizeof(T));
    return static_cast<double>(value);
  });
}

void HostTensor::set(std::int64_t index, double value) {
  interpret::with_type(element, false, [&]<class T>(interpret::Tag<T>) {
    const T converted = interpret::convert<T>(value);
    std::memcpy(bytes.data() + static_cast<std::size_t>(index) * sizeof(T), &converted, sizeof(T));
  });
}

void HostTensor::set_bits(std::int64_t index, std::uint64_t bits) {
  std::memcpy(bytes.data() + static_cast<std::size_t>(index) * width(element), &bits,
              width(element));
}

std::uint64_t HostTensor::bits(std::int64_t index) const {
  std::uint64_t result = 0;
  std::memcpy(&result, bytes.data() + static_cast<std::size_t>(index) * width(element),
              width(element));
  return result;
}

std::optional<std::string> first_difference(const HostTensor& left, const HostTensor& right) {
  if (left.sizes != right.sizes || left.element != right.element) return "other shape or element";
  std::int64_t different = 0, first = 0;
  for (std::int64_t i = 0; i < left.count(); ++i) {
    if (left.bits(i) == right.bits(i)) continue;
    if (ir::is_float(left.element) && std::isnan(left.number(i)) && std::isnan(right.number(i))) {
      continue;
    }
    if (different++ == 0) first = i;
  }
  if (different == 0) return std::nullopt;
  return fmt::format("{} of {} elements differ, first at {}: {:#x} ({}) and {:#x} ({})", different,
                     left.count(), first, left.bits(first), left.number(first), right.bits(first),
                     right.number(first));
}

void repeat_first(HostTensor& tensor) {
  if (tensor.sizes.empty() || tensor.sizes[0] == 0) return;
  const std::size_t slice = tensor.bytes.size() / static_cast<std::size_t>(tensor.sizes[0]);
  for (std::int64_t i = 1; i < tensor.sizes[0]; ++i) {
    std::copy_n(tensor.bytes.begin(), slice,
                tensor.bytes.begin() + i * static_cast<std::int64_t>(slice));
  }
}

PlacedTensor::PlacedTensor(const HostTensor& tensor, Layout layout)
    : element_(tensor.element),
      sizes_(tensor.sizes),
      strides_(layout_strides(tensor.sizes, layout)) {
  std::int64_t low = 0, high = 0;
  for (std::size_t d = 0; d < sizes_.size(); ++d) {
    const std::int64_t reach = std::max<std::int64_t>(0, sizes_[d] - 1) * strides_[d];
    (reach < 0 ? low : high) += reach;
  }
  const std::size_t size = width(element_);
  first_ = margin + static_cast<std::size_t>(-low) * size;
  bytes_ = first_ + static_cast<std::size_t>(high + 1) * size + margin;
  constexpr std::align_val_t alignment{64};
  memory_ = std::shared_ptr<std::byte>(
      static_cast<std::byte*>(::operator new(bytes_, alignment)),
      [](std::byte* memory) { ::operator delete(memory, std::align_val_t(64)); });
  std::fill_n(memory_.get(), bytes_, guard);
  for (std::int64_t i = 0; i < tensor.count(); ++i) {
    std::memcpy(memory_.get() + first_ + offset_of(i) * static_cast<std::int64_t>(size),
                tensor.bytes.data() + static_cast<std::size_t>(i) * size, size);
  }
}

std::int64_t PlacedTensor::offset_of(std::int64_t index) const {
  std::int64_t offset = 0;
  for (std::size_t d = sizes_.size(); d-- > 0;) {
    offset += index % sizes_[d] * strides_[d];
    index /= sizes_[d];
  }
  return offset;
}

StrideClass PlacedTensor::stride_class(bool on_gpu) const {
  StrideClass result;
  for (std::size_t d = 0; d < strides_.size(); ++d) {
    if (strides_[d] == 1) result.unit_dim = static_cast<std::int8_t>(d);
    if (strides_[d] == 0) result.zero_dims |= static_cast<std::uint8_t>(1u << d);
  }
  if (!on_gpu || result.unit_dim < 0) return result;
  constexpr std::int64_t alignment = 16;
  const auto size = static_cast<std::int64_t>(width(element_));
  result.aligned = reinterpret_cast<std::uintptr_t>(data()) % alignment == 0;
  for (std::size_t d = 0; d < strides_.size(); ++d) {
    const bool is_unit = static_cast<int>(d) == result.unit_dim;
    const std::int64_t step = is_unit ? sizes_[d] : sizes_[d] > 1 ? strides_[d] : 0;
    if (step * size % alignment != 0) result.aligned = false;
  }
  return result;
}

HostTensor PlacedTensor::take() const {
  HostTensor tensor(element_, sizes_);
  const std::size_t size = width(element_);
  for (std::int64_t i = 0; i < tensor.count(); ++i) {
    std::memcpy(tensor.bytes.data() + static_cast<std::size_t>(i) * size,
                memory_.get() + first_ + offset_of(i) * static_cast<std::int64_t>(size), size);
  }
  return tensor;
}

bool PlacedTensor::guards_intact() const {
  std::vector<bool> is_element(bytes_, false);
  const std::size_t size = width(element_);
  for (std::int64_t i = 0; i < product(sizes_); ++i) {
    const std::size_t at = first_ + static_cast<std::size_t>(offset_of(i)) * size;
    std::fill_n(is_element.begin() + static_cast<std::ptrdiff_t>(at), size, true);
  }
  for (std::size_t i = 0; i < bytes_; ++i) {
    if (!is_element[i] && memory_.get()[i] != guard) return false;
  }
  return true;
}

}  // namespace tile::harness
