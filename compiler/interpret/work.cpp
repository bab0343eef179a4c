// See work.h.
#include "compiler/interpret/work.h"

#include <algorithm>
#include <optional>
#include <span>

#include "compiler/interpret/work_values.h"

namespace tile::interpret {

namespace {

constexpr std::int64_t most_rounds = 1 << 20;  // of a `while` whose end is known to be far

struct BoundTensor {
  std::size_t word = 0;  // of its address
  const std::int64_t* sizes = nullptr;
  const std::int64_t* strides = nullptr;
  double element_bytes = 0;
  double loaded = 0;  // elements
  double stored = 0;
};

std::int64_t read_place(const ReadInteger& place, const std::int64_t* words,
                        const ReadMemory& read) {
  std::int64_t bits = 0;
  read(static_cast<std::uint64_t>(words[place.word] + place.offset_bytes), &bits, place.bytes);
  return bits;
}

/// One launch being counted.
class Walk {
 public:
  Walk(const ir::Module& module, const std::vector<bool>& decides, const std::int64_t* words,
       const ReadMemory& read)
      : module_(module), decides_(decides), words_(words), read_(read) {
    for (std::uint32_t f = 0; f < module.functions.size(); ++f) {
      values_.emplace_back(module.functions[ir::FunctionId{f}].values.size());
    }
    bind();
  }

  void run() {
    const ir::Function& kernel = this->kernel();
    run_block(module_.kernel, kernel.grid);
    std::vector<std::int64_t> extents;
    std::int64_t programs = 1;
    for (const ir::ValueId extent : terminator(kernel, kernel.grid).operands) {
      extents.push_back(
          std::max<std::int64_t>(0, value(module_.kernel, extent).number.value_or(1)));
      programs *= extents.back();
    }
    work_ = {};  // the grid's own arithmetic is nobody's
    program_.resize(extents.size());
    for (std::int64_t number = 0; number < programs; ++number) {
      std::int64_t rest = number;
      for (std::size_t d = extents.size(); d-- > 0; rest /= extents[d]) {
        program_[d] = rest % extents[d];
      }
      run_block(module_.kernel, kernel.body);
    }
  }

  /// No more bytes of a tensor than it has, however often programs come back to them.
  KernelWork work() const {
    KernelWork work = work_;
    for (const BoundTensor& tensor : tensors_) {
      if (tensor.sizes == nullptr) continue;
      double held = 1;
      for (std::ptrdiff_t d = 0; d < tensor.strides - tensor.sizes; ++d) {
        if (tensor.strides[d] != 0) held *= static_cast<double>(tensor.sizes[d]);
      }
      work.bytes +=
          tensor.element_bytes * (std::min(tensor.loaded, held) + std::min(tensor.stored, held));
    }
    return work;
  }
  std::vector<ReadInteger> take_read() { return std::move(integers_); }

 private:
  const ir::Function& kernel() const { return module_.functions[module_.kernel]; }
  Known& value(ir::FunctionId function, ir::ValueId id) {
    return values_[function.index][id.index];
  }
  static const ir::Op& terminator(const ir::Function& function, ir::BlockId block) {
    return function.ops[function.blocks[block].ops.back()];
  }

  void bind() {
    const ir::Function& function = kernel();
    std::size_t word = 0;
    for (const ir::ValueId parameter : function.blocks[function.body].arguments) {
      const ir::Type& type = function.type(parameter);
      BoundTensor& tensor = tensors_.emplace_back();
      if (type.is_tensor()) {
        const auto rank = static_cast<std::size_t>(type.rank());
        tensor.word = word;
        tensor.sizes = words_ + word + 1;
        tensor.strides = tensor.sizes + rank;
        tensor.element_bytes = ir::byte_size(type.element);
        word += 1 + 2 * rank;
      } else {
        if (!ir::is_float(type.element)) value(module_.kernel, parameter).number = words_[word];
        ++word;
      }
    }
  }

  void run_block(ir::FunctionId id, ir::BlockId block) {
    const ir::Function& function = module_.functions[id];
    for (const ir::OpId op : function.blocks[block].ops) run_op(id, function, function.ops[op]);
  }

  void copy(ir::FunctionId from, std::span<const ir::ValueId> sources, ir::FunctionId to,
            std::span<const ir::ValueId> targets) {
    std::vector<Known> copies;  // a yield may permute what is carried
    for (const ir::ValueId source : sources) copies.push_back(value(from, source));
    for (std::size_t i = 0; i < targets.size(); ++i) value(to, targets[i]) = copies[i];
  }

  void add_flops(const ir::Type& type, double flops) {
    if (ir::is_float(type.element)) work_.fp32_flops += flops;
  }

  void run_op(ir::FunctionId id, const ir::Function& function, const ir::Op& op) {
    switch (op.code) {
      using enum ir::OpCode;
      case For:
        return run_for(id, function, op);
      case While:
        return run_while(id, function, op);
      case If:
        return run_if(id, function, op);
      case Call:
        return run_call(id, function, op);
      case Load:
        return run_load(id, function, op);
      case Store:
        tensor_of(function, op).stored += accessed(id, function, op, 2).second;
        return;
      case Reduce:
      case Scan:
        return run_along_axis(id, function, op);
      case Dot:
        return run_dot(id, function, op);
      case Yield:
      case Assume:
      case Assert:
      case Print:
        return;
      default:
        return run_pure(id, function, op);
    }
  }

  static std::size_t axis_of(const ir::Op& op) {
    return static_cast<std::size_t>(std::get<ir::AxisAttrs>(op.attributes).axis);
  }

  bool is_looked_up(ir::FunctionId id, const ir::Op& op) {
    return std::ranges::any_of(
        op.operands, [&](ir::ValueId operand) { return value(id, operand).is_looked_up; });
  }

  /// One result, from operands alone.
  void run_pure(ir::FunctionId id, const ir::Function& function, const ir::Op& op) {
    const ir::Type& type = function.type(op.results[0]);
    Known& result = value(id, op.results[0]);
    Operands operands{};
    for (std::size_t i = 0; i < op.operands.size(); ++i) operands[i] = &value(id, op.operands[i]);
    if (op.code == ir::OpCode::ProgramId) {
      result.number = program_[axis_of(op)];
    } else if (op.code == ir::OpCode::Dim) {
      result.number = tensor_of(function, op).sizes[axis_of(op)];
    } else if (type.is_scalar() && !ir::is_float(type.element)) {
      result.number = integer_of(function, op, operands);
    }
    result.extents = extents_of(function, op, operands);
    result.is_looked_up = is_looked_up(id, op);
    add_flops(type, flops_of(op.code) * element_count(result.extents, type));
  }

  void run_for(ir::FunctionId id, const ir::Function& function, const ir::Op& op) {
    const ir::Block& region = function.blocks[op.regions[0]];
    const std::span inits = std::span(op.operands).subspan(3);
    const std::span carried = std::span(region.arguments).subspan(1);
    copy(id, inits, id, carried);
    const auto lower = value(id, op.operands[0]).number;
    const auto upper = value(id, op.operands[1]).number;
    const std::int64_t step =
        std::max<std::int64_t>(1, value(id, op.operands[2]).number.value_or(1));
    const bool is_known = lower && upper;
    const std::int64_t end = is_known ? *upper : 1;
    for (std::int64_t i = is_known ? *lower : 0; i < end; i += step) {
      value(id, region.arguments[0]).number = is_known ? std::optional(i) : std::nullopt;
      run_block(id, op.regions[0]);
      copy(id, terminator(function, op.regions[0]).operands, id, carried);
    }
    copy(id, carried, id, op.results);
  }

  void run_while(ir::FunctionId id, const ir::Function& function, const ir::Op& op) {
    const std::span carried(function.blocks[op.regions[0]].arguments);
    const std::span again(function.blocks[op.regions[1]].arguments);
    copy(id, op.operands, id, carried);
    for (std::int64_t round = 0; round < most_rounds; ++round) {
      run_block(id, op.regions[0]);
      const auto goes_on = value(id, terminator(function, op.regions[0]).operands[0]).number;
      if (goes_on ? *goes_on == 0 : round > 0) break;
      copy(id, carried, id, again);
      run_block(id, op.regions[1]);
      copy(id, terminator(function, op.regions[1]).operands, id, carried);
    }
    copy(id, carried, id, op.results);
  }

  void run_if(ir::FunctionId id, const ir::Function& function, const ir::Op& op) {
    const Known& condition = value(id, op.operands[0]);
    const bool holds = condition.number ? *condition.number != 0 : !condition.is_looked_up;
    const ir::BlockId region = op.regions[holds ? 0 : 1];
    run_block(id, region);
    copy(id, terminator(function, region).operands, id, op.results);
  }

  /// exp, log and their like are one operation, however they are computed.
  void run_call(ir::FunctionId id, const ir::Function& function, const ir::Op& op) {
    const ir::FunctionId callee = std::get<ir::CallAttrs>(op.attributes).callee;
    const ir::Function& called = module_.functions[callee];
    const KernelWork before = work_;
    copy(id, op.operands, callee, called.blocks[called.body].arguments);
    run_block(callee, called.body);
    copy(callee, terminator(called, called.body).operands, id, op.results);
    if (called.real_meaning.empty()) return;
    work_ = before;
    const ir::Type& type = function.type(op.results[0]);
    add_flops(type, element_count(value(id, op.results[0]).extents, type));
  }

  BoundTensor& tensor_of(const ir::Function& function, const ir::Op& op) {
    return tensors_[function.values[op.operands[0]].index];
  }

  /// The extents of a tile in memory and how many elements lie inside the tensor. Where a tile
  /// starts is not always known; it is inside then.
  std::pair<Extents, double> accessed(ir::FunctionId id, const ir::Function& function,
                                      const ir::Op& op, std::size_t first_index) {
    const auto& dims = std::get<ir::AccessAttrs>(op.attributes).dims;
    const BoundTensor& tensor = tensor_of(function, op);
    Extents extents = all_any;
    std::size_t next = 0;
    double inside = 1;
    for (std::size_t d = 0; d < dims.size(); ++d) {
      const Known& index = value(id, op.operands[first_index + d]);
      std::int64_t extent = dims[d].extent;
      if (dims[d].kind == ir::AccessDim::Kind::Gather) {
        extent = extent_or(index.extents[0], extent);
      } else if (index.number) {
        const std::int64_t start = *index.number, size = tensor.sizes[d];
        const bool is_outside = start >= size || start <= -extent;
        extent =
            is_outside ? 0 : std::min(extent, size - start) - std::max<std::int64_t>(0, -start);
      }
      inside *= static_cast<double>(extent);
      if (dims[d].kind != ir::AccessDim::Kind::Point) extents[next++] = extent;
    }
    return {extents, inside};
  }

  void run_load(ir::FunctionId id, const ir::Function& function, const ir::Op& op) {
    const auto [extents, inside] = accessed(id, function, op, 2);
    tensor_of(function, op).loaded += inside;
    Known& result = value(id, op.results[0]);
    result.extents = extents;
    result.number.reset();
    const ir::Type& type = function.type(op.results[0]);
    const bool is_needed = id == module_.kernel && decides_[op.results[0].index];
    if (is_needed && type.is_scalar() && !ir::is_float(type.element)) {
      result.number = read_integer(id, function, op, type.element);
    }
    result.is_looked_up = !ir::is_float(type.element) && !result.number;
  }

  std::optional<std::int64_t> read_integer(ir::FunctionId id, const ir::Function& function,
                                           const ir::Op& op, ir::ElementType element) {
    const BoundTensor& tensor = tensor_of(function, op);
    std::int64_t offset = 0;
    for (std::size_t d = 0; d + 2 < op.operands.size(); ++d) {
      const auto index = value(id, op.operands[2 + d]).number;
      if (!index || *index < 0 || *index >= tensor.sizes[d]) return std::nullopt;
      offset += *index * tensor.strides[d];
    }
    ReadInteger place{tensor.word, offset * ir::byte_size(element),
                      static_cast<std::size_t>(ir::byte_size(element)), 0};
    auto known = std::ranges::find_if(integers_, [&](const ReadInteger& other) {
      return other.word == place.word && other.offset_bytes == place.offset_bytes;
    });
    if (known == integers_.end()) {
      place.bits = read_place(place, words_, read_);
      known = integers_.insert(known, place);
    }
    return ir::Scalar::from_int(element, known->bits).as_int();
  }

  /// The region of a custom kind is one combination; the others combine once for each element.
  void run_along_axis(ir::FunctionId id, const ir::Function& function, const ir::Op& op) {
    const bool is_reduce = op.code == ir::OpCode::Reduce;
    const int axis = is_reduce ? std::get<ir::ReduceAttrs>(op.attributes).axis
                               : std::get<ir::ScanAttrs>(op.attributes).axis;
    const ir::Type& type = function.type(op.operands[0]);
    const Extents from = value(id, op.operands[0]).extents;
    const double elements = element_count(from, type);
    if (op.regions.empty()) {
      add_flops(type, elements);
    } else {
      const KernelWork before = work_;
      run_block(id, op.regions[0]);
      work_.fp32_flops = before.fp32_flops + elements * (work_.fp32_flops - before.fp32_flops);
    }
    Extents extents = from;
    if (is_reduce) std::copy(from.begin() + axis + 1, from.end(), extents.begin() + axis);
    const bool from_lookup = is_looked_up(id, op);
    for (const ir::ValueId result : op.results) {
      value(id, result) = {std::nullopt, extents, from_lookup};
    }
  }

  void run_dot(ir::FunctionId id, const ir::Function& function, const ir::Op& op) {
    const ir::Type& type = function.type(op.results[0]);
    const int rank = type.rank();
    const Extents& left = value(id, op.operands[0]).extents;
    const Extents& right = value(id, op.operands[1]).extents;
    Known& result = value(id, op.results[0]);
    for (int d = 0; d + 2 < rank; ++d) result.extents[d] = least(left[d], right[d]);
    result.extents[rank - 2] = left[rank - 2];
    result.extents[rank - 1] = right[rank - 1];
    const std::int64_t inner = extent_or(least(left[rank - 1], right[rank - 2]),
                                         function.type(op.operands[0]).shape[rank - 1]);
    const double flops = 2 * element_count(result.extents, type) * static_cast<double>(inner);
    const bool is_tf32 = std::get<ir::DotAttrs>(op.attributes).precision == ir::Precision::Tf32;
    (is_tf32 ? work_.tf32_flops : work_.fp32_flops) += flops;
  }

  const ir::Module& module_;
  const std::vector<bool>& decides_;
  const std::int64_t* words_;
  const ReadMemory& read_;
  std::vector<BoundTensor> tensors_;  // by kernel parameter; without sizes: a scalar
  std::vector<std::vector<Known>> values_;
  std::vector<std::int64_t> program_;
  std::vector<ReadInteger> integers_;
  KernelWork work_;
};

/// The values of a function that bounds of its loops are computed from.
std::vector<bool> deciding_values(const ir::Function& function) {
  std::vector<bool> decides(function.values.size(), false);
  bool has_grown = true;
  const auto mark = [&](ir::ValueId value) {
    if (decides[value.index]) return;
    decides[value.index] = has_grown = true;
  };
  const auto visit = [&](ir::BlockId, ir::OpId id) {
    const ir::Op& op = function.ops[id];
    if (op.code == ir::OpCode::For) {
      for (std::size_t i = 0; i < 3; ++i) mark(op.operands[i]);
    }
    const bool is_needed =
        std::ranges::any_of(op.results, [&](ir::ValueId result) { return decides[result.index]; });
    if (is_needed && op.regions.empty()) std::ranges::for_each(op.operands, mark);
  };
  while (has_grown) {
    has_grown = false;
    ir::walk(function, function.body, visit);
  }
  return decides;
}

}  // namespace

WorkCounter::WorkCounter(ir::Module module) : module_(std::move(module)) {
  const ir::Function& kernel = module_.functions[module_.kernel];
  decides_ = deciding_values(kernel);
  for (const ir::ValueId parameter : kernel.blocks[kernel.body].arguments) {
    const ir::Type& type = kernel.type(parameter);
    if (type.is_tensor()) addresses_.push_back(word_count_);
    word_count_ += type.is_tensor() ? 1 + 2 * static_cast<std::size_t>(type.rank()) : 1;
  }
}

KernelWork WorkCounter::count(const std::int64_t* words, const ReadMemory& read) {
  std::vector<std::int64_t> key(words, words + word_count_);
  for (const std::size_t word : addresses_) key[word] = 0;
  std::vector<Counted>& same = counted_[std::move(key)];
  for (const Counted& counted : same) {
    const bool is_same = std::ranges::all_of(counted.read, [&](const ReadInteger& place) {
      return read_place(place, words, read) == place.bits;
    });
    if (is_same) return counted.work;
  }
  Walk walk(module_, decides_, words, read);
  walk.run();
  same.push_back({walk.take_read(), walk.work()});
  return same.back().work;
}

}  // namespace tile::interpret
