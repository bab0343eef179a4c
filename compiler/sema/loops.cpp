// Loops at run time. A `for` that only ends at its end becomes a For op; one with a `break` or
// `return` inside, like every `while`, becomes a While op that carries whether it was left.
#include <fmt/format.h>

#include "compiler/sema/body.h"
#include "compiler/sema/syntax_queries.h"

namespace tile::sema {

using ir::ElementType;

std::vector<std::size_t> Body::carried_variables(std::span<const Block> blocks) {
  std::set<std::string> names;
  for (const Block& block : blocks) collect_assigned(ast_, block, names);
  std::vector<std::size_t> positions = scope_.variables(names);
  std::erase_if(positions, [&](std::size_t at) { return !scope_.at(at).value.is_tile(); });
  return positions;
}

std::vector<ir::ValueId> Body::carried_values(const std::vector<std::size_t>& carried) {
  std::vector<ir::ValueId> ids;
  for (std::size_t position : carried) ids.push_back(scope_.at(position).value.id);
  return ids;
}

void Body::set_carried(const std::vector<std::size_t>& carried,
                       std::span<const ir::ValueId> values) {
  std::span<const ir::ValueId> last = values.last(carried.size());
  for (std::size_t i = 0; i < carried.size(); ++i) {
    Binding& binding = scope_.at(carried[i]);
    binding.value = tile_value(last[i]);
    function().values[last[i]].name = binding.name;
  }
}

std::vector<ir::ValueId> Body::zero_results() {
  std::vector<ir::ValueId> ids;
  for (const ir::Type& type : std::vector(function().result_types)) {
    ids.push_back(builder_.constant({type.element, 0}, type.shape));
  }
  return ids;
}

std::optional<ir::ValueId> Body::loop_bound(ExprId id) {
  Argument argument{expression(id), ast_[id].span};
  if (argument.value.is_error()) return std::nullopt;
  std::optional<Value> value = tile(argument);
  if (!value) return std::nullopt;
  ElementType element = value->type.element;
  if (value->type.is_scalar() && (element == ElementType::I64 || element == ElementType::I32)) {
    builder_.set_span(argument.span);
    return builder_.cast(value->id, ElementType::I64);
  }
  report(argument.span, Kind::LoopBoundNotInteger, ir::to_string(value->type));
  return std::nullopt;
}

bool Body::loop(const Stmt& stmt, const Cursor& here) {
  bool can_leave = can_break(ast_, stmt.body) || can_return(ast_, stmt.body);
  if (stmt.kind == Stmt::Kind::While) return general_loop(stmt, {}, {}, 1, here);
  auto begin = loop_bound(stmt.begin);
  auto end = loop_bound(stmt.end);
  std::optional<std::int64_t> step = 1;
  if (!stmt.step.is_none()) step = constant_int(stmt.step, "a loop step");
  if (step && *step <= 0) {
    report(ast_[stmt.step].span, Kind::InvalidStep, *step);
    step = 1;
  }
  // After a mistake the body is checked all the same, with bounds that are never used.
  if (!begin) begin = builder_.constant_int(0);
  if (!end) end = builder_.constant_int(0);
  if (can_leave) return general_loop(stmt, *begin, *end, step.value_or(1), here);
  plain_for(stmt, *begin, *end, step.value_or(1));
  return false;
}

void Body::plain_for(const Stmt& stmt, ir::ValueId begin, ir::ValueId end, std::int64_t step) {
  Frame frame;
  frame.kind = Frame::Kind::Loop;
  frame.carried = carried_variables(std::span(&stmt.body, 1));
  builder_.set_span(stmt.span);
  ir::ValueId by = builder_.constant_int(step);
  ir::OpId op = builder_.for_loop(begin, end, by, carried_values(frame.carried));
  ir::BlockId region = function().ops[op].regions[0];
  std::vector<ir::ValueId> arguments = function().blocks[region].arguments;
  function().values[arguments[0]].name = std::string(stmt.name.text);
  Scope saved = scope_;
  set_carried(frame.carried, arguments);
  scope_.enter();
  declare({std::string(stmt.name.text), Binding::Kind::Index, tile_value(arguments[0]),
           stmt.name.span});
  std::vector<std::size_t> carried = frame.carried;
  fill(region, stmt.body, std::move(frame));
  scope_ = std::move(saved);
  set_carried(carried, std::vector(function().ops[op].results));
}

bool Body::general_loop(const Stmt& stmt, ir::ValueId begin, ir::ValueId end, std::int64_t step,
                        const Cursor& here) {
  Frame frame;
  frame.kind = Frame::Kind::Loop;
  frame.carried = carried_variables(std::span(&stmt.body, 1));
  frame.can_return = can_return(ast_, stmt.body);
  frame.can_leave = frame.can_return || can_break(ast_, stmt.body);
  frame.step = step;
  builder_.set_span(stmt.span);
  std::vector<ir::ValueId> inits;
  bool counts = stmt.kind == Stmt::Kind::For;
  if (counts) inits.push_back(begin);
  if (frame.can_leave) inits.push_back(builder_.constant(ir::Scalar::from_bool(false)));
  if (frame.can_return) {
    inits.push_back(builder_.constant(ir::Scalar::from_bool(false)));
    for (ir::ValueId id : zero_results()) inits.push_back(id);
  }
  for (ir::ValueId id : carried_values(frame.carried)) inits.push_back(id);
  ir::OpId op = builder_.while_loop(inits);
  std::vector<ir::BlockId> regions = function().ops[op].regions;
  Scope saved = scope_;
  std::vector<ir::ValueId> tested = function().blocks[regions[0]].arguments;
  ir::BlockId outer = builder_.block();
  builder_.set_block(regions[0]);
  set_carried(frame.carried, tested);
  loop_condition(stmt, end, frame, tested);
  builder_.set_block(outer);

  std::vector<ir::ValueId> arguments = function().blocks[regions[1]].arguments;
  set_carried(frame.carried, arguments);
  if (counts) {
    frame.index = arguments[0];
    function().values[arguments[0]].name = std::string(stmt.name.text);
    scope_.enter();
    declare({std::string(stmt.name.text), Binding::Kind::Index, tile_value(arguments[0]),
             stmt.name.span});
  }
  fill(regions[1], stmt.body, frame);
  scope_ = std::move(saved);
  std::vector<ir::ValueId> results = function().ops[op].results;
  set_carried(frame.carried, results);
  if (!frame.can_return) return false;
  std::size_t returned = counts ? 2 : 1;
  std::size_t count = function().result_types.size();
  auto first = results.begin() + static_cast<std::ptrdiff_t>(returned) + 1;
  return_or_continue(results[returned], {first, first + static_cast<std::ptrdiff_t>(count)}, here);
  return true;
}

void Body::loop_condition(const Stmt& stmt, ir::ValueId end, const Frame& frame,
                          std::span<const ir::ValueId> arguments) {
  ir::ValueId condition;
  if (stmt.kind == Stmt::Kind::For) {
    condition = builder_.compare(ir::Predicate::Lt, arguments[0], end);
  } else {
    auto written = scalar_condition({expression(stmt.value), ast_[stmt.value].span});
    condition = written ? *written : builder_.constant(ir::Scalar::from_bool(false));
  }
  builder_.set_span(stmt.span);
  if (frame.can_leave) {
    ir::ValueId left = arguments[stmt.kind == Stmt::Kind::For ? 1 : 0];
    ir::ValueId stays = builder_.elementwise(ir::OpCode::Not, {left});
    condition = builder_.elementwise(ir::OpCode::And, {stays, condition});
  }
  builder_.yield(std::vector{condition});
}

void Body::return_or_continue(ir::ValueId returned, std::vector<ir::ValueId> results,
                              const Cursor& here) {
  ir::OpId op = builder_.if_else(returned, frame_types(frames_.back()));
  std::vector<ir::BlockId> regions = function().ops[op].regions;
  ir::BlockId outer = builder_.block();
  builder_.set_block(regions[0]);
  end_frame(Frame::Exit::Return, results);
  builder_.set_block(regions[1]);
  run(here);
  builder_.set_block(outer);
  builder_.yield(std::vector(function().ops[op].results));
}

}  // namespace tile::sema
