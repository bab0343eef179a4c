// See tokens.h.
#include "examples/llama/data/tokens.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/device/error.h"

namespace llama {

Tokens::Tokens(std::vector<std::int32_t> ids) : end_(std::ssize(ids)) {
  store_ = std::make_shared<const Store>(Store{std::move(ids), {}, {}});
}

Tokens::Tokens(std::vector<TokenFile> files) {
  Store store{{}, std::move(files), {}};
  for (const TokenFile& file : store.files) {
    store.starts.push_back(end_);
    end_ += file.size();
  }
  store_ = std::make_shared<const Store>(std::move(store));
}

Tokens Tokens::slice(std::int64_t begin, std::int64_t end) const {
  if (begin < 0 || begin > end || end > size()) {
    throw pg::Error(fmt::format("tokens: slice {} to {} of {}", begin, end, size()));
  }
  Tokens part = *this;
  part.begin_ = begin_ + begin;
  part.end_ = begin_ + end;
  return part;
}

void Tokens::read(std::int64_t first, std::span<std::int32_t> out) const {
  if (first < 0 || std::ssize(out) > size() || first > size() - std::ssize(out)) {
    throw pg::Error(fmt::format("tokens: {} to {} of {}", first, first + std::ssize(out), size()));
  }
  std::int64_t at = begin_ + first;
  if (!store_ || store_->files.empty()) {
    if (!out.empty()) std::copy_n(store_->ids.begin() + at, out.size(), out.begin());
    return;
  }
  const auto& starts = store_->starts;
  while (!out.empty()) {  // a range may run over the end of a file
    auto index =
        static_cast<std::size_t>(std::ranges::upper_bound(starts, at) - starts.begin()) - 1;
    const TokenFile& file = store_->files[index];
    const std::int64_t inside = at - starts[index];
    const auto count = std::min(static_cast<std::int64_t>(out.size()), file.size() - inside);
    file.read(inside, out.first(static_cast<std::size_t>(count)));
    out = out.subspan(static_cast<std::size_t>(count));
    at += count;
  }
}

Split split_tokens(const Tokens& tokens, double fraction) {
  auto boundary = static_cast<std::int64_t>(static_cast<double>(tokens.size()) * (1 - fraction));
  return {tokens.slice(0, boundary), tokens.slice(boundary, tokens.size())};
}

}  // namespace llama
