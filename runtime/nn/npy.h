// NumPy's .npy files, versions 1 to 3: C order, little-endian f4, i4, i8, b1 (and f8 on reading,
// rounded to f32). Errors name the file.
#pragma once

#include <string>

#include "runtime/tensor/tensor.h"

namespace pg::nn {

Tensor load_npy(const std::string& path);
/// Any strides; written beside the target and renamed.
void save_npy(const std::string& path, const Tensor& tensor);

}  // namespace pg::nn
