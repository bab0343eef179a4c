// Indexing: reads and stores of tensor parameters, and views of tiles (`t[:, None]`).
#include <fmt/format.h>

#include "compiler/sema/body.h"
#include "compiler/sema/const_eval.h"
#include "compiler/sema/type_rules.h"

namespace tile::sema {

using ir::ElementType;

Value Body::subscript(const Expr& expr) {
  Argument base{expression(expr.base), ast_[expr.base].span};
  if (base.value.is_error()) return Value::error();
  if (base.value.is_tensor()) return load(base, expr);
  if (base.value.is_tile()) return view_tile(base, expr);
  auto builder = report(base.span, Kind::InvalidIndex,
                        fmt::format("{} cannot be indexed", describe(base.value)));
  const Builtin* builtin = find_builtin(base.value.name);
  if (builtin && builtin->takes_shape()) {
    builder.help(fmt::format("write `{}<f32>[...]`", builtin->name));
  }
  return Value::error();
}

// ---- Tensors ------------------------------------------------------------------------------------

Value Body::load(const Argument& tensor, const Expr& expr) {
  std::string name = function().values[tensor.value.id].name;
  bool is_readable =
      tensor.value.access == ir::Access::In || tensor.value.access == ir::Access::InOut;
  if (!is_readable) {
    report(expr.span, Kind::ReadOfOut, name).help("declare it `inout` to read what it holds");
    return Value::error();
  }
  bool has_pad = !expr.pad.is_none();
  auto accessed = access(tensor, ast_.items_of(expr.indices), has_pad, expr.span);
  if (!accessed) return Value::error();
  ElementType element = tensor.value.type.element;
  builder_.set_span(expr.span);
  ir::ValueId pad;
  if (has_pad) {
    Argument written{expression(expr.pad), ast_[expr.pad].span};
    auto value = fit(written, ir::Type::scalar(element));
    if (!value) return Value::error();
    pad = *value;
  } else {
    pad = builder_.constant({element, 0});
  }
  builder_.set_span(expr.span);
  return tile_value(builder_.load(tensor.value.id, pad, accessed->indices, accessed->access));
}

std::optional<Body::Accessed> Body::access(const Argument& tensor, std::span<const Index> indices,
                                           bool has_pad, Span span) {
  std::string name = function().values[tensor.value.id].name;
  std::size_t rank = tensor.value.type.shape.size();
  if (indices.size() != rank) {
    report(span, Kind::RankMismatch, name, rank, indices.size());
    return std::nullopt;
  }
  Accessed accessed;
  accessed.access.has_pad = has_pad;
  bool is_ok = true;
  for (const Index& index : indices) {
    is_ok &= access_dimension(tensor, index, has_pad, accessed);
  }
  if (!is_ok) return std::nullopt;
  ir::Shape shape = ir::access_shape(accessed.access);
  if (extent_problem(shape).empty()) return accessed;
  report(span, Kind::ExtentOverflow, ir::to_string(shape), max_tile_elements);
  return std::nullopt;
}

/// `:` is a whole dimension, if its size is a constant; `None` is for tiles.
bool Body::access_whole(const Argument& tensor, const Index& index, Accessed& out) {
  std::string name = function().values[tensor.value.id].name;
  if (index.kind == Index::Kind::NewAxis) {
    report(index.span, Kind::InvalidIndex, "`None` is for tiles, not for tensors")
        .help(fmt::format("read `{}` first", name));
    return false;
  }
  std::size_t dimension = out.indices.size();
  for (const ir::Parameter& parameter : function().parameters) {
    if (parameter.name != name || dimension >= parameter.sizes.size()) continue;
    auto extent = parse_integer(parameter.sizes[dimension]);
    if (!extent || *extent < 1) break;
    builder_.set_span(index.span);
    out.indices.push_back(builder_.constant_int(0));
    out.access.dims.push_back({ir::AccessDim::Kind::Range, *extent, true});
    return true;
  }
  report(index.span, Kind::InvalidIndex,
         "`:` needs a dimension whose size is known at compile time")
      .help("write `0 +: extent`");
  return false;
}

bool Body::access_dimension(const Argument& tensor, const Index& index, bool has_pad,
                            Accessed& out) {
  std::string name = function().values[tensor.value.id].name;
  if (index.kind == Index::Kind::NewAxis || index.kind == Index::Kind::Full) {
    return access_whole(tensor, index, out);
  }
  Argument start{expression(index.start), ast_[index.start].span};
  if (start.value.is_int() && start.value.integer < 0 && !has_pad) {
    report(start.span, Kind::NegativeStart, start.value.integer, name)
        .help("write `pad 0.0` after the brackets if that is meant");
    return false;
  }
  ir::AccessDim dim;
  const Value& value = start.value;
  bool is_gather = index.kind == Index::Kind::Single && value.is_tile() && !value.type.is_scalar();
  if (is_gather) {
    bool is_index = value.type.rank() == 1 && (value.type.element == ElementType::I64 ||
                                               value.type.element == ElementType::I32);
    if (!is_index) {
      report(start.span, Kind::InvalidIndex,
             fmt::format("an index must be a scalar or a rank-1 tile of `i64` or `i32`, found `{}`",
                         ir::to_string(value.type)));
      return false;
    }
    dim = {ir::AccessDim::Kind::Gather, value.type.shape[0], true};
    builder_.set_span(start.span);
    out.indices.push_back(builder_.cast(value.id, ElementType::I64));
  } else {
    auto id = index_scalar(start, "an index");
    if (index.kind == Index::Kind::Range) {
      auto extent = extents({{expression(index.extent), ast_[index.extent].span}}, index.span);
      if (!extent) return false;
      dim = {ir::AccessDim::Kind::Range, extent->front(), true};
    }
    if (!id) return false;
    out.indices.push_back(*id);
  }
  out.access.dims.push_back(dim);
  return true;
}

void Body::store(const Stmt& stmt) {
  Argument tensor{name(stmt.name), stmt.name.span};
  if (tensor.value.is_error()) {
    expression(stmt.value);
    return;
  }
  if (!tensor.value.is_tensor()) {
    report(stmt.target_span, Kind::InvalidIndex,
           fmt::format("`{}` is {}; only tensor parameters can be stored to", stmt.name.text,
                       describe(tensor.value)))
        .help("tiles are values: build a new one with `where`");
    return;
  }
  if (tensor.value.access == ir::Access::In) {
    report(stmt.target_span, Kind::WriteOfInput, stmt.name.text)
        .help(fmt::format("declare it `{}: out tensor<...>`", stmt.name.text));
    return;
  }
  auto accessed = access(tensor, ast_.items_of(stmt.indices), false, stmt.target_span);
  Argument value{expression(stmt.value), ast_[stmt.value].span};
  if (!accessed) return;
  ElementType element = tensor.value.type.element;
  if (stmt.assign != AssignOp::Plain) {
    if (tensor.value.access != ir::Access::InOut) {
      report(stmt.target_span, Kind::ReadOfOut, stmt.name.text)
          .help("declare it `inout` to read what it holds");
      return;
    }
    builder_.set_span(stmt.target_span);
    ir::ValueId pad = builder_.constant({element, 0});
    Argument old{tile_value(builder_.load(tensor.value.id, pad, accessed->indices,
                                          accessed->access)),
                 stmt.target_span};
    value.value = binary(binary_of(stmt.assign), old, value, stmt.span);
  }
  auto id = fit(value, ir::Type::tile(element, ir::access_shape(accessed->access)));
  if (!id) return;
  builder_.set_span(stmt.span);
  builder_.store(tensor.value.id, *id, accessed->indices, accessed->access);
}

BinaryOp binary_of(AssignOp op) {
  switch (op) {
    case AssignOp::Add: return BinaryOp::Add;
    case AssignOp::Subtract: return BinaryOp::Subtract;
    case AssignOp::Multiply: return BinaryOp::Multiply;
    case AssignOp::Divide: return BinaryOp::Divide;
    case AssignOp::Plain: break;
  }
  TILE_UNREACHABLE("plain assignment");
}

// ---- Tiles --------------------------------------------------------------------------------------

Value Body::view_tile(const Argument& base, const Expr& expr) {
  // `:` keeps a dimension, `None` inserts one, constants select: a slice, then a reshape.
  ir::Type type = base.value.type;
  std::vector<std::int64_t> offsets;
  ir::Shape sliced, shape;
  std::size_t given = 0;
  for (const Index& index : ast_.items_of(expr.indices)) {
    given += index.kind == Index::Kind::NewAxis ? 0 : 1;
  }
  if (given != type.shape.size() || !expr.pad.is_none()) {
    if (given != type.shape.size()) {
      report(expr.span, Kind::RankMismatch, ir::to_string(type), type.shape.size(), given);
    } else {
      report(ast_[expr.pad].span, Kind::InvalidIndex, "`pad` is for reads of tensors");
    }
    return Value::error();
  }
  for (const Index& index : ast_.items_of(expr.indices)) {
    if (index.kind == Index::Kind::NewAxis) {
      shape.push_back(1);
      continue;
    }
    std::int64_t whole = type.shape[offsets.size()], start = 0, extent = whole;
    if (index.kind != Index::Kind::Full) {
      auto at = constant_int(index.start, "an index of a tile");
      auto length = index.kind == Index::Kind::Range ? constant_int(index.extent, "an extent")
                                                     : std::optional<std::int64_t>(1);
      if (!at || !length) return Value::error();
      start = *at, extent = *length;
    }
    if (start < 0 || extent < 1 || extent > whole || start > whole - extent) {
      bool is_single = index.kind == Index::Kind::Single;
      report(index.span, Kind::InvalidIndex,
             is_single
                 ? fmt::format("index {} is outside the tile's extent {}", start, whole)
                 : fmt::format("{} +: {} is outside the tile's extent {}", start, extent, whole));
      return Value::error();
    }
    offsets.push_back(start);
    sliced.push_back(extent);
    if (index.kind != Index::Kind::Single) shape.push_back(extent);
  }
  builder_.set_span(expr.span);
  ir::ValueId id = base.value.id;
  if (sliced != type.shape) id = builder_.slice(id, std::move(offsets), sliced);
  return tile_value(builder_.reshape(id, std::move(shape)));
}

}  // namespace tile::sema
