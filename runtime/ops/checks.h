// Argument checks that ops share. All throw pg::Error opened by the op's name.
#pragma once

#include <initializer_list>
#include <string_view>

#include "runtime/tensor/launch.h"

namespace pg::ops {

void check_defined(std::string_view op, const Tensor& x);
/// Defined and f32.
void check_f32(std::string_view op, std::initializer_list<const Tensor*> tensors);
/// i32 or i64; "embedding: ids are f32, not i32 or i64".
void check_ids(std::string_view op, std::string_view what, const Tensor& ids);
/// Exactly this shape; "swiglu: up is [2, 3], not [2, 4]".
void check_shape(std::string_view op, std::string_view what, const Tensor& x, const Shape& shape);

/// x as [rows, last dimension]: a view when strides allow it, else a packed copy. Rank 0 counts as
/// [1].
Tensor as_rows(const Tensor& x);
/// A view of x without its last dimension's position: the product of the leading sizes.
std::int64_t row_count(const Tensor& x);
/// x.shape() without the last dimension.
Shape leading_shape(const Tensor& x);
/// An i64 tensor [1] from `start`, or holding `otherwise` when it is undefined.
Tensor start_tensor(std::string_view op, const Tensor& start, std::int64_t otherwise);

}  // namespace pg::ops
