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

namespace {

void visit_indices(const Ast& ast, List<Index> indices,
                   const std::function<void(const Expr&)>& visit) {
  for (const Index& index : ast.items_of(indices)) {
    visit_expressions(ast, index.start, visit);
    visit_expressions(ast, index.extent, visit);
  }
}

void visit_list(const Ast& ast, List<ExprId> list, const std::function<void(const Expr&)>& visit) {
  for (ExprId id : ast.items_of(list)) visit_expressions(ast, id, visit);
}

}  // namespace

void visit_expressions(const Ast& ast, ExprId id, const std::function<void(const Expr&)>& visit) {
  if (id.is_none()) return;
  const Expr& expr = ast[id];
  visit(expr);
  visit_list(ast, expr.operands, visit);
  visit_list(ast, expr.shape, visit);
  for (const GenericArgument& generic : ast.items_of(expr.generics)) {
    visit_expressions(ast, generic.value, visit);
  }
  visit_expressions(ast, expr.base, visit);
  visit_indices(ast, expr.indices, visit);
  visit_expressions(ast, expr.pad, visit);
}

void visit_expressions(const Ast& ast, const Block& block,
                       const std::function<void(const Expr&)>& visit) {
  visit_statements(ast, block, [&](const Stmt& stmt) {
    for (ExprId id : {stmt.value, stmt.begin, stmt.end, stmt.step}) {
      visit_expressions(ast, id, visit);
    }
    visit_list(ast, stmt.values, visit);
    visit_list(ast, stmt.type.dims, visit);
    visit_indices(ast, stmt.indices, visit);
  });
}

std::vector<Name> unused_locals(const Ast& ast, const Block& block) {
  std::set<std::string_view> used;
  visit_expressions(ast, block, [&](const Expr& expr) {
    if (!expr.name.is_empty()) used.insert(expr.name.text);
  });
  std::vector<Name> unused;
  visit_statements(ast, block, [&](const Stmt& stmt) {
    if (stmt.kind != Stmt::Kind::Let) return;
    for (const Name& name : ast.items_of(stmt.names)) {
      if (!name.text.starts_with('_') && !used.contains(name.text)) unused.push_back(name);
    }
  });
  return unused;
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
