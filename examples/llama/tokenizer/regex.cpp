// See regex.h.
#include "examples/llama/tokenizer/regex.h"

#include <fmt/format.h>

#include <array>
#include <new>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "examples/llama/tokenizer/utf8.h"
#include "runtime/device/error.h"

namespace llama {

const std::string_view gpt2_pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
const std::string_view llama3_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

namespace {

constexpr std::size_t max_pattern_bytes = 4096;
constexpr std::uint32_t match_limit = 1'000'000;  // steps of one match
constexpr std::uint32_t depth_limit = 100'000;
constexpr std::uint32_t heap_limit_kib = 64 * 1024;
constexpr std::size_t first_jit_stack_bytes = 32 * 1024;
constexpr std::size_t max_jit_stack_bytes = 1024 * 1024;

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

PCRE2_SPTR code_units(std::string_view text) {
  // A null pointer is not allowed, even for no text.
  return reinterpret_cast<PCRE2_SPTR>(text.empty() ? "" : text.data());
}

template <class T, void (*Free)(T*)>
struct Deleter {
  void operator()(T* object) const { Free(object); }
};
template <class T, void (*Free)(T*)>
using Handle = std::unique_ptr<T, Deleter<T, Free>>;

using MatchData = Handle<pcre2_match_data, pcre2_match_data_free>;
using MatchContext = Handle<pcre2_match_context, pcre2_match_context_free>;
using JitStack = Handle<pcre2_jit_stack, pcre2_jit_stack_free>;

/// Whether a part of the pattern may call another, or itself: (?R), (?1), (?-1), (?&name),
/// (?P>name),
/// \g<name>. Compiled patterns do not count the steps of such calls, so no limit would end them.
bool may_call(std::string_view pattern) {
  if (pattern.find("\\g") != std::string_view::npos) return true;
  for (std::size_t at = pattern.find("(?"); at != std::string_view::npos;
       at = pattern.find("(?", at + 2)) {
    const std::string_view rest = pattern.substr(at + 2);
    const bool is_signed = rest.starts_with('+') || rest.starts_with('-');
    const std::string_view number = rest.substr(is_signed ? 1 : 0);
    if (!number.empty() && number[0] >= '0' && number[0] <= '9') return true;
    if (rest.starts_with('R') || rest.starts_with('&') || rest.starts_with("P>")) return true;
  }
  return false;
}

/// The limits of every match, and the stack that compiled patterns run on.
class Limits {
 public:
  Limits()
      : context_(pcre2_match_context_create(nullptr)),
        stack_(pcre2_jit_stack_create(first_jit_stack_bytes, max_jit_stack_bytes, nullptr)) {
    if (!context_ || !stack_) throw std::bad_alloc();
    pcre2_set_match_limit(context_.get(), match_limit);
    pcre2_set_depth_limit(context_.get(), depth_limit);
    pcre2_set_heap_limit(context_.get(), heap_limit_kib);
    pcre2_jit_stack_assign(context_.get(), nullptr, stack_.get());
  }
  pcre2_match_context* context() const { return context_.get(); }

 private:
  MatchContext context_;
  JitStack stack_;
};

/// One for each thread: mapping a stack takes longer than most texts take to split.
const Limits& limits() {
  thread_local const Limits instance;
  return instance;
}

}  // namespace

struct Regex::Code {
  Handle<pcre2_code, pcre2_code_free> code;
};

Regex::Regex(std::string_view pattern, const std::string& origin) : origin_(origin) {
  if (pattern.size() > max_pattern_bytes) {
    throw pg::Error(fmt::format("{}: a pattern of {} bytes, at most {} are read", origin,
                                pattern.size(), max_pattern_bytes));
  }
  int error = 0;
  PCRE2_SIZE at = 0;
  auto code = std::make_shared<Code>();
  code->code.reset(pcre2_compile(code_units(pattern), pattern.size(),
                                 PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &at,
                                 nullptr));
  if (!code->code) {
    throw pg::Error(
        fmt::format("{}: the pattern is wrong at byte {}: {}", origin, at, message_of(error)));
  }
  // Without it, matching is only slower.
  if (!may_call(pattern)) pcre2_jit_compile(code->code.get(), PCRE2_JIT_COMPLETE);
  code_ = std::move(code);
}

void Regex::split(std::string_view text,
                  const std::function<void(std::string_view, bool)>& visit) const {
  MatchData match(pcre2_match_data_create_from_pattern(code_->code.get(), nullptr));
  if (!match) throw std::bad_alloc();
  pcre2_match_context* const context = limits().context();

  // Where the next match in `part` is, from `start` on; npos when there is none.
  auto find = [&](std::string_view part, std::size_t start) {
    const int count = pcre2_match(code_->code.get(), code_units(part), part.size(), start,
                                  PCRE2_NOTEMPTY | PCRE2_NO_UTF_CHECK, match.get(), context);
    if (count == PCRE2_ERROR_NOMATCH) return std::pair(std::string_view::npos, std::size_t{0});
    if (count < 0) {
      throw pg::Error(fmt::format("{}: the pattern fails on the text at byte {}: {}", origin_,
                                  static_cast<std::size_t>(part.data() - text.data()) + start,
                                  message_of(count)));
    }
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.get());
    return std::pair(range[0], range[1]);
  };
  auto split_valid = [&](std::string_view part) {
    std::size_t done = 0;
    while (done < part.size()) {
      const auto [begin, end] = find(part, done);
      if (begin == std::string_view::npos) break;
      if (begin > done) visit(part.substr(done, begin - done), false);
      visit(part.substr(begin, end - begin), true);
      done = end;
    }
    if (done < part.size()) visit(part.substr(done), false);
  };
  for (std::size_t at = 0; at < text.size();) {  // runs of UTF-8, and the bytes between them
    const std::size_t begin = at;
    while (at < text.size() && utf8_length(text, at)) at += utf8_length(text, at);
    if (at > begin) split_valid(text.substr(begin, at - begin));
    if (at < text.size()) visit(text.substr(at++, 1), false);
  }
}

std::string quote_pattern(std::string_view text) {
  std::string pattern;
  for (char c : text) {
    const bool is_word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (static_cast<unsigned char>(c) < 0x80 && !is_word) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

}  // namespace llama
