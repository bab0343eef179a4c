// What keeps a kernel from being faster, as its plan shows it: for `tilec explain`.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "compiler/base/stride_class.h"
#include "compiler/schedule/plan.h"
#include "compiler/source/source_file.h"

namespace tile::schedule {

struct Remark {
  Span span;
  std::string what;    // "a thread loads `x` by 4 bytes, not 16"
  std::string why;     // "its address and strides may be no multiples of 16 bytes"
  std::string change;  // what to do about it; may be empty
  bool operator==(const Remark&) const = default;
};

/// Of a CPU: accesses that are not whole vectors, loops without any, sides of dots that are packed.
std::vector<Remark> remarks(const Plan& plan, const ir::Function& function,
                            std::span<const StrideClass> strides);

/// Appends unless it has been said.
void add_once(std::vector<Remark>& all, Remark remark);

}  // namespace tile::schedule
