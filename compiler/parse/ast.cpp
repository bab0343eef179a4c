// See ast.h. Texts of operators and the string store; the printer is in ast_printer.cpp.
#include "compiler/parse/ast.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace tile {

namespace {

// In the order of the enumerations in ast.h.
constexpr std::array<std::string_view, 3> unary_texts = {"-", "!", "~"};
constexpr std::array<std::string_view, 18> binary_texts = {
    "||", "&&", "==", "!=", "<", "<=", ">", ">=", "|",
    "^",  "&",  "<<", ">>", "+", "-",  "*", "/",  "%"};
constexpr std::array<std::string_view, 5> assign_texts = {"=", "+=", "-=", "*=", "/="};
constexpr std::array<std::string_view, 5> generic_texts = {"int", "bool", "precision", "type",
                                                           "fn"};
static_assert(binary_texts[std::to_underlying(BinaryOp::Remainder)] == "%");
static_assert(assign_texts[std::to_underlying(AssignOp::Divide)] == "/=");

}  // namespace

std::string_view text(UnaryOp op) { return unary_texts[std::to_underlying(op)]; }

std::string_view text(BinaryOp op) { return binary_texts[std::to_underlying(op)]; }

std::string_view text(AssignOp op) { return assign_texts[std::to_underlying(op)]; }

std::string_view text(GenericKind kind) { return generic_texts[std::to_underlying(kind)]; }

std::string_view Ast::keep(std::string_view text) {
  constexpr std::size_t chunk_size = 1 << 14;
  if (text.empty()) return {};
  if (chunk_size_ - chunk_used_ < text.size()) {
    chunk_size_ = std::max(chunk_size, text.size());
    chunk_used_ = 0;
    text_chunks_.push_back(std::make_unique<char[]>(chunk_size_));
  }
  char* place = text_chunks_.back().get() + chunk_used_;
  std::memcpy(place, text.data(), text.size());
  chunk_used_ += text.size();
  return {place, text.size()};
}

}  // namespace tile
