// Looks through a SentencePiece model before the library does, which trusts too much: version
// 0.1.97 crashes on a damaged normalisation table (CVE-2026-1260) and aborts on ids out of range.
#pragma once

#include <string>
#include <string_view>

namespace llama {

/// Throws pg::Error that opens with `origin` unless `bytes` are a well-formed model with distinct,
/// valid pieces and no normalisation table.
void scan_sentencepiece(std::string_view bytes, const std::string& origin);

}  // namespace llama
