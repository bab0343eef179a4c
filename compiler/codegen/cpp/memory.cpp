// See nest_emitter.h. Loads and stores: addresses, masks, and which of the prelude's functions
// fits.
#include <algorithm>

#include "compiler/codegen/cpp/nest_emitter.h"

namespace tile::codegen {

using ir::AccessDim;
using ir::ElementType;
using ir::Op;
using ir::ValueId;
using schedule::IndexMap;
using schedule::IndexTerm;

namespace {

std::string times(const std::string& index, const std::string& stride) {
  if (stride == "1") return index;
  const bool is_simple = index.find(' ') == std::string::npos;
  return is_simple ? fmt::format("{} * {}", index, stride)
                   : fmt::format("({}) * {}", index, stride);
}

}  // namespace

/// One index of an access: a scalar part of the address, or what the lanes follow.
void NestEmitter::add_index(Address& address, const Term& index, const std::string& stride) {
  if (index.text == "0" || index.text == "0l" || stride == "0") return;
  address.parts.push_back({times(index.text, stride), index.dims, false});
}

bool NestEmitter::is_covered(const Op& op, std::size_t d, IndexTerm term) const {
  if (term.dim < 0 || term.offset != 0) return false;
  const schedule::Limit limit = schedule::access_limit(function_, op, d);
  return !limit.is_none() && nest_.limits[static_cast<std::size_t>(term.dim)] == limit;
}

void NestEmitter::add_range(Address& address, const Op& op, std::size_t t, std::size_t d,
                            IndexTerm term) {
  const ValueId tensor = op.operands[ir::op::Load::tensor];
  const ValueId start_value = op.operands[ir::op::Load::indices + t];
  const std::string stride = kernel_.stride(tensor, t);
  const Term start{kernel_.scalar(start_value), 0, false};
  const bool is_vector = term.dim >= 0 && term.dim == nest_.vector_dim;
  add_index(address, start, stride);
  if (is_vector) {
    const std::string offset = fmt::format("{}", term.offset);
    add_index(address, {offset, 0, false}, stride);
    if (stride != "0") {
      address.lane_stride = stride;
      address.lane_index = indices_[static_cast<std::size_t>(term.dim)];
    }
  } else {
    add_index(address, index(term), stride);
  }
  const bool is_masked = std::get<ir::AccessAttrs>(op.attributes).dims[t].masked;
  if (is_masked) address.dims |= bit(term.dim);  // a limit may leave that loop without elements
  if (!is_masked || is_covered(op, d, term)) return;
  std::string position = start.text;
  if (position == "0l") {
    position = index(term).text;
  } else if (index(term).text != "0") {
    position += " + " + index(term).text;
  }
  const std::string size = kernel_.size(tensor, t);
  if (!is_vector) {
    address.conditions.push_back(
        {fmt::format("v::inside({}, {})", position, size), bit(term.dim), false});
  } else if (schedule::is_never_negative(function_, start_value) && term.offset >= 0) {
    address.masks.push_back(fmt::format("v::below({} - ({}))", size, position));
  } else {
    address.masks.push_back(fmt::format("v::between(-({0}), {1} - ({0}))", position, size));
  }
}

NestEmitter::Address NestEmitter::tensor_address(const Op& op, const IndexMap& map) {
  const ValueId tensor = op.operands[ir::op::Load::tensor];
  const auto& access = std::get<ir::AccessAttrs>(op.attributes);
  Address address;
  address.base = kernel_.tensor(tensor);
  std::size_t d = 0;
  for (std::size_t t = 0; t < access.dims.size(); ++t) {
    if (access.dims[t].kind == AccessDim::Kind::Range) {
      add_range(address, op, t, d, map[d]);
      ++d;
      continue;
    }
    const bool is_gather = access.dims[t].kind == AccessDim::Kind::Gather;
    const IndexMap index_map = is_gather ? IndexMap{map[d++]} : IndexMap();
    const Term index = value_at(op.operands[ir::op::Load::indices + t], index_map);
    const std::string stride = kernel_.stride(tensor, t);
    const std::string size = access.dims[t].masked ? kernel_.size(tensor, t) : "";
    if (index.is_vector) {
      address.gather = index;
      address.lane_stride = stride;
      if (!size.empty()) {
        address.masks.push_back(fmt::format("v::inside_each({}, {})", index.text, size));
      }
    } else {
      add_index(address, index, stride);
      if (!size.empty()) {
        address.conditions.push_back(
            {fmt::format("v::inside({}, {})", index.text, size), index.dims, false});
      }
    }
  }
  return address;
}

NestEmitter::Address NestEmitter::buffer_address(schedule::BufferId id, const IndexMap& map,
                                                 const std::vector<std::int64_t>& offsets) {
  const schedule::Buffer& buffer = plan_.buffers[id];
  Address address;
  address.base = kernel_.buffer(id);
  for (std::size_t d = 0; d < map.size(); ++d) {
    IndexTerm term = map[d];
    const std::int64_t stride = buffer.strides[d];
    const std::int64_t constant = (term.offset + (offsets.empty() ? 0 : offsets[d])) * stride;
    if (constant != 0) address.parts.push_back({fmt::format("{}", constant), 0, false});
    if (term.dim < 0 || stride == 0) continue;
    term.offset = 0;
    if (term.dim == nest_.vector_dim) {
      address.lane_stride = fmt::format("{}", stride);
      address.lane_index = index(term).text;
    } else {
      add_index(address, index(term), fmt::format("{}", stride));
    }
  }
  return address;
}

/// The address of lane 0, advanced loop by loop so that each part is added as far out as it can be.
std::string NestEmitter::pointer(const Address& address) {
  std::string text = address.base;
  for (std::size_t depth = 0; depth < levels_.size(); ++depth) {
    std::string sum;
    unsigned dims = 0;
    for (const Term& part : address.parts) {
      if (depth_of(part.dims) != depth) continue;
      sum += " + " + part.text;
      dims |= part.dims;
    }
    if (sum.empty()) continue;
    for (const Term& part : address.parts) {
      if (depth_of(part.dims) <= depth) dims |= part.dims;
    }
    text = depth + 1 == levels_.size()
               ? text + sum
               : define(address.base + "_at", "auto", text + sum, dims, false).text;
  }
  if (!address.lane_index.empty()) text += " + " + times(address.lane_index, address.lane_stride);
  return text;
}

/// The lanes that take part; empty for all, unless `needs_one`. Lanes beyond the tile need not be
/// masked where elements inside the tensor are only read.
std::string NestEmitter::lane_mask(const Address& address, bool needs_one, bool is_read) {
  std::vector<std::string> masks = address.masks;
  const bool is_safe = is_read && !masks.empty() && address.gather.text.empty();
  if (!left_.empty() && !is_safe) masks.push_back(fmt::format("v::below({})", left_));
  if (masks.empty() && needs_one) masks.push_back("v::below(v::lanes)");
  std::string text;
  const unsigned dims = bit(nest_.vector_dim);
  for (const std::string& mask : masks) {
    const std::string name =
        define("lanes", "v::mask", mask, dims | address.gather.dims, true).text;
    text += (text.empty() ? "" : " & ") + name;
  }
  return text;
}

/// All scalar conditions; an empty text if there are none.
Term NestEmitter::condition(const Address& address) {
  Term all;
  for (const Term& one : address.conditions) {
    all.text += (all.text.empty() ? "" : " && ") + one.text;
    all.dims |= one.dims;
  }
  if (all.text.empty()) return all;
  return define("inside", "bool", all.text, all.dims, false);
}

unsigned NestEmitter::dims_of(const Address& address) const {
  unsigned dims = address.gather.dims | address.dims;
  for (const Term& part : address.parts) dims |= part.dims;
  for (const Term& condition : address.conditions) dims |= condition.dims;
  if (!address.lane_stride.empty() || !address.masks.empty()) dims |= bit(nest_.vector_dim);
  return dims;
}

Term NestEmitter::read(const Address& address, ElementType element, const std::string& pad,
                       std::string_view hint) {
  const bool is_bool = element == ElementType::Bool;
  const unsigned dims = dims_of(address);
  const bool is_vector = !address.lane_stride.empty() || !address.masks.empty();
  const Term inside = condition(address);
  const std::string from = pointer(address);
  const std::string type = memory_type(element);
  const bool is_typed = !pad.empty() && ir::byte_size(element) >= 4;
  const std::string other = is_typed ? pad : fmt::format("({})({})", type, pad.empty() ? "0" : pad);
  std::string text;
  const bool is_each = !address.lane_stride.empty();
  if (!is_each) {
    text = fmt::format("*({})", from);
    if (!inside.text.empty()) text = fmt::format("{} ? {} : {}", inside.text, text, other);
    if (is_bool) text = fmt::format("({}) != 0", text);
    if (is_vector) {
      const Term same{text, 0, false};
      text =
          fmt::format("v::select({}, {}, {})", lane_mask(address, true, true), splat(same, element),
                      splat({is_bool ? other + " != 0" : other, 0, false}, element));
    }
  } else {
    // Buffers are padded, so their last vector is read whole; a pad is given for tensors only.
    const bool is_gather = !address.gather.text.empty();
    const bool is_unit = address.lane_stride == "1" && !is_gather;
    const bool reads_whole = pad.empty() && is_unit;
    const std::string mask = reads_whole ? "" : lane_mask(address, is_gather, true);
    if (is_gather) {
      text = fmt::format("v::load_at({}, v::convert<long>({}), {}, {}, {})", from,
                         address.gather.text, address.lane_stride, mask, other);
    } else if (mask.empty()) {
      text = is_unit ? fmt::format("v::load({})", from)
                     : fmt::format("v::load_strided({}, {})", from, address.lane_stride);
    } else {
      text = is_unit ? fmt::format("v::load_masked({}, {}, {})", from, mask, other)
                     : fmt::format("v::load_strided_masked({}, {}, {}, {})", from,
                                   address.lane_stride, mask, other);
    }
    if (!inside.text.empty()) {
      text =
          fmt::format("{} ? {} : v::splat<v::vector_of<{}>>({})", inside.text, text, type, other);
    }
    if (is_bool) text = fmt::format("v::from_bytes({})", text);
  }
  return define(hint, is_vector ? vector_type(element) : scalar_type(element), text, dims,
                is_vector);
}

/// `may_overrun`: lanes beyond the last element may be written.
void NestEmitter::write(const Address& address, ElementType element, const Term& value,
                        bool may_overrun) {
  const bool is_bool = element == ElementType::Bool;
  const Term inside = condition(address);
  const std::string to = pointer(address);
  std::string text;
  if (address.lane_stride.empty()) {
    text = fmt::format("*({}) = {};", to, value.text);
  } else {
    std::string x = splat(value, element);
    if (is_bool) x = fmt::format("v::to_bytes({})", x);
    const bool is_gather = !address.gather.text.empty();
    const bool is_unit = address.lane_stride == "1" && !is_gather;
    const std::string mask = may_overrun && is_unit ? "" : lane_mask(address, is_gather, false);
    const std::string& stride = address.lane_stride;
    if (is_gather) {
      text = fmt::format("v::store_at({}, v::convert<long>({}), {}, {}, {});", to,
                         address.gather.text, stride, x, mask);
    } else if (mask.empty()) {
      text = is_unit ? fmt::format("v::store({}, {});", to, x)
                     : fmt::format("v::store_strided({}, {}, {});", to, stride, x);
    } else {
      text = is_unit ? fmt::format("v::store_masked({}, {}, {});", to, x, mask)
                     : fmt::format("v::store_strided_masked({}, {}, {}, {});", to, stride, x, mask);
    }
  }
  if (!inside.text.empty()) text = fmt::format("if ({}) {}", inside.text, text);
  levels_.back().text += text + '\n';
}

Term NestEmitter::scalar_load(const Op& op) {
  const std::string pad = kernel_.scalar(op.operands[ir::op::Load::pad]);
  const Term term = read(tensor_address(op, {}), function_.type(op.results[0]).element, pad,
                         function_.values[op.results[0]].name);
  kernel_.append(levels_[0].text);
  return term;
}

}  // namespace tile::codegen
