// See safetensors.h.
#include "runtime/nn/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/device/error.h"
#include "runtime/nn/safetensors_header.h"
#include "runtime/ops/copy.h"

namespace pg::nn {
namespace {

static_assert(std::endian::native == std::endian::little);
constexpr std::uint64_t kLongestHeader = 100'000'000;

std::optional<DType> native_type(std::string_view element) {
  if (element == "F32") return DType::F32;
  if (element == "I32") return DType::I32;
  if (element == "I64") return DType::I64;
  if (element == "BOOL") return DType::Bool;
  return std::nullopt;
}

std::string_view file_type(DType type) {
  switch (type) {
    case DType::F32:
      return "F32";
    case DType::I32:
      return "I32";
    case DType::I64:
      return "I64";
    case DType::Bool:
      return "BOOL";
  }
  return "F32";
}

float from_half(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
  const std::uint32_t exponent = (bits >> 10) & 31u;
  const std::uint32_t fraction = bits & 0x3ffu;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::string& path)
    : SafetensorsFile(std::make_unique<InputFile>("safetensors", path)) {}

SafetensorsFile SafetensorsFile::open_named(const std::string& path) {
  return SafetensorsFile(
      std::make_unique<InputFile>("safetensors", path, InputFile::Links::Refuse));
}

SafetensorsFile::SafetensorsFile(std::unique_ptr<InputFile> opened) : file_(std::move(opened)) {
  std::uint64_t header_bytes = 0;
  if (file_->size() < sizeof header_bytes) {
    file_->reject(fmt::format("{} bytes are too few for a header length", file_->size()));
  }
  file_->read(0, std::as_writable_bytes(std::span(&header_bytes, 1)));
  const std::uint64_t rest = file_->size() - sizeof header_bytes;
  if (header_bytes > kLongestHeader) {
    file_->reject(fmt::format("the header length is {}; at most {} is allowed", header_bytes,
                              kLongestHeader));
  }
  if (header_bytes > rest) {
    file_->reject(
        fmt::format("the header length is {}, but only {} bytes follow", header_bytes, rest));
  }
  std::string json(header_bytes, '\0');
  file_->read(sizeof header_bytes, std::as_writable_bytes(std::span(json)));
  data_begin_ = sizeof header_bytes + header_bytes;
  auto header = parse_safetensors_header(json, rest - header_bytes);
  if (!header) file_->reject(header.error());
  entries_ = std::move(header->entries);
  metadata_ = std::move(header->metadata);
  for (std::size_t i = 0; i < entries_.size(); ++i) index_[entries_[i].name] = i;
}

SafetensorsFile::~SafetensorsFile() = default;
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;

const std::string& SafetensorsFile::path() const { return file_->path(); }

const SafetensorsEntry* SafetensorsFile::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &entries_[found->second];
}

Tensor SafetensorsFile::read(std::string_view name) const {
  const SafetensorsEntry* entry = find(name);
  if (!entry) file_->reject(fmt::format("there is no tensor `{}`", name));
  if (entry->shape.size() > kMaxRank) {
    file_->reject(fmt::format("tensor `{}`: {} dimensions; at most {} are supported", name,
                              entry->shape.size(), kMaxRank));
  }
  const Shape shape{std::span<const std::int64_t>(entry->shape)};
  const std::uint64_t offset = data_begin_ + entry->begin;
  const std::uint64_t bytes = entry->end - entry->begin;
  if (const std::optional<DType> type = native_type(entry->element)) {
    Tensor result = empty(shape, *type, cpu_device);
    const std::span into(static_cast<std::byte*>(result.data()), bytes);
    file_->read(offset, into);
    if (*type == DType::Bool &&
        std::ranges::any_of(into, [](std::byte b) { return b > std::byte{1}; })) {
      file_->reject(fmt::format("tensor `{}`: a BOOL is neither 0 nor 1", name));
    }
    return result;
  }
  if (entry->element != "F16" && entry->element != "BF16") {
    file_->reject(fmt::format("tensor `{}`: dtype {} is not supported", name, entry->element));
  }
  std::vector<std::uint16_t> halves(bytes / 2);
  file_->read(offset, std::as_writable_bytes(std::span(halves)));
  std::vector<float> values(halves.size());
  const bool is_brain = entry->element == "BF16";
  std::ranges::transform(halves, values.begin(), [is_brain](std::uint16_t half) {
    return is_brain ? std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16)
                    : from_half(half);
  });
  return from_data(values, shape, cpu_device);
}

std::vector<NamedTensor> load_safetensors(const std::string& path) {
  const SafetensorsFile file(path);
  std::vector<NamedTensor> tensors;
  for (const SafetensorsEntry& entry : file.entries())
    tensors.push_back({entry.name, file.read(entry.name)});
  return tensors;
}

FileSeal save_safetensors(const std::string& path, const std::vector<NamedTensor>& tensors,
                          const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  for (const NamedTensor& named : tensors) {
    if (named.name.empty() || named.name == "__metadata__" || header.contains(named.name)) {
      fail("save_safetensors", "{}: tensor name `{}` is empty, reserved or given twice", path,
           named.name);
    }
    if (!named.tensor.defined())
      fail("save_safetensors", "{}: tensor `{}` is undefined", path, named.name);
    header[named.name] = nullptr;  // keeps the given order in the text
  }
  // Wide elements first keeps every tensor aligned to its element without padding.
  std::vector<const NamedTensor*> order;
  for (const std::int64_t width : {8, 4, 1}) {
    for (const NamedTensor& named : tensors) {
      if (element_bytes(named.tensor.dtype()) == width) order.push_back(&named);
    }
  }
  std::int64_t end = 0;
  for (const NamedTensor* named : order) {
    const Tensor& x = named->tensor;
    const std::int64_t begin = end;
    end += x.numel() * element_bytes(x.dtype());
    header[named->name] = {{"dtype", file_type(x.dtype())},
                           {"shape", std::vector<std::int64_t>(x.shape().begin(), x.shape().end())},
                           {"data_offsets", {begin, end}}};
  }
  std::string json = header.dump();
  json.resize((json.size() + 7) / 8 * 8, ' ');
  const std::uint64_t header_bytes = json.size();

  OutputFile file("save_safetensors", path);
  file.write(std::as_bytes(std::span(&header_bytes, 1)));
  file.write(json);
  for (const NamedTensor* named : order) {
    const Tensor packed = ops::contiguous(to_device(named->tensor, cpu_device));
    file.write({static_cast<const std::byte*>(packed.data()),
                static_cast<std::size_t>(packed.numel() * element_bytes(packed.dtype()))});
  }
  return file.commit();
}

}  // namespace pg::nn
