// llama 1's and 2's tokenizer.model: SentencePiece, by its own library, after scan_sentencepiece
// has looked through the file. Ids are checked before the library sees them.
#include <fmt/format.h>
#include <sentencepiece_processor.h>

#include "examples/llama/tokenizer/bpe.h"
#include "examples/llama/tokenizer/sentencepiece_scan.h"
#include "examples/llama/tokenizer/tokenizer.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

class SentencePieceTokenizer final : public Tokenizer {
 public:
  SentencePieceTokenizer(std::string bytes, const std::string& origin) : bytes_(std::move(bytes)) {
    const sentencepiece::util::Status status = processor_.LoadFromSerializedProto(bytes_);
    if (!status.ok()) throw pg::Error(fmt::format("{}: {}", origin, status.ToString()));
  }

  std::int64_t vocab_size() const override { return processor_.GetPieceSize(); }
  std::int32_t bos() const override { return processor_.bos_id(); }
  std::int32_t eos() const override { return processor_.eos_id(); }
  std::string file_name() const override { return "tokenizer.model"; }
  std::string contents() const override { return bytes_; }

  std::vector<std::int32_t> encode(std::string_view text) const override {
    std::vector<int> ids;
    const sentencepiece::util::Status status = processor_.Encode(text, &ids);
    if (!status.ok()) throw pg::Error("encode: " + status.ToString());
    return {ids.begin(), ids.end()};
  }

  std::string decode(std::int32_t previous, std::int32_t id) const override {
    check_id(id);
    if (processor_.IsControl(id)) return "";
    const std::string& piece = processor_.IdToPiece(id);
    if (processor_.IsByte(id)) return std::string(1, static_cast<char>(byte_of_piece(piece)));
    std::string text = replace_all(piece, space_mark, " ");
    const bool at_start = previous == -1 || previous == bos();
    return at_start && text.starts_with(' ') ? text.substr(1) : text;
  }

 private:
  std::string bytes_;
  sentencepiece::SentencePieceProcessor processor_;
};

}  // namespace

std::unique_ptr<Tokenizer> parse_sentencepiece(std::string bytes, const std::string& origin) {
  scan_sentencepiece(bytes, origin);
  return std::make_unique<SentencePieceTokenizer>(std::move(bytes), origin);
}

}  // namespace llama
