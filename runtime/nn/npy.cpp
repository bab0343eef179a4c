// See npy.h. The header is a Python dictionary literal of three known keys in any order.
#include "runtime/nn/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "runtime/device/error.h"
#include "runtime/nn/file.h"
#include "runtime/ops/copy.h"

namespace pg::nn {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

struct Description {
  std::string_view element;
  bool is_fortran = false;
  Shape shape;
};

/// Reads the dictionary; any deviation is rejected with the place.
class DescriptionReader {
 public:
  DescriptionReader(const InputFile& file, std::string_view text) : file_(file), text_(text) {}

  Description read() {
    Description result;
    bool seen[3] = {};
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted();
      expect(':');
      const int which = key == "descr" ? 0 : key == "fortran_order" ? 1 : key == "shape" ? 2 : -1;
      if (which < 0 || seen[which]) reject(fmt::format("key `{}` is unknown or given twice", key));
      seen[which] = true;
      if (which == 0) result.element = quoted();
      if (which == 1) result.is_fortran = boolean();
      if (which == 2) result.shape = tuple();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_spaces();
    if (at_ != text_.size()) reject("text after the dictionary");
    if (!seen[0] || !seen[1] || !seen[2]) reject("descr, fortran_order or shape is missing");
    return result;
  }

 private:
  [[noreturn]] void reject(std::string_view what) const {
    file_.reject(fmt::format("header, byte {}: {}", at_, what));
  }
  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool accept(char c) {
    skip_spaces();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) reject(fmt::format("expected `{}`", c));
  }
  std::string_view quoted() {
    skip_spaces();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') reject("expected a string");
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) reject("a string does not end");
    const std::string_view result = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return result;
  }
  bool boolean() {
    skip_spaces();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      return value;
    }
    reject("expected True or False");
  }
  Shape tuple() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      skip_spaces();
      std::int64_t size = -1;
      const auto [end, error] =
          std::from_chars(text_.data() + at_, text_.data() + text_.size(), size);
      if (error != std::errc() || size < 0) reject("expected a size");
      if (shape.size() == kMaxRank) reject(fmt::format("more than {} dimensions", kMaxRank));
      shape.push_back(size);
      at_ = static_cast<std::size_t>(end - text_.data());
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }

  const InputFile& file_;
  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<DType> type_of(std::string_view element) {
  if (element == "<f4") return DType::F32;
  if (element == "<i4") return DType::I32;
  if (element == "<i8") return DType::I64;
  if (element == "|b1") return DType::Bool;
  return std::nullopt;
}

std::string_view descr_of(DType type) {
  switch (type) {
    case DType::F32:
      return "<f4";
    case DType::I32:
      return "<i4";
    case DType::I64:
      return "<i8";
    case DType::Bool:
      return "|b1";
  }
  return "<f4";
}

void check_data_size(const InputFile& file, const Shape& shape, std::int64_t width,
                     std::uint64_t begin) {
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(element_count("load_npy", shape), width, &bytes) ||
      static_cast<std::uint64_t>(bytes) != file.size() - begin) {
    file.reject(fmt::format("shape {} does not fit {} bytes of data", to_string(shape),
                            file.size() - begin));
  }
}

}  // namespace

Tensor load_npy(const std::string& path) {
  const InputFile file("load_npy", path);
  unsigned char start[12] = {};
  const std::uint64_t available = std::min<std::uint64_t>(file.size(), sizeof start);
  file.read(0, std::as_writable_bytes(std::span(start, available)));
  if (available < 10 || std::string_view(reinterpret_cast<const char*>(start), 6) != kMagic) {
    file.reject("not a .npy file");
  }
  const int version = start[6];
  if (version < 1 || version > 3) file.reject(fmt::format("version {} is not supported", version));
  std::uint64_t header_bytes = start[8] | start[9] << 8;
  if (version > 1)
    header_bytes |=
        static_cast<std::uint64_t>(start[10]) << 16 | static_cast<std::uint64_t>(start[11]) << 24;
  const std::uint64_t text_begin = version > 1 ? 12 : 10;
  if (file.size() < text_begin || header_bytes > file.size() - text_begin) {
    file.reject(fmt::format("the header length {} leaves the file", header_bytes));
  }
  std::string text(header_bytes, '\0');
  file.read(text_begin, std::as_writable_bytes(std::span(text)));
  const Description description = DescriptionReader(file, text).read();
  const std::uint64_t data_begin = text_begin + header_bytes;
  if (description.is_fortran && description.shape.size() > 1) {
    file.reject("fortran_order is not supported");
  }
  if (description.element == "<f8") {
    check_data_size(file, description.shape, 8, data_begin);
    std::vector<double> wide((file.size() - data_begin) / 8);
    file.read(data_begin, std::as_writable_bytes(std::span(wide)));
    return from_data(std::vector<float>(wide.begin(), wide.end()), description.shape, cpu_device);
  }
  const std::optional<DType> type = type_of(description.element);
  if (!type) file.reject(fmt::format("element type `{}` is not supported", description.element));
  check_data_size(file, description.shape, element_bytes(*type), data_begin);
  Tensor result = empty(description.shape, *type, cpu_device);
  file.read(data_begin, {static_cast<std::byte*>(result.data()), file.size() - data_begin});
  return result;
}

void save_npy(const std::string& path, const Tensor& tensor) {
  const Tensor packed = ops::contiguous(to_device(tensor, cpu_device));
  const Shape& shape = packed.shape();
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}",
                                   descr_of(packed.dtype()), fmt::join(shape.span(), ", "),
                                   shape.size() == 1 ? "," : "");
  // The data starts at a multiple of 64 bytes, as NumPy writes it.
  header.resize((10 + header.size() + 1 + 63) / 64 * 64 - 10 - 1, ' ');
  header += '\n';
  const auto length = static_cast<unsigned>(header.size());
  const char sizes[4] = {1, 0, static_cast<char>(length & 255), static_cast<char>(length >> 8)};
  OutputFile file("save_npy", path);
  file.write(kMagic);
  file.write(std::string_view(sizes, sizeof sizes));
  file.write(header);
  file.write({static_cast<const std::byte*>(packed.data()),
              static_cast<std::size_t>(packed.numel() * element_bytes(packed.dtype()))});
  file.commit();
}

}  // namespace pg::nn
