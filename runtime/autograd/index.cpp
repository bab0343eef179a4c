// Recorded reading and writing at index tensors (runtime/autograd/index.h). An index is taken apart
// into views and at most one take or put along the middle of [outer, rows, inner].
#include "runtime/autograd/index.h"

#include <algorithm>
#include <array>

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "runtime/ops/checks.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/index.h"

namespace pg {

using autograd::record;
using autograd::VjpCall;

namespace {

/// Zeros of `shape` [A, V, D] with x [A, T, D] added at ids [T]: the gradient of take.
Tensor untake(const Tensor& x, const Tensor& ids, const Shape& shape);

/// x [A, V, D] at ids [T] along the middle.
Tensor take(const Tensor& x, const Tensor& ids) {
  return record("index", ops::take(x, ids), {&x}, {&ids},
                [shape = x.shape()](const VjpCall& call) -> Tensors {
                  return {untake(call.gradient(), call.saved(0), shape)};
                });
}

Tensor untake(const Tensor& x, const Tensor& ids, const Shape& shape) {
  const Tensor y = zeros(shape, x.dtype(), x.device());
  ops::put_(y, ids, x, true);
  return record("unindex", y, {&x}, {&ids}, [](const VjpCall& call) -> Tensors {
    return {take(call.gradient(), call.saved(0))};
  });
}

/// bool [1, T, 1]: whether no later id is the same, so that of values put at ids [T] in [0, rows)
/// this one stays.
Tensor is_last_put(const Tensor& ids, std::int64_t rows) {
  const std::int64_t count = ids.numel();
  const Tensor numbers =
      view::reshape(arange(0, count, 1, DType::I64, ids.device()), {1, count, 1});
  const Tensor last = zeros({1, rows, 1}, DType::I64, ids.device());
  ops::put_(last, ids, numbers, false);
  return ops::binary(ops::BinaryOp::Eq, ops::take(last, ids), numbers);
}

/// What remains of an index when its views are taken: x so viewed, and the dimensions of it that
/// index tensors stand for.
struct Parts {
  Tensor viewed;
  std::vector<ops::IndexedDims> indexed;
};

/// Recorded views, or raw ones where a write must reach x itself.
struct Views {
  bool is_recorded = true;
  Tensor select(const Tensor& x, int axis, std::int64_t at) const {
    return is_recorded ? pg::select(x, axis, at) : view::select(x, axis, at);
  }
  Tensor slice(const Tensor& x, int axis, const Slice& slice) const {
    const std::int64_t start = slice.start.value_or(0);
    const std::int64_t stop = slice.stop.value_or(x.size(axis));
    return is_recorded ? pg::slice(x, axis, start, stop, slice.step)
                       : view::slice(x, axis, start, stop, slice.step);
  }
  Tensor unsqueeze(const Tensor& x, int axis) const {
    return is_recorded ? pg::unsqueeze(x, axis) : view::unsqueeze(x, axis);
  }
};

/// Dimensions of x that an entry stands for.
int covered(const TensorIndex& entry) {
  if (std::holds_alternative<NoneType>(entry.value()) ||
      std::holds_alternative<EllipsisType>(entry.value())) {
    return 0;
  }
  const auto* tensor = std::get_if<Tensor>(&entry.value());
  if (!tensor) return 1;
  if (!tensor->defined()) fail("index", "undefined index tensor");
  return tensor->dtype() == DType::Bool ? tensor->dim() : 1;
}

/// The index tensor of one entry, for dimensions from `axis` on.
ops::IndexedDims indexed_dims(const Tensor& x, int axis, const Tensor& entry) {
  if (entry.dtype() != DType::Bool) return {axis, 1, entry};
  if (entry.dim() == 0) fail("index", "a mask without dimensions");
  for (int d = 0; d < entry.dim(); ++d) {
    if (entry.shape()[d] != x.shape()[axis + d]) {
      fail("index", "the mask {} does not fit {} from axis {} on", to_string(entry.shape()),
           to_string(x.shape()), axis);
    }
  }
  return {axis, entry.dim(), ops::nonzero_places(entry)};
}

Parts take_apart(const Tensor& x, const TensorIndices& indices, Views views) {
  if (!x.defined()) fail("index", "undefined tensor");
  int named = 0;
  int ellipses = 0;
  for (const TensorIndex& entry : indices) {
    named += covered(entry);
    if (std::holds_alternative<EllipsisType>(entry.value())) ++ellipses;
  }
  if (named > x.dim()) fail("index", "{} indices for {} dimensions", named, x.dim());
  if (ellipses > 1) fail("index", "more than one Ellipsis");
  Parts parts{x, {}};
  int axis = 0;
  for (const TensorIndex& entry : indices) {
    const TensorIndex::Value& value = entry.value();
    if (const auto* position = std::get_if<std::int64_t>(&value)) {
      parts.viewed = views.select(parts.viewed, axis, *position);
    } else if (const auto* slice = std::get_if<Slice>(&value)) {
      parts.viewed = views.slice(parts.viewed, axis, *slice);
      ++axis;
    } else if (std::holds_alternative<NoneType>(value)) {
      parts.viewed = views.unsqueeze(parts.viewed, axis++);
    } else if (std::holds_alternative<EllipsisType>(value)) {
      axis += x.dim() - named;
    } else {
      parts.indexed.push_back(indexed_dims(parts.viewed, axis, std::get<Tensor>(value)));
      axis += parts.indexed.back().count;
    }
  }
  return parts;
}

/// x[indices...] = values, or += ; not recorded.
void write_at(const Tensor& x, const TensorIndices& indices, const Tensor& values,
              bool accumulate) {
  const Parts parts = take_apart(x, indices, {.is_recorded = false});
  const Tensor& target = parts.viewed;
  if (parts.indexed.empty()) {
    if (accumulate) {
      ops::binary_(ops::BinaryOp::Add, target, values);
    } else {
      ops::copy_(target, values);
    }
    return;
  }
  const ops::IndexPlan plan = ops::plan_index("index_put_", target, parts.indexed);
  const Tensor flat_values = ops::reshape(view::expand(values, plan.result),
                                          {plan.flat[0], plan.ids.numel(), plan.flat[2]});
  const Tensor turned = view::permute(target, plan.order);
  if (const std::optional<Tensor> flat = view::try_reshape(turned, plan.flat)) {
    ops::put_(*flat, plan.ids, flat_values, accumulate);
  } else {
    const Tensor copy = ops::reshape(turned, plan.flat);
    ops::put_(copy, plan.ids, flat_values, accumulate);
    ops::copy_(turned, view::reshape(copy, turned.shape()));
  }
}

std::vector<const Tensor*> tensors_in(const TensorIndices& indices) {
  std::vector<const Tensor*> tensors;
  for (const TensorIndex& entry : indices) {
    if (const auto* tensor = std::get_if<Tensor>(&entry.value())) tensors.push_back(tensor);
  }
  return tensors;
}

/// x[indices...]; with `only_last` 0 where a later index names the same place.
Tensor read_at(const Tensor& x, const TensorIndices& indices, bool only_last) {
  const Parts parts = take_apart(x, indices, {});
  const Tensor& viewed = parts.viewed;
  if (parts.indexed.empty()) return viewed.is_same(x) ? reshape(x, x.shape()) : viewed;
  const ops::IndexPlan plan = ops::plan_index("index", viewed, parts.indexed);
  Tensor taken = take(reshape(permute(viewed, plan.order), plan.flat), plan.ids);
  const auto may_repeat = [](const Tensor* entry) { return entry->dtype() != DType::Bool; };
  if (only_last && std::ranges::any_of(tensors_in(indices), may_repeat)) {
    taken = where(is_last_put(plan.ids, plan.flat[1]), taken, 0.0);
  }
  return reshape(taken, plan.result);
}

void check_values(const Tensor& x, const Tensor& values) {
  if (!x.defined() || !values.defined()) fail("index_put_", "undefined tensor");
  if (values.dtype() != x.dtype()) {
    fail("index_put_", "the values are {}, the tensor {}", describe(values), describe(x));
  }
}

}  // namespace

Tensor index(const Tensor& x, const TensorIndices& indices) { return read_at(x, indices, false); }

Tensor index_put(const Tensor& x, const TensorIndices& indices, const Tensor& values,
                 bool accumulate) {
  check_values(x, values);
  const Tensor y = ops::clone(x);
  write_at(y, indices, values, accumulate);
  const std::array inputs{&x, &values};
  if (!autograd::needs_record(inputs)) return y;
  const std::vector<const Tensor*> saved = tensors_in(indices);
  autograd::attach("index_put", {&y, 1}, inputs, saved,
                   [indices, accumulate, count = saved.size(),
                    shape = values.shape()](const VjpCall& call) -> Tensors {
                     for (std::size_t i = 0; i < count; ++i)
                       call.saved(static_cast<int>(i));  // still the same
                     const Tensor& g = call.gradient();
                     Tensors result(2);
                     if (call.wants(0)) {
                       result[0] = accumulate ? g : index_put(g, indices, scalar(0.0f, g.device()));
                     }
                     if (call.wants(1)) {
                       result[1] = sum_to(read_at(g, indices, !accumulate), shape);
                     }
                     return result;
                   });
  return y;
}

Tensor index_put_(const Tensor& x, const TensorIndices& indices, const Tensor& values,
                  bool accumulate) {
  check_values(x, values);
  return autograd::in_place(
      "index_put_", x, {&values}, [&] { write_at(x, indices, values, accumulate); },
      [&](const Tensor& before) { return index_put(before, indices, values, accumulate); });
}

Tensor index_select(const Tensor& x, int axis, const Tensor& ids) {
  if (ids.dim() > 1) fail("index_select", "the index has {} dimensions", ids.dim());
  const int dim = normalize_axis("index_select", axis, x.dim());
  TensorIndices indices(static_cast<std::size_t>(dim), Slice());
  indices.emplace_back(ids.dim() == 0 ? view::reshape(ids, {1}) : ids);
  return index(x, indices);
}

Tensor masked_select(const Tensor& x, const Tensor& mask) {
  const Shape shape = broadcast_shapes("masked_select", x.shape(), mask.shape());
  return index(expand(x, shape), {view::expand(mask, shape)});
}

Tensor nonzero(const Tensor& x) {
  const Tensor places = ops::nonzero_places(cast(x, DType::Bool));
  Tensors columns;
  std::int64_t stride = x.numel();
  for (std::int64_t size : x.shape()) {
    stride /= size > 0 ? size : 1;
    const Tensor row = ops::div(places, static_cast<double>(stride));
    columns.push_back(ops::binary(ops::BinaryOp::Fmod, row, static_cast<double>(size)));
  }
  if (columns.empty()) return zeros({places.numel(), 0}, DType::I64, x.device());
  return stack(columns, 1);
}

namespace {

/// x with its dimensions but `axis` (-1: with all of them) cut to the sizes of ids.
Tensor cut_to(const Tensor& x, int axis, const Tensor& ids) {
  if (!ids.defined() || ids.dim() != x.dim()) return x;  // refused later
  Tensor cut = x;
  for (int d = 0; d < x.dim(); ++d) {
    const std::int64_t size = ids.shape()[d];
    if (d != axis && size < x.shape()[d]) cut = narrow(cut, d, 0, size);
  }
  return cut;
}

Tensor scattered_sum(const Tensor& x, int axis, const Tensor& ids, const Tensor& source);

}  // namespace

namespace autograd {

Tensor gathered(const Tensor& x, int axis, const Tensor& ids) {
  return record("gather", ops::gather(x, axis, ids), {&x}, {&ids},
                [axis, shape = x.shape()](const VjpCall& call) -> Tensors {
                  const Tensor& g = call.gradient();
                  const Tensor zero = zeros(shape, DType::F32, g.device());
                  return {scattered_sum(zero, axis, call.saved(0), g)};
                });
}

}  // namespace autograd

namespace {

/// The same for values scattered into a tensor of `shape`: bool of the shape of ids.
Tensor is_last_scattered(const Shape& shape, int axis, const Tensor& ids) {
  Shape line = Shape::filled(ids.dim(), 1);
  line[axis] = ids.shape()[axis];
  const Tensor numbers = view::expand(
      view::reshape(arange(0, line[axis], 1, DType::I64, ids.device()), line), ids.shape());
  const Tensor last = zeros(shape, DType::I64, ids.device());
  ops::scatter_(last, axis, ids, numbers, false);
  return ops::binary(ops::BinaryOp::Eq, ops::gather(last, axis, ids), numbers);
}

/// A copy of x with `source` at checked indices.
Tensor scattered(const Tensor& x, int axis, const Tensor& ids, const Tensor& source) {
  const Tensor y = ops::clone(x);
  ops::scatter_(y, axis, ids, source, false);
  return record("scatter", y, {&x, &source}, {&ids}, [axis](const VjpCall& call) -> Tensors {
    const Tensor& g = call.gradient();
    const Tensor ids = call.saved(0);
    Tensors result(2);
    if (call.wants(0)) {
      result[0] = scattered(g, axis, ids, zeros(ids.shape(), DType::F32, g.device()));
    }
    if (call.wants(1)) {
      const Tensor stays = is_last_scattered(g.shape(), axis, ids);
      result[1] = where(stays, autograd::gathered(g, axis, ids), 0.0);
    }
    return result;
  });
}

/// A copy of x with `source` added at checked indices.
Tensor scattered_sum(const Tensor& x, int axis, const Tensor& ids, const Tensor& source) {
  const Tensor y = ops::clone(x);
  ops::scatter_(y, axis, ids, source, true);
  return record("scatter_add", y, {&x, &source}, {&ids}, [axis](const VjpCall& call) -> Tensors {
    Tensors result{call.gradient(), Tensor()};
    if (call.wants(1)) result[1] = autograd::gathered(call.gradient(), axis, call.saved(0));
    return result;
  });
}

}  // namespace

Tensor gather(const Tensor& x, int axis, const Tensor& ids) {
  if (!x.defined()) fail("gather", "undefined tensor");
  if (x.dim() == 0) fail("gather", "a scalar has no axis");
  const int dim = normalize_axis("gather", axis, x.dim());
  const Tensor cut = cut_to(x, dim, ids);
  return autograd::gathered(cut, dim, ops::checked_along("gather", cut, dim, ids));
}

namespace {

/// ids may be smaller than source, of which the rest is not used, and than x, of which the rest
/// stays as it is.
Tensor scattered_within(const char* op, const Tensor& x, int axis, const Tensor& ids,
                        const Tensor& source, bool is_sum) {
  ops::check_defined(op, x);
  ops::check_defined(op, source);
  const int dim = normalize_axis(op, axis, x.dim());
  const Tensor reached = cut_to(x, dim, ids);
  const Tensor checked = ops::checked_along(op, reached, dim, ids);
  const Tensor used = cut_to(source, -1, ids);
  const Tensor y =
      is_sum ? scattered_sum(reached, dim, checked, used) : scattered(reached, dim, checked, used);
  if (reached.is_same(x)) return y;
  TensorIndices region;
  for (std::int64_t size : reached.shape()) region.emplace_back(Slice(0, size));
  return index_put(x, region, y);
}

}  // namespace

Tensor scatter(const Tensor& x, int axis, const Tensor& ids, const Tensor& source) {
  return scattered_within("scatter", x, axis, ids, source, false);
}

Tensor scatter(const Tensor& x, int axis, const Tensor& ids, double value) {
  ops::check_defined("scatter", x);
  ops::check_defined("scatter", ids);
  ops::number_argument("scatter", value, x.dtype());
  return scatter(x, axis, ids, full(ids.shape(), value, x.dtype(), x.device()));
}

Tensor scatter_add(const Tensor& x, int axis, const Tensor& ids, const Tensor& source) {
  return scattered_within("scatter_add", x, axis, ids, source, true);
}

Tensor one_hot(const Tensor& ids, std::int64_t classes) {
  if (!ids.defined() || !is_integer(ids.dtype())) {
    fail("one_hot", "ids are {}, not i32 or i64", describe(ids));
  }
  const ValueRange range = ids.numel() > 0 ? value_range(ids) : ValueRange{0, -1};
  if (classes < 0) classes = range.highest + 1;
  if (range.lowest < 0 || range.highest >= classes) {
    fail("one_hot", "ids from {} to {} are not among {} classes", range.lowest, range.highest,
         classes);
  }
  const Tensor columns = arange(0, classes, 1, ids.dtype(), ids.device());
  return cast(eq(view::unsqueeze(ids, -1), columns), DType::I64);
}

IndexedTensor::IndexedTensor(const Tensor& base, TensorIndices indices)
    : Tensor(pg::index(base, indices)), base_(base), indices_(std::move(indices)) {}

void IndexedTensor::operator=(const Tensor& values) && {
  Tensor::operator=(Tensor());  // a recorded write must find no other view
  pg::index_put_(base_, indices_, cast(values, base_.dtype()));
}
void IndexedTensor::operator=(const IndexedTensor& values) && {
  std::move(*this) = static_cast<const Tensor&>(values);
}
void IndexedTensor::operator=(double value) && {
  ops::number_argument("index_put_", value, base_.dtype());
  std::move(*this) = full({}, value, base_.dtype(), base_.device());
}
void IndexedTensor::operator+=(const Tensor& other) && { std::move(*this) = add(*this, other); }
void IndexedTensor::operator-=(const Tensor& other) && { std::move(*this) = sub(*this, other); }
void IndexedTensor::operator*=(const Tensor& other) && { std::move(*this) = mul(*this, other); }
void IndexedTensor::operator/=(const Tensor& other) && { std::move(*this) = div(*this, other); }
void IndexedTensor::operator+=(double other) && { std::move(*this) = add(*this, other); }
void IndexedTensor::operator-=(double other) && { std::move(*this) = sub(*this, other); }
void IndexedTensor::operator*=(double other) && { std::move(*this) = mul(*this, other); }
void IndexedTensor::operator/=(double other) && { std::move(*this) = div(*this, other); }

}  // namespace pg
