// Control flow without loops: blocks, `if`, `return`, `break`. A frame is filled by `run`, which
// ends it on every path. Where a jump hides in one branch of an `if`, what follows the `if` moves
// into the branches, so that each path runs to the frame's end by itself and the IR stays
// structured.
#include <fmt/format.h>

#include "compiler/sema/body.h"
#include "compiler/sema/syntax_queries.h"

namespace tile::sema {

namespace {
constexpr std::int64_t step_limit = 100'000;
constexpr std::int64_t unroll_limit = 4096;
constexpr int split_limit = 256;
}  // namespace

Body::Body(Unit& unit, const Ast& ast, ir::Function& function)
    : unit_(unit), ast_(ast), builder_(function) {}

void Body::run_body(const Block& block) {
  collect_defined(ast_, block, locals_);
  fill(function().body, block, Frame{});
}

Cursor Body::enter(const Block& block, const Cursor* next) {
  scope_.enter();
  Cursor cursor;
  cursor.rest = ast_.items_of(block.statements);
  if (next) cursor.next = std::make_shared<const Cursor>(*next);
  return cursor;
}

void Body::fill(ir::BlockId region, const Block& block, Frame frame) {
  ir::BlockId outer = builder_.block();
  Scope saved = scope_;
  builder_.set_block(region);
  frames_.push_back(std::move(frame));
  run(enter(block, nullptr));
  frames_.pop_back();
  builder_.set_block(outer);
  scope_ = std::move(saved);
}

void Body::run(Cursor here) {
  for (;;) {
    if (here.rest.empty()) {
      if (advance(here)) continue;
      return end_frame(Frame::Exit::End, {});
    }
    const Stmt& stmt = ast_[here.rest.front()];
    here.rest = here.rest.subspan(1);
    builder_.set_span(stmt.span);
    if (++unit_.steps > step_limit) {
      report(stmt.span, Kind::EvaluationLimit, step_limit);
      return;
    }
    switch (stmt.kind) {
      case Stmt::Kind::Let: case Stmt::Kind::Assign: case Stmt::Kind::Store:
      case Stmt::Kind::Expr:
        statement(stmt);
        break;
      case Stmt::Kind::Return:
        report_unreachable(here);
        return do_return(stmt);
      case Stmt::Kind::Break:
        report_unreachable(here);
        if (!do_break(stmt, here)) return;
        break;
      case Stmt::Kind::If:
        if (stmt.is_const) {
          const_branch(stmt, here);
        } else if (can_return(ast_, stmt.body) || can_return(ast_, stmt.otherwise) ||
                   can_break(ast_, stmt.body) || can_break(ast_, stmt.otherwise)) {
          return split_if(stmt, here);
        } else {
          branch(stmt);
        }
        break;
      case Stmt::Kind::For: case Stmt::Kind::While:
        if (stmt.is_const) {
          for_const(stmt, here);
        } else if (loop(stmt, here)) {
          return;
        }
        break;
    }
  }
}

bool Body::advance(Cursor& here) {
  if (!here.next) return false;
  scope_.leave();
  if (here.const_loop && here.end - here.index > here.step) {
    const Stmt& stmt = *here.const_loop;
    here.index += here.step;
    here.rest = ast_.items_of(stmt.body.statements);
    scope_.enter();
    declare({std::string(stmt.name.text), Binding::Kind::Constant, Value::of_int(here.index),
             stmt.name.span});
    return true;
  }
  Cursor next = *here.next;
  here = std::move(next);
  return true;
}

std::vector<ir::Type> Body::frame_types(const Frame& frame) {
  const std::vector<ir::Type>& results = function().result_types;
  if (frame.kind == Frame::Kind::Function) return results;
  std::vector<ir::Type> types;
  if (frame.index) types.push_back(ir::Type::scalar(ir::ElementType::I64));
  if (frame.can_leave) types.push_back(ir::Type::scalar(ir::ElementType::Bool));
  if (frame.can_return) {
    types.push_back(ir::Type::scalar(ir::ElementType::Bool));
    types.insert(types.end(), results.begin(), results.end());
  }
  for (std::size_t position : frame.carried) types.push_back(scope_.at(position).value.type);
  return types;
}

void Body::end_frame(Frame::Exit exit, const std::vector<ir::ValueId>& results) {
  const Frame& frame = frames_.back();
  bool returns = exit == Frame::Exit::Return;
  if (frame.kind == Frame::Kind::Function) {
    if (!returns && !function().result_types.empty()) {
      report(function().span, Kind::MissingReturn, function().name);
    }
    builder_.yield(results);
    return;
  }
  std::vector<ir::ValueId> values;
  if (frame.index) {
    ir::ValueId step = builder_.constant_int(frame.step);
    values.push_back(builder_.elementwise(ir::OpCode::Add, {frame.index, step}));
  }
  if (frame.can_leave) {
    values.push_back(builder_.constant(ir::Scalar::from_bool(exit != Frame::Exit::End)));
  }
  if (frame.can_return) {
    values.push_back(builder_.constant(ir::Scalar::from_bool(returns)));
    std::vector<ir::ValueId> carried = returns ? results : zero_results();
    values.insert(values.end(), carried.begin(), carried.end());
  }
  for (ir::ValueId id : carried_values(frame.carried)) values.push_back(id);
  builder_.yield(values);
}

void Body::report_unreachable(const Cursor& here) {
  if (!here.rest.empty()) report(ast_[here.rest.front()].span, Kind::Unreachable);
}

void Body::split_if(const Stmt& stmt, const Cursor& here) {
  if (stmt.has_else && always_jumps(ast_, stmt.body) && always_jumps(ast_, stmt.otherwise)) {
    report_unreachable(here);
  }
  if (split_depth_ >= split_limit) {
    report(stmt.span, Kind::NestingTooDeep, split_limit)
        .note("what follows an `if` with a `return` or `break` inside counts as nested in it");
    return;
  }
  ++split_depth_;
  auto condition = scalar_condition({expression(stmt.value), ast_[stmt.value].span});
  if (!condition) condition = builder_.constant(ir::Scalar::from_bool(true));
  builder_.set_span(stmt.span);
  ir::OpId op = builder_.if_else(*condition, frame_types(frames_.back()));
  std::vector<ir::BlockId> regions = function().ops[op].regions;
  ir::BlockId outer = builder_.block();
  Scope saved = scope_;
  builder_.set_block(regions[0]);
  run(enter(stmt.body, &here));
  scope_ = std::move(saved);
  builder_.set_block(regions[1]);
  run(stmt.has_else ? enter(stmt.otherwise, &here) : here);
  --split_depth_;
  builder_.set_block(outer);
  builder_.yield(std::vector(function().ops[op].results));
}

void Body::branch(const Stmt& stmt) {
  auto condition = scalar_condition({expression(stmt.value), ast_[stmt.value].span});
  if (!condition) condition = builder_.constant(ir::Scalar::from_bool(true));
  Frame frame;
  frame.kind = Frame::Kind::Branch;
  frame.carried = carried_variables(std::vector<Block>{stmt.body, stmt.otherwise});
  builder_.set_span(stmt.span);
  ir::OpId op = builder_.if_else(*condition, frame_types(frame));
  std::vector<ir::BlockId> regions = function().ops[op].regions;
  fill(regions[0], stmt.body, frame);
  fill(regions[1], stmt.otherwise, frame);  // empty without an else
  set_carried(frame.carried, std::vector(function().ops[op].results));
}

void Body::const_branch(const Stmt& stmt, Cursor& here) {
  Value condition = constant(stmt.value, "the condition of `if const`");
  if (condition.is_error()) return;
  if (condition.kind != Value::Kind::Bool) {
    report(ast_[stmt.value].span, Kind::ConditionNotScalar, describe(condition));
    return;
  }
  if (condition.integer) {
    here = enter(stmt.body, &here);
  } else if (stmt.has_else) {
    here = enter(stmt.otherwise, &here);
  }
}

void Body::for_const(const Stmt& stmt, Cursor& here) {
  auto begin = constant_int(stmt.begin, "a bound of `for const`");
  auto end = constant_int(stmt.end, "a bound of `for const`");
  std::optional<std::int64_t> step = 1;
  if (!stmt.step.is_none()) step = constant_int(stmt.step, "a step");
  if (!begin || !end || !step) return;
  if (*step <= 0) {
    report(ast_[stmt.step].span, Kind::InvalidStep, *step);
    return;
  }
  if (*begin >= *end) return;
  std::int64_t distance = 0;
  bool is_huge = __builtin_sub_overflow(*end, *begin, &distance);
  std::int64_t count = is_huge ? *end : (distance - 1) / *step + 1;
  if (is_huge || count > unroll_limit) {
    report(stmt.span, Kind::UnrollLimit, count, unroll_limit)
        .help("a plain `for` is not unrolled");
    return;
  }
  here = enter(stmt.body, &here);
  here.const_loop = &stmt;
  here.index = *begin, here.end = *end, here.step = *step;
  declare({std::string(stmt.name.text), Binding::Kind::Constant, Value::of_int(*begin),
           stmt.name.span});
}

bool Body::do_break(const Stmt& stmt, Cursor& here) {
  // Out of a `for const`, inside this frame: go on behind it.
  for (const Cursor* at = &here; at; at = at->next.get()) {
    if (!at->const_loop) continue;
    while (!here.const_loop) {
      scope_.leave();
      Cursor next = *here.next;
      here = std::move(next);
    }
    here.rest = {};
    here.index = here.end;
    return true;
  }
  if (frames_.back().kind != Frame::Kind::Loop) {
    report(stmt.span, Kind::BreakOutsideLoop);
    return true;
  }
  end_frame(Frame::Exit::Break, {});
  return false;
}

void Body::do_return(const Stmt& stmt) {
  std::vector<Argument> values;
  for (ExprId id : ast_.items_of(stmt.values)) values.push_back({expression(id), ast_[id].span});
  if (values.size() == 1 && values[0].value.kind == Value::Kind::Tuple) {
    Argument tuple = values[0];
    values.clear();
    for (Value& element : tuple.value.elements) values.push_back({std::move(element), tuple.span});
  }
  std::vector<ir::Type> types = function().result_types;
  std::vector<ir::ValueId> results;
  if (values.size() != types.size()) {
    report(stmt.span, Kind::ReturnMismatch,
           function().kind == ir::FunctionKind::Kernel
               ? std::string("a kernel returns no value")
               : fmt::format("`{}` returns {} values, but {} are given", function().name,
                             types.size(), values.size()));
  } else {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (auto id = fit(values[i], types[i])) results.push_back(*id);
    }
  }
  builder_.set_span(stmt.span);
  if (results.size() != types.size()) results = zero_results();  // reported
  end_frame(Frame::Exit::Return, results);
}

}  // namespace tile::sema
