// See share_common.h. One walk with a hash table of what is visible; a region's entries are taken
// out again when the walk leaves it. A key is a list of numbers that says all about an op.
#include "compiler/passes/share_common.h"

#include <algorithm>
#include <unordered_map>

#include "compiler/passes/clone.h"
#include "compiler/passes/effects.h"

namespace tile::passes {

using namespace ir;

namespace {

using Key = std::vector<std::uint64_t>;

struct KeyHash {
  std::size_t operator()(const Key& key) const {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (std::uint64_t item : key) hash = (hash ^ item ^ (item >> 29)) * 0x100000001b3u;
    return static_cast<std::size_t>(hash ^ (hash >> 32));
  }
};

struct AttributesToKey {
  Key& key;
  void add(auto value) const { key.push_back(static_cast<std::uint64_t>(value)); }
  void operator()(const NoAttrs&) const {}
  void operator()(const ConstantAttrs& a) const { add(a.value.bits); }
  void operator()(const AxisAttrs& a) const { add(a.axis); }
  void operator()(const CompareAttrs& a) const { add(a.predicate); }
  void operator()(const PermuteAttrs& a) const {
    for (int axis : a.order) add(axis);
  }
  void operator()(const SliceAttrs& a) const {
    for (std::int64_t offset : a.offsets) add(offset);
  }
  void operator()(const ReduceAttrs& a) const { add(a.kind), add(a.axis); }
  void operator()(const ScanAttrs& a) const { add(a.kind), add(a.axis), add(a.reverse); }
  void operator()(const DotAttrs& a) const { add(a.precision); }
  void operator()(const AccessAttrs& a) const {
    for (const AccessDim& dim : a.dims) add(dim.kind), add(dim.extent), add(dim.masked);
    add(a.has_pad);
  }
  void operator()(const CallAttrs& a) const { add(a.callee.index); }
  void operator()(const MessageAttrs&) const {}
};

class Sharing {
 public:
  explicit Sharing(Function& function) : function_(function) {}
  void block(BlockId id);

 private:
  bool can_share(const Op& op) const;
  Key key_of(const Op& op) const;

  Function& function_;
  ValueMap replaced_;
  std::unordered_map<Key, OpId, KeyHash> seen_;
};

bool Sharing::can_share(const Op& op) const {
  if (!op.regions.empty() || op.results.empty()) return false;
  return is_pure(op) || is_constant_load(function_, op);
}

Key Sharing::key_of(const Op& op) const {
  Key key = {static_cast<std::uint64_t>(op.code)};
  for (ValueId operand : op.operands) key.push_back(operand.index);
  if (info(op.code).traits == Traits::Commutes) std::sort(key.begin() + 1, key.end());
  std::visit(AttributesToKey{key}, op.attributes);
  for (ValueId result : op.results) {
    const Type& type = function_.type(result);
    key.push_back(static_cast<std::uint64_t>(type.element));
    for (std::int64_t extent : type.shape) key.push_back(static_cast<std::uint64_t>(extent));
  }
  return key;
}

void Sharing::block(BlockId id) {
  std::vector<Key> added;
  std::erase_if(function_.blocks[id].ops, [&](OpId op_id) {
    Op& op = function_.ops[op_id];
    for (ValueId& operand : op.operands) operand = mapped(replaced_, operand);
    for (BlockId region : op.regions) block(region);
    if (!can_share(op)) return false;
    Key key = key_of(op);
    const auto [found, is_new] = seen_.emplace(key, op_id);
    if (is_new) {
      added.push_back(std::move(key));
      return false;
    }
    const Op& earlier = function_.ops[found->second];
    for (std::size_t index = 0; index < op.results.size(); ++index) {
      set_mapped(replaced_, op.results[index], earlier.results[index]);
    }
    return true;
  });
  for (const Key& key : added) seen_.erase(key);
}

}  // namespace

void share_common(Function& function) {
  if (!function.grid.is_none()) Sharing(function).block(function.grid);
  Sharing(function).block(function.body);
}

}  // namespace tile::passes
