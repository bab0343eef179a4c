// Argument checks that ops share. All throw pg::Error opened by the op's name.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "runtime/tensor/launch.h"

namespace pg::ops {

void check_defined(std::string_view op, const Tensor& x);
/// On one device: "add: tensors are on cpu and cuda:0". A tensor is never moved silently.
void check_same_device(std::string_view op, std::initializer_list<const Tensor*> tensors);
/// Defined, f32 and on one device.
void check_f32(std::string_view op, std::initializer_list<const Tensor*> tensors);
/// i32 or i64 on the device of `other`; "embedding: ids are f32, not i32 or i64".
void check_ids(std::string_view op, std::string_view what, const Tensor& ids, const Tensor& other);
/// The first of packed integers that is outside [lowest, end). On a GPU no wait when they came from
/// the host, as batches do.
struct Outlier {
  std::int64_t position = 0;
  std::int64_t value = 0;
};
std::optional<Outlier> find_outside(const Tensor& ids, std::int64_t lowest, std::int64_t end);
/// Exactly this shape; "swiglu: up is [2, 3], not [2, 4]".
void check_shape(std::string_view op, std::string_view what, const Tensor& x, const Shape& shape);

/// A number as kernel argument of this element type, which must hold it: "fill_: 0.5 is not an
/// i64". Of bool whether it is not 0; rounded for f32.
Argument number_argument(std::string_view op, double value, DType type);

/// Room for a result of `op`, on the device of `operand`.
Tensor new_result(const char* op, const Tensor& operand, const Shape& shape,
                  DType type = DType::F32);
/// x as [rows, last dimension]: a view when strides allow it, else a packed copy. Rank 0 counts as
/// [1].
Tensor as_rows(const Tensor& x);
/// A view of x without its last dimension's position: the product of the leading sizes.
std::int64_t row_count(const Tensor& x);
/// x.shape() without the last dimension.
Shape leading_shape(const Tensor& x);
/// An i64 tensor [1] from `start`, or holding `otherwise` when it is undefined, on the device of
/// `operand`.
Tensor start_tensor(std::string_view op, const Tensor& start, std::int64_t otherwise,
                    const Tensor& operand);

}  // namespace pg::ops
