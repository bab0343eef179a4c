// Text to token ids and back: llama2.c's tokenizer.bin (byte-pair merges by score), characters (the
// distinct UTF-8 code points of a training text) and raw bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace llama {

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  virtual std::int64_t vocab_size() const = 0;
  /// Ids of the text alone. Throws pg::Error for text that the vocabulary cannot express.
  virtual std::vector<std::int32_t> encode(std::string_view text) const = 0;
  /// The bytes that `id` adds after `previous` (-1 at the start).
  virtual std::string decode(std::int32_t previous, std::int32_t id) const = 0;
  /// The id that begins every sequence and ends a generated one, or -1.
  virtual std::int32_t bos() const { return -1; }
  /// What its file is called beside a model, and its contents, which load_tokenizer reads back.
  virtual std::string file_name() const { return "tokenizer.pg.json"; }
  virtual void save(const std::filesystem::path& path) const = 0;

  std::string decode_all(const std::vector<std::int32_t>& ids) const;
};

/// One token a byte; 256 of them.
std::unique_ptr<Tokenizer> make_byte_tokenizer();
/// One token a distinct code point of `text`, in code point order. The text must be valid UTF-8.
std::unique_ptr<Tokenizer> make_character_tokenizer(std::string_view text);
/// llama2.c's format. It does not store its length: `vocab_size` comes from the model, 0 reads to
/// the end.
std::unique_ptr<Tokenizer> load_llama2c_tokenizer(const std::filesystem::path& path,
                                                  std::int64_t vocab_size);
/// A file written by `save` or a llama2.c tokenizer.bin. All errors name the file and the field.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path,
                                          std::int64_t vocab_size);

}  // namespace llama
