// Text to token ids and back. Every kind of tokenizer is behind one interface; load_tokenizer finds
// out which kind a file is.
//
//   llama2c.cpp        llama2.c's tokenizer.bin
//   hf_json.cpp        Hugging Face's tokenizer.json, byte-pair models
//   gpt2.cpp           GPT-2's vocab.json and merges.txt
//   tiktoken.cpp       llama 3's tokenizer.model: ranked pieces in base64
//   sentencepiece.cpp  llama 1's and 2's tokenizer.model
//   characters.cpp     the characters of a text, or bytes: tokenizer.pg.json
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
  /// The id that begins every sequence, or -1.
  virtual std::int32_t bos() const { return -1; }
  /// The id that ends a text, or -1.
  virtual std::int32_t eos() const { return -1; }
  /// What its file is called beside a model, and what it holds; load_tokenizer reads it back.
  virtual std::string file_name() const { return "tokenizer.pg.json"; }
  virtual std::string contents() const = 0;

  std::string decode_all(const std::vector<std::int32_t>& ids) const;
  void save(const std::filesystem::path& folder) const;

 protected:
  /// Throws pg::Error unless 0 <= id < vocab_size().
  void check_id(std::int32_t id) const;
};

/// One token a byte; 256 of them.
std::unique_ptr<Tokenizer> make_byte_tokenizer();
/// One token a distinct code point of `text`, in code point order. The text must be valid UTF-8.
std::unique_ptr<Tokenizer> make_character_tokenizer(std::string_view text);

/// The readers of each format. `origin` opens their errors, which go on with the field.
std::unique_ptr<Tokenizer> parse_character_json(const std::string& bytes,
                                                const std::string& origin);
/// llama2.c's file does not store its length: `vocab_size` comes from the model, 0 reads to the
/// end.
std::unique_ptr<Tokenizer> parse_llama2c(std::string bytes, const std::string& origin,
                                         std::int64_t vocab_size);
std::unique_ptr<Tokenizer> parse_hf_json(std::string bytes, const std::string& origin);
std::unique_ptr<Tokenizer> parse_gpt2(const std::string& vocab, const std::string& vocab_origin,
                                      std::string_view merges, const std::string& merges_origin);
std::unique_ptr<Tokenizer> parse_tiktoken(std::string bytes, const std::string& origin);
std::unique_ptr<Tokenizer> parse_sentencepiece(std::string bytes, const std::string& origin);

/// A tokenizer file of any kind, or the folder of a model that holds one.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path,
                                          std::int64_t vocab_size);
/// What --tokenizer names: "bytes", or what load_tokenizer takes.
std::unique_ptr<Tokenizer> open_tokenizer(const std::string& argument, std::int64_t vocab_size);

}  // namespace llama
