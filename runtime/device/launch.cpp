// The launch of a kernel: checks, stride classes, schedule arm, compiled variant, grid, threads.
// This is the hot path of eager mode: nothing here allocates or builds a string unless something is
// wrong.
#include <immintrin.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <optional>

#include "runtime/device/cuda_copy.h"
#include "runtime/device/kernel.h"
#include "runtime/device/kernel_state.h"
#include "runtime/device/nvtx.h"
#include "runtime/device/overlap.h"
#include "runtime/device/profile.h"
#include "runtime/device/thread_pool.h"

namespace pg {

namespace {

/// Below this many bytes of arguments a second thread costs more than it brings.
constexpr std::uint64_t serial_bytes = 64 << 10;
constexpr std::int64_t chunks_per_thread = 8;

std::atomic<std::uint64_t> launches = 0;
std::atomic<std::uint64_t> moved_bytes = 0;

/// One launch in progress.
struct Launch {
  const Prepared& prepared;
  std::span<const Argument> arguments;
  ByteRange ranges[max_parameters];
  VariantKey key;
  std::uint64_t bytes = 0;  // sum of the ranges: a bound on what programs touch
  std::uint64_t moved = 0;  // the same, twice where a tensor is read and written
  int word_count = 0;
  std::int64_t words[max_words + max_grid_rank];  // on a GPU the grid's extents follow

  Launch(const Prepared& of, std::span<const Argument> given) : prepared(of), arguments(given) {}

  const std::string& name() const { return prepared.signature.name; }
  const std::string& parameter_name(std::size_t i) const {
    return prepared.signature.parameters[i].name;
  }
};

StridedView view_of(const Argument& argument, const ParameterFacts& facts) {
  return {argument.data, facts.element_bytes, argument.rank, argument.sizes, argument.strides};
}

[[noreturn]] void fail_kind(const Launch& launch, std::size_t i) {
  const ParameterFacts& facts = launch.prepared.parameters[i];
  const Argument& argument = launch.arguments[i];
  const auto describe = [](bool tensor, int rank, Element element) {
    return tensor ? fmt::format("a tensor of {} with {} dimensions", name_of(element), rank)
                  : fmt::format("a scalar {}", name_of(element));
  };
  fail(launch.name(), "parameter `{}` is {}, but the argument is {}", launch.parameter_name(i),
       describe(facts.rank >= 0, facts.rank, facts.element),
       describe(argument.kind == Argument::Kind::Tensor, argument.rank, argument.element));
}

/// StrideClass::aligned, for an argument with a unit dimension.
bool is_aligned(const Argument& argument, int unit, std::int64_t element_bytes) {
  constexpr std::int64_t alignment = 16;
  const auto address = reinterpret_cast<std::uintptr_t>(argument.data);
  if (address % alignment != 0 || argument.sizes[unit] * element_bytes % alignment != 0) {
    return false;
  }
  for (int d = 0; d < argument.rank; ++d) {
    if (d == unit || argument.sizes[d] <= 1) continue;
    if (argument.strides[d] * element_bytes % alignment != 0) return false;
  }
  return true;
}

/// The 16 bits of VariantKey. Alignment is left out on a CPU: vector loads do not need it, and a
/// sequence of odd length would compile every kernel once more. The interpreter needs no classes.
std::uint64_t stride_bits(const Argument& argument, std::int64_t element_bytes) {
  if (argument.device.is_real()) return 0;
  int unit = -1;
  std::uint64_t zero_dims = 0;
  for (int d = argument.rank; d-- > 0;) {
    const std::int64_t stride = argument.strides[d];
    if (stride == 1 && unit < 0) {
      unit = d;
    } else if (stride == 0) {
      zero_dims |= std::uint64_t{1} << d;
    }
  }
  const bool aligned =
      argument.device.is_cuda() && unit >= 0 && is_aligned(argument, unit, element_bytes);
  return static_cast<std::uint64_t>(unit + 1) | zero_dims << 4 |
         static_cast<std::uint64_t>(aligned) << 12;
}

/// Argument i is not where the first tensor is.
[[noreturn]] void fail_device(const Launch& launch, std::size_t i) {
  std::size_t first = 0;
  while (launch.arguments[first].kind != Argument::Kind::Tensor) ++first;
  fail(launch.name(), "`{}` is on {}, but `{}` is on {}; move one of them with to(device)",
       launch.parameter_name(first), to_string(launch.arguments[first].device),
       launch.parameter_name(i), to_string(launch.arguments[i].device));
}

/// Checks one tensor by itself and appends its words.
void add_tensor(Launch& launch, std::size_t i, int tensor) {
  const ParameterFacts& facts = launch.prepared.parameters[i];
  const Argument& argument = launch.arguments[i];
  if (argument.device != launch.prepared.device) fail_device(launch, i);
  std::int64_t* words = launch.words + launch.word_count;
  words[0] = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(argument.data));
  for (int d = 0; d < argument.rank; ++d) {
    const std::int64_t size = argument.sizes[d];
    if (size < 0) {
      fail(launch.name(), "`{}` has size {} in dimension {}", launch.parameter_name(i), size, d);
    }
    words[1 + d] = size;
    words[1 + argument.rank + d] = argument.strides[d];
  }
  launch.word_count += 1 + 2 * argument.rank;
  if (!byte_range(view_of(argument, facts), launch.ranges[i])) {
    fail(launch.name(), "sizes and strides of `{}` leave the address space",
         launch.parameter_name(i));
  }
  if (argument.data == nullptr && !launch.ranges[i].is_empty()) {
    fail(launch.name(), "`{}` has no memory", launch.parameter_name(i));
  }
  const std::uint64_t bytes = launch.ranges[i].end - launch.ranges[i].begin;
  launch.bytes += bytes;
  launch.moved += facts.is_read && facts.is_written ? 2 * bytes : bytes;
  launch.key.strides[static_cast<std::size_t>(tensor) / 4] |=
      stride_bits(argument, facts.element_bytes) << (tensor % 4 * 16);
}

void add_arguments(Launch& launch) {
  const auto& parameters = launch.prepared.parameters;
  if (launch.arguments.size() != parameters.size()) {
    fail(launch.name(), "{} arguments for {} parameters", launch.arguments.size(),
         parameters.size());
  }
  int tensor = 0;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Argument& argument = launch.arguments[i];
    const bool is_tensor = argument.kind == Argument::Kind::Tensor;
    const int rank = is_tensor ? argument.rank : -1;
    if (argument.element != parameters[i].element || rank != parameters[i].rank) {
      fail_kind(launch, i);
    }
    if (is_tensor) {
      add_tensor(launch, i, tensor++);
    } else {
      const bool is_double = launch.prepared.device.is_real() && argument.element == Element::F32;
      launch.words[launch.word_count++] =
          is_double ? std::bit_cast<std::int64_t>(argument.real) : argument.bits;
    }
  }
}

void check_sizes(const Launch& launch) {
  for (const SizeRule& rule : launch.prepared.size_rules) {
    const auto p = static_cast<std::size_t>(rule.parameter);
    const std::int64_t size = launch.arguments[p].sizes[rule.dimension];
    if (rule.same_parameter < 0) {
      if (size == rule.constant) continue;
      fail(launch.name(), "size of `{}` in dimension {} is {}, but the kernel needs {}",
           launch.parameter_name(p), rule.dimension, size, rule.constant);
    }
    const auto other = static_cast<std::size_t>(rule.same_parameter);
    const std::int64_t expected = launch.arguments[other].sizes[rule.same_dimension];
    if (size == expected) continue;
    const auto& sizes = launch.prepared.signature.parameters[p].sizes;
    fail(launch.name(), "size {} is {} in `{}` dimension {}, but {} in `{}` dimension {}",
         sizes[static_cast<std::size_t>(rule.dimension)], expected, launch.parameter_name(other),
         rule.same_dimension, size, launch.parameter_name(p), rule.dimension);
  }
}

/// What is written may not coincide with itself or with anything else, except that an inout tensor
/// may also be given, as exactly the same view, for a parameter that is only read.
void check_overlaps(const Launch& launch) {
  const auto& parameters = launch.prepared.parameters;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].is_written) continue;
    const StridedView written = view_of(launch.arguments[i], parameters[i]);
    if (overlaps_itself(written)) {
      fail(launch.name(), "`{}` is written, but some of its elements share memory",
           launch.parameter_name(i));
    }
    for (std::size_t j = 0; j < parameters.size(); ++j) {
      if (j == i || parameters[j].rank < 0 || !launch.ranges[i].meets(launch.ranges[j])) continue;
      const StridedView other = view_of(launch.arguments[j], parameters[j]);
      const bool may_share = parameters[i].is_read && !parameters[j].is_written;
      if ((may_share && is_same_view(written, other)) || !overlap(written, other)) continue;
      fail(launch.name(), "`{}` is written, but shares memory with `{}`", launch.parameter_name(i),
           launch.parameter_name(j));
    }
  }
}

bool holds(const tile::SizeCondition& condition, std::span<const Argument> arguments) {
  std::int64_t size =
      arguments[static_cast<std::size_t>(condition.parameter)].sizes[condition.dimension];
  if (condition.modulus > 0) size %= condition.modulus;
  using Relation = tile::SizeCondition::Relation;
  switch (condition.relation) {
    case Relation::Eq:
      return size == condition.value;
    case Relation::Ne:
      return size != condition.value;
    case Relation::Lt:
      return size < condition.value;
    case Relation::Le:
      return size <= condition.value;
    case Relation::Gt:
      return size > condition.value;
    case Relation::Ge:
      return size >= condition.value;
  }
  return false;
}

/// The first arm whose conditions all hold.
std::uint64_t choose_arm(const Launch& launch) {
  const auto& arms = launch.prepared.signature.arms;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    const auto& conditions = arms[i].conditions;
    if (std::all_of(conditions.begin(), conditions.end(),
                    [&](const tile::SizeCondition& condition) {
                      return holds(condition, launch.arguments);
                    })) {
      return i;
    }
  }
  fail(launch.name(), "no schedule fits these sizes");
}

/// Flush-to-zero, denormals-are-zero or another rounding mode would change results silently.
void check_float_mode(const std::string& name) {
  constexpr unsigned wrong_bits = 0x8000 | 0x0040 | 0x6000;
  if ((_mm_getcsr() & wrong_bits) == 0) return;
  fail(name,
       "the floating-point mode of this thread was changed (flush to zero or rounding, MXCSR "
       "{:#x}); some library built with -ffast-math does that",
       _mm_getcsr());
}

/// Tensors that are said to be on a GPU, but whose addresses are the host's.
void check_addresses(const Launch& launch) {
  const cuda::Gpu& gpu = cuda::gpu(launch.name(), launch.prepared.device.index);
  for (std::size_t i = 0; i < launch.arguments.size(); ++i) {
    if (launch.arguments[i].kind != Argument::Kind::Tensor) continue;
    cuda::check_address(launch.name(), "`" + launch.parameter_name(i) + "`", gpu,
                        launch.arguments[i].data);
  }
}

/// The programs of one launch, cut into chunks of neighbours.
struct Job {
  const tile::CpuKernel& code;
  const std::int64_t* words;
  const std::int64_t* extents;
  std::int64_t programs;
  std::int64_t chunk_programs;
  std::atomic<bool> out_of_memory = false;

  static void run(void* self, std::int64_t chunk) {
    Job& job = *static_cast<Job*>(self);
    void* scratch = nullptr;
    if (job.code.scratch_bytes > 0) {
      scratch = thread_scratch(job.code.scratch_bytes);
      if (scratch == nullptr) {
        job.out_of_memory.store(true, std::memory_order_relaxed);
        return;
      }
    }
    const std::int64_t begin = chunk * job.chunk_programs;
    job.code.run(job.words, job.extents, begin, std::min(job.programs, begin + job.chunk_programs),
                 scratch);
  }
};

void run_programs(const Launch& launch, const tile::CpuKernel& code) {
  std::int64_t extents[max_grid_rank];
  code.grid(launch.words, extents);
  std::int64_t programs = 1;
  for (int axis = 0; axis < launch.prepared.signature.grid_rank; ++axis) {
    if (extents[axis] <= 0) return;
    if (__builtin_mul_overflow(programs, extents[axis], &programs)) {
      fail(launch.name(), "the grid has too many programs");
    }
  }
  Job job{code, launch.words, extents, programs, programs};
  std::int64_t chunks = 1;
  if (programs > 1 && launch.bytes > serial_bytes) {
    const int threads = thread_count();
    if (threads > 1) chunks = std::min<std::int64_t>(programs, threads * chunks_per_thread);
    job.chunk_programs = (programs + chunks - 1) / chunks;
    chunks = (programs + job.chunk_programs - 1) / job.chunk_programs;
  }
  run_chunks(chunks, Job::run, &job);
  if (job.out_of_memory.load(std::memory_order_relaxed)) {
    fail(launch.name(), "out of memory: {} bytes of scratch per thread requested",
         code.scratch_bytes);
  }
}

/// In the interpreter, which names the place in the kernel's text where something is wrong.
void run_real(const Launch& launch, const tile::RealKernel& kernel) {
  if (const auto error = kernel.run(launch.words)) {
    throw_error(launch.name(), "the kernel cannot run over the real numbers\n" + error->message);
  }
}

}  // namespace

void Kernel::launch(std::span<const Argument> arguments) const {
  if (!defined()) fail("kernel", "the handle is empty");
  const auto first = std::ranges::find(arguments, Argument::Kind::Tensor, &Argument::kind);
  Prepared& prepared = state_->prepare(first == arguments.end() ? cpu_device : first->device);
  if (!prepared.device.is_cuda()) check_float_mode(state_->name);
  Launch launch(prepared, arguments);
  add_arguments(launch);
  check_sizes(launch);
  check_overlaps(launch);
  launch.key.arm = choose_arm(launch);
  Variant* variant = prepared.table.load(std::memory_order_acquire)->find(launch.key);
  if (variant == nullptr) variant = &state_->compile_variant(prepared, launch.key);
  launches.fetch_add(1, std::memory_order_relaxed);
  moved_bytes.fetch_add(launch.moved, std::memory_order_relaxed);
  std::optional<detail::NvtxRange> range;
  if (detail::has_nvtx_tool()) range.emplace(state_->label().c_str());
  const bool is_profiled =
      detail::profiling.load(std::memory_order_relaxed) && !prepared.device.is_real();
  const tile::KernelWork work =
      is_profiled ? state_->work_of(prepared, *variant, launch.words) : tile::KernelWork{};
  if (variant->gpu != nullptr) {
    if (cuda::launches_wait()) check_addresses(launch);
    variant->gpu->launch(launch.words, work);
  } else if (prepared.device.is_real()) {
    run_real(launch, variant->real);
  } else if (is_profiled) {
    const std::int64_t start = detail::now_ns();
    run_programs(launch, variant->code);
    detail::record_launch({state_->label(), cpu_device, start, detail::now_ns() - start, work});
  } else {
    run_programs(launch, variant->code);
  }
}

double launched_bytes() { return static_cast<double>(moved_bytes.load(std::memory_order_relaxed)); }
std::uint64_t launch_count() { return launches.load(std::memory_order_relaxed); }

}  // namespace pg
