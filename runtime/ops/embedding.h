// Rows of a table by index (kernels/embedding.tile).
#pragma once

#include "runtime/tensor/tensor.h"

namespace pg::ops {

/// weight [V, D], ids (i32 or i64, any shape): [ids.., D]. Ids must lie in [0, V): checked on the
/// host. "embedding: id 512 at position 3 is outside the table of 512 rows".
Tensor embedding(const Tensor& weight, const Tensor& ids);
/// dweight [V, D]: row v is one chain over the tokens with id v, ascending position (NUMERICS rule
/// 7).
Tensor embedding_backward(const Tensor& gradient, const Tensor& ids, std::int64_t rows);

}  // namespace pg::ops
