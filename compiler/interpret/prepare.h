// How the topics (elementwise, shape, reduce, ...) turn an op into a Step. Each prepare_x fills
// `run`, and `detail` when it needs more than addresses and a count.
#pragma once

#include <memory>
#include <utility>

#include "compiler/interpret/machine.h"
#include "compiler/interpret/types.h"

namespace tile::interpret {

struct Preparation {
  Machine& machine;
  const ir::Function& function;
  Frame& frame;
  std::vector<bool> is_static;  // by ValueId: known before the kernel runs
  bool real = false;

  const ir::Type& type(ir::ValueId value) const { return function.type(value); }
  std::byte* address(ir::ValueId value) const { return frame.values[value.index]; }
  std::int64_t count(ir::ValueId value) const { return *ir::element_count(type(value).shape); }
  std::size_t element_bytes(ir::ValueId value) const {
    return interpret::element_bytes(type(value).element, real);
  }
  std::size_t bytes(ir::ValueId value) const {
    return static_cast<std::size_t>(count(value)) * element_bytes(value);
  }
  Transfer transfer(ir::ValueId from, ir::ValueId to) const {
    return {address(from), address(to), bytes(to)};
  }
  /// Keeps a detail alive as long as the frame.
  template <class T>
  T* keep(T detail) {
    auto owner = std::make_shared<T>(std::move(detail));
    frame.owned.push_back(owner);
    return owner.get();
  }
};

/// Prepares a block and the regions in it.
Code prepare_block(Preparation& preparation, ir::BlockId block);

void prepare_elementwise(Preparation& preparation, Step& step);
void prepare_cast(Preparation& preparation, Step& step);     // Cast, Bitcast
void prepare_compare(Preparation& preparation, Step& step);  // Compare, Select
void prepare_shape(Preparation& preparation,
                   Step& step);  // Constant, Iota, Broadcast, Reshape, ...
void prepare_reduce(Preparation& preparation, Step& step);
void prepare_scan(Preparation& preparation, Step& step);
void prepare_custom(Preparation& preparation, Step& step);  // Reduce and Scan with a region
void prepare_dot(Preparation& preparation, Step& step);
void prepare_load(Preparation& preparation, Step& step);
void prepare_store(Preparation& preparation, Step& step);
void prepare_control(Preparation& preparation, Step& step);  // For, While, If, Call
void prepare_check(Preparation& preparation, Step& step);    // Assume, Assert, Print
void prepare_real_call(Preparation& preparation, Step& step);

}  // namespace tile::interpret
