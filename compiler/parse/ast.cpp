// See ast.h. Texts of operators and the string store; the printer is in ast_printer.cpp.
#include "compiler/parse/ast.h"

#include <algorithm>
#include <cstring>

namespace tile {

std::string_view text(UnaryOp op) {
  switch (op) {
    case UnaryOp::Negate: return "-";
    case UnaryOp::Not: return "!";
    case UnaryOp::BitNot: return "~";
  }
  TILE_UNREACHABLE("unary operator");
}

std::string_view text(BinaryOp op) {
  switch (op) {
    case BinaryOp::Or: return "||";
    case BinaryOp::And: return "&&";
    case BinaryOp::Equal: return "==";
    case BinaryOp::NotEqual: return "!=";
    case BinaryOp::Less: return "<";
    case BinaryOp::LessEqual: return "<=";
    case BinaryOp::Greater: return ">";
    case BinaryOp::GreaterEqual: return ">=";
    case BinaryOp::BitOr: return "|";
    case BinaryOp::BitXor: return "^";
    case BinaryOp::BitAnd: return "&";
    case BinaryOp::ShiftLeft: return "<<";
    case BinaryOp::ShiftRight: return ">>";
    case BinaryOp::Add: return "+";
    case BinaryOp::Subtract: return "-";
    case BinaryOp::Multiply: return "*";
    case BinaryOp::Divide: return "/";
    case BinaryOp::Remainder: return "%";
  }
  TILE_UNREACHABLE("binary operator");
}

std::string_view text(AssignOp op) {
  switch (op) {
    case AssignOp::Plain: return "=";
    case AssignOp::Add: return "+=";
    case AssignOp::Subtract: return "-=";
    case AssignOp::Multiply: return "*=";
    case AssignOp::Divide: return "/=";
  }
  TILE_UNREACHABLE("assignment operator");
}

std::string_view text(GenericKind kind) {
  switch (kind) {
    case GenericKind::Int: return "int";
    case GenericKind::Bool: return "bool";
    case GenericKind::Precision: return "precision";
    case GenericKind::Type: return "type";
    case GenericKind::Function: return "fn";
  }
  TILE_UNREACHABLE("kind of compile-time parameter");
}

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
