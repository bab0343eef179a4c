// See syntax_queries.h.
#include "compiler/sema/syntax_queries.h"

namespace tile::sema {

void visit_statements(const Ast& ast, const Block& block,
                      const std::function<void(const Stmt&)>& visit) {
  for (StmtId id : ast.items_of(block.statements)) {
    const Stmt& stmt = ast[id];
    visit(stmt);
    visit_statements(ast, stmt.body, visit);
    visit_statements(ast, stmt.otherwise, visit);
  }
}

void collect_assigned(const Ast& ast, const Block& block, std::set<std::string>& names) {
  visit_statements(ast, block, [&](const Stmt& stmt) {
    if (stmt.kind == Stmt::Kind::Assign) names.emplace(stmt.name.text);
  });
}

void collect_defined(const Ast& ast, const Block& block,
                     std::map<std::string, Span, std::less<>>& names) {
  visit_statements(ast, block, [&](const Stmt& stmt) {
    if (stmt.kind == Stmt::Kind::For) names.emplace(stmt.name.text, stmt.name.span);
    if (stmt.kind != Stmt::Kind::Let) return;
    for (const Name& name : ast.items_of(stmt.names)) names.emplace(name.text, name.span);
  });
}

bool can_return(const Ast& ast, const Block& block) {
  bool found = false;
  visit_statements(ast, block,
                   [&](const Stmt& stmt) { found |= stmt.kind == Stmt::Kind::Return; });
  return found;
}

bool can_break(const Ast& ast, const Block& block) {
  for (StmtId id : ast.items_of(block.statements)) {
    const Stmt& stmt = ast[id];
    if (stmt.kind == Stmt::Kind::Break) return true;
    if (stmt.kind != Stmt::Kind::If) continue;  // loops keep their own breaks
    if (can_break(ast, stmt.body) || can_break(ast, stmt.otherwise)) return true;
  }
  return false;
}

bool always_jumps(const Ast& ast, const Block& block) {
  for (StmtId id : ast.items_of(block.statements)) {
    const Stmt& stmt = ast[id];
    if (stmt.kind == Stmt::Kind::Return || stmt.kind == Stmt::Kind::Break) return true;
    if (stmt.kind == Stmt::Kind::If && !stmt.is_const && stmt.has_else &&
        always_jumps(ast, stmt.body) && always_jumps(ast, stmt.otherwise)) {
      return true;
    }
  }
  return false;
}

}  // namespace tile::sema
