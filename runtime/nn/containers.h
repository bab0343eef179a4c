// Modules made of modules, which they own: their children's names are their places, "0", "1", ...
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/nn/layers.h"

namespace pg::nn {

/// What lists and Sequential share: a Base that owns modules of type Kind.
template <typename Base, typename Kind>
class OwnerOf : public Base {
 public:
  /// Makes the next module of these arguments. Returns it.
  template <typename Chosen = Kind, typename... Arguments>
  Chosen& add(Arguments&&... arguments) {
    auto made = std::make_unique<Chosen>(std::forward<Arguments>(arguments)...);
    Chosen& result = *made;
    this->register_module(std::to_string(owned_.size()), result);
    owned_.push_back(std::move(made));
    return result;
  }

  std::size_t size() const { return owned_.size(); }
  Kind& operator[](std::size_t i) const { return *owned_.at(i); }

  /// Over the modules themselves.
  class Iterator {
   public:
    Kind& operator*() const { return **at_; }
    Kind* operator->() const { return at_->get(); }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    friend OwnerOf;
    using Position = typename std::vector<std::unique_ptr<Kind>>::const_iterator;
    explicit Iterator(Position at) : at_(at) {}

    Position at_;
  };
  Iterator begin() const { return Iterator(owned_.begin()); }
  Iterator end() const { return Iterator(owned_.end()); }

 private:
  std::vector<std::unique_ptr<Kind>> owned_;
};

/// Modules that their owner calls as it likes:
///   ModuleList<Block> blocks;
///   for (int i = 0; i < 4; ++i) blocks.add(64);
///   for (const Block& block : blocks) x = block(x);
template <typename Kind = Module>
using ModuleList = OwnerOf<Module, Kind>;

/// Layers one after the other:
///   Sequential net;
///   net.add<Linear>(2, 16);
///   net.add<ReLU>();
///   Tensor y = net(x);
class Sequential final : public OwnerOf<Layer, Layer> {
 public:
  Tensor forward(const Tensor& x) const override {
    Tensor y = x;
    for (const Layer& layer : *this) y = layer(y);
    return y;
  }
};

}  // namespace pg::nn
