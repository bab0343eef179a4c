// Questions about statements that only need the syntax tree: what they assign, where they jump.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "compiler/parse/ast.h"

namespace tile::sema {

/// Calls visit for every statement of the block, at any depth, in order.
void visit_statements(const Ast& ast, const Block& block,
                      const std::function<void(const Stmt&)>& visit);

/// Calls visit for the expression and everything in it.
void visit_expressions(const Ast& ast, ExprId expr, const std::function<void(const Expr&)>& visit);
/// The same for all expressions of the block's statements.
void visit_expressions(const Ast& ast, const Block& block,
                       const std::function<void(const Expr&)>& visit);

/// Names that `let` or `var` defines in the block and that no expression mentions, but for names
/// that begin with `_`.
std::vector<Name> unused_locals(const Ast& ast, const Block& block);

/// Adds the names that plain assignments in the block assign.
void collect_assigned(const Ast& ast, const Block& block, std::set<std::string>& names);
/// Adds the names that statements of the block define, each with its first place.
void collect_defined(const Ast& ast, const Block& block,
                     std::map<std::string, Span, std::less<>>& names);
/// Is there a `return` at any depth?
bool can_return(const Ast& ast, const Block& block);
/// Is there a `break` that leaves a loop around the block?
bool can_break(const Ast& ast, const Block& block);
/// Does every path through the block end in a jump?
bool always_jumps(const Ast& ast, const Block& block);

}  // namespace tile::sema
