// See kernel.h. Everything about a kernel that is done once: reading texts, asking the compiler for
// the signature and for machine code. Launching is in launch.cpp.
#include "runtime/device/kernel.h"

#include <bit>
#include <cctype>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "compiler/base/embedded.h"
#include "runtime/device/cuda_copy.h"
#include "runtime/device/kernel_state.h"

namespace pg {

namespace {

constexpr std::array<std::string_view, 8> element_names = {"bool", "i8",  "i32", "i64",
                                                           "u8",   "u32", "u64", "f32"};
constexpr std::array<int, 8> element_sizes = {1, 1, 4, 8, 1, 4, 8, 4};
constexpr std::array<std::string_view, cpu_target_count> targets = {"host", "x86-64-v3",
                                                                    "x86-64-v4", "zen5"};

std::atomic<int> current_target = 0;
std::atomic<std::uint64_t> variant_count = 0;

tile::Compiler& compiler_for(const std::string& kernel) {
  tile::Compiler* compiler = tile::installed_compiler();
  if (compiler == nullptr) {
    fail(kernel, "cannot compile the kernel: this program has no compiler installed");
  }
  return *compiler;
}

Element element_named(const std::string& kernel, const std::string& text) {
  for (std::size_t i = 0; i < element_names.size(); ++i) {
    if (element_names[i] == text) return static_cast<Element>(i);
  }
  fail(kernel, "element type {} is not supported by the runtime", text);
}

std::int64_t decimal(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// One rule per dimension whose size is a constant or has been named before.
std::vector<SizeRule> size_rules(const std::vector<tile::KernelParameter>& parameters) {
  std::vector<SizeRule> rules;
  std::map<std::string, std::pair<int, int>> first_places;
  for (int p = 0; p < static_cast<int>(parameters.size()); ++p) {
    const auto& sizes = parameters[static_cast<std::size_t>(p)].sizes;
    for (int d = 0; d < static_cast<int>(sizes.size()); ++d) {
      const std::string& size = sizes[static_cast<std::size_t>(d)];
      if (!size.empty() && std::isdigit(static_cast<unsigned char>(size[0])) != 0) {
        rules.push_back({p, d, -1, 0, decimal(size)});
        continue;
      }
      auto [place, is_new] = first_places.try_emplace(size, p, d);
      if (!is_new) rules.push_back({p, d, place->second.first, place->second.second, 0});
    }
  }
  return rules;
}

void fill_facts(Prepared& prepared) {
  const std::string& name = prepared.signature.name;
  int tensors = 0;
  for (const tile::KernelParameter& parameter : prepared.signature.parameters) {
    ParameterFacts facts;
    facts.element = element_named(name, parameter.element);
    const bool is_double = prepared.device.is_real() && facts.element == Element::F32;
    facts.element_bytes = static_cast<std::int8_t>(is_double ? 8 : byte_size(facts.element));
    if (parameter.kind == tile::KernelParameter::Kind::Tensor) {
      if (parameter.sizes.size() > max_rank) {
        fail(name, "parameter `{}` has more than {} dimensions", parameter.name, max_rank);
      }
      facts.rank = static_cast<std::int8_t>(parameter.sizes.size());
      facts.is_written = parameter.is_written;
      facts.is_read = parameter.is_read;
      ++tensors;
    }
    prepared.word_count += facts.rank < 0 ? 1 : 1 + 2 * facts.rank;
    prepared.parameters.push_back(facts);
  }
  if (tensors > max_tensors || prepared.parameters.size() > max_parameters) {
    fail(name, "the runtime launches at most {} tensors and {} parameters", max_tensors,
         max_parameters);
  }
  if (prepared.signature.grid_rank > max_grid_rank) {
    fail(name, "the grid has more than {} axes", max_grid_rank);
  }
  prepared.size_rules = size_rules(prepared.signature.parameters);
}

}  // namespace

std::string_view name_of(Element element) {
  return element_names[static_cast<std::size_t>(element)];
}
int byte_size(Element element) { return element_sizes[static_cast<std::size_t>(element)]; }

Argument Argument::tensor(void* data, Element element, int rank, const std::int64_t* sizes,
                          const std::int64_t* strides, Device device) {
  return {Kind::Tensor, element, rank, sizes, strides, data, 0, 0.0, device};
}
Argument Argument::scalar(double value) {
  Argument result;
  result.bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  result.real = value;
  return result;
}
Argument Argument::scalar(std::int32_t value) {
  Argument result;
  result.element = Element::I32;
  result.bits = value;
  return result;
}
Argument Argument::scalar(std::int64_t value) {
  Argument result;
  result.element = Element::I64;
  result.bits = value;
  return result;
}
Argument Argument::scalar(bool value) {
  Argument result;
  result.element = Element::Bool;
  result.bits = value ? 1 : 0;
  return result;
}

std::uint64_t VariantKey::hash() const {
  std::uint64_t hash = arm;
  for (std::uint64_t word : strides) hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
  return hash ^ (hash >> 32);
}

Variant* VariantTable::find(const VariantKey& key) const {
  const std::size_t mask = slots.size() - 1;
  for (std::size_t i = key.hash() & mask;; i = (i + 1) & mask) {
    Variant* variant = slots[i].load(std::memory_order_acquire);
    if (variant == nullptr || variant->key == key) return variant;
  }
}

void VariantTable::insert(Variant* variant) {
  const std::size_t mask = slots.size() - 1;
  std::size_t i = variant->key.hash() & mask;
  while (slots[i].load(std::memory_order_relaxed) != nullptr) i = (i + 1) & mask;
  slots[i].store(variant, std::memory_order_release);
}

tile::StrideClass unpack_stride_class(std::uint64_t bits) {
  tile::StrideClass result;
  result.unit_dim = static_cast<std::int8_t>(static_cast<int>(bits & 15) - 1);
  result.zero_dims = static_cast<std::uint8_t>(bits >> 4);
  result.aligned = (bits >> 12 & 1) != 0;
  return result;
}

std::string Kernel::State::label() const {
  std::string label = name;
  for (const auto& [setting, value] : settings) label += " " + setting + "=" + value;
  return label;
}

Prepared& Kernel::State::prepare(Device device) {
  const int target = current_target.load(std::memory_order_relaxed);
  const bool is_cpu = device == cpu_device;
  const auto index = static_cast<std::size_t>(is_cpu ? target : cpu_target_count + slot_of(device));
  if (Prepared* known = prepared[index].load(std::memory_order_acquire)) return *known;
  const std::lock_guard lock(mutex);
  if (Prepared* known = prepared[index].load(std::memory_order_acquire)) return *known;
  auto made = std::make_unique<Prepared>();
  made->device = device;
  made->target = device.is_cuda() ? target_of(device) : targets[static_cast<std::size_t>(target)];
  auto answer = compiler_for(name).signature(source, name, settings, made->target);
  if (auto* error = std::get_if<tile::CompileError>(&answer)) {
    throw_error(name, "the kernel does not compile\n" + error->message);
  }
  made->signature = std::move(std::get<tile::KernelSignature>(answer));
  fill_facts(*made);
  made->tables.push_back(std::make_unique<VariantTable>(16));
  made->table = made->tables.back().get();
  owned[index] = std::move(made);
  prepared[index].store(owned[index].get(), std::memory_order_release);
  return *owned[index];
}

tile::CompileRequest Kernel::State::request_for(const Prepared& prepared,
                                                const VariantKey& key) const {
  tile::CompileRequest request;
  request.source = &source;
  request.kernel = name;
  request.settings = settings;
  request.target = prepared.target;
  request.arm = static_cast<int>(key.arm);
  std::size_t tensor = 0;
  for (const ParameterFacts& parameter : prepared.parameters) {
    if (parameter.rank < 0) continue;
    request.strides.push_back(unpack_stride_class(key.strides[tensor / 4] >> (tensor % 4 * 16)));
    ++tensor;
  }
  return request;
}

Variant& Kernel::State::compile_variant(Prepared& prepared, const VariantKey& key) {
  const std::lock_guard lock(mutex);
  if (Variant* known = prepared.table.load()->find(key)) return *known;
  const tile::CompileRequest request = request_for(prepared, key);
  Variant made{key, {}, {}, {}};
  const auto take = [&](auto answer) {
    if (auto* error = std::get_if<tile::CompileError>(&answer)) {
      throw_error(name, "the kernel does not compile\n" + error->message);
    }
    return std::get<0>(std::move(answer));
  };
  if (prepared.device.is_cuda()) {
    made.gpu = std::make_shared<cuda::LoadedKernel>(
        label(), prepared.device.index, take(compiler_for(name).compile_gpu(request)),
        prepared.word_count, prepared.signature.grid_rank);
  } else if (prepared.device.is_real()) {
    made.real = take(compiler_for(name).compile_real(request));
  } else {
    made.code = take(compiler_for(name).compile(request));
  }
  variant_count.fetch_add(1, std::memory_order_relaxed);
  Variant& variant = prepared.variants.emplace_back(std::move(made));
  if (2 * prepared.variants.size() > prepared.tables.back()->slots.size()) {
    auto larger = std::make_unique<VariantTable>(2 * prepared.tables.back()->slots.size());
    for (Variant& old : prepared.variants) larger->insert(&old);
    prepared.tables.push_back(std::move(larger));
    prepared.table.store(prepared.tables.back().get(), std::memory_order_release);
  } else {
    prepared.tables.back()->insert(&variant);
  }
  return variant;
}

tile::KernelWork Kernel::State::work_of(Prepared& prepared, Variant& variant,
                                        const std::int64_t* words) {
  const std::lock_guard lock(mutex);
  if (!variant.work.count) {
    auto answer = compiler_for(name).work_counter(request_for(prepared, variant.key));
    if (auto* counter = std::get_if<tile::WorkCounter>(&answer)) {
      variant.work = std::move(*counter);
    } else {
      variant.work.count = [](auto&&...) { return tile::KernelWork{}; };
    }
  }
  return variant.work.count(words, [&](std::uint64_t address, void* to, std::size_t bytes) {
    if (prepared.device.is_cuda()) {
      cuda::copy_from_gpu(cuda::gpu(name, prepared.device.index), to, address, bytes);
    } else {
      std::memcpy(to, reinterpret_cast<const void*>(static_cast<std::uintptr_t>(address)), bytes);
    }
  });
}

Kernel::Kernel(tile::KernelSource source, std::string name, tile::Settings settings)
    : state_(std::make_shared<State>()) {
  state_->source = std::move(source);
  state_->name = std::move(name);
  state_->settings = std::move(settings);
}

const std::string& Kernel::name() const {
  if (!defined()) fail("kernel", "the handle is empty");
  return state_->name;
}

const tile::KernelSignature& Kernel::signature() const {
  if (!defined()) fail("kernel", "the handle is empty");
  return state_->prepare(cpu_device).signature;
}

Kernel load_kernel(const std::string& path, std::string name, tile::Settings settings) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || std::filesystem::is_directory(path)) fail("load_kernel", "cannot read {}", path);
  return Kernel({path, std::move(text).str()}, std::move(name), std::move(settings));
}

Kernel builtin_kernel(std::string_view file, std::string_view name, tile::Settings settings) {
  std::string key = std::string(file) + "\n" + std::string(name);
  for (const auto& [setting, value] : settings) key += "\n" + setting + "=" + value;
  static std::mutex mutex;
  static auto* kernels = new std::map<std::string, Kernel>;
  const std::lock_guard lock(mutex);
  auto known = kernels->find(key);
  if (known != kernels->end()) return known->second;
  for (const tile::EmbeddedText* text = pg_kernels(); text->name != nullptr; ++text) {
    if (file != text->name) continue;
    Kernel kernel({"<kernels>/" + std::string(file), text->text}, std::string(name),
                  std::move(settings));
    return kernels->emplace(std::move(key), std::move(kernel)).first->second;
  }
  fail("builtin_kernel", "there is no {} among the framework's kernels", file);
}

void set_target(std::string_view target) {
  for (int i = 0; i < cpu_target_count; ++i) {
    if (targets[static_cast<std::size_t>(i)] != target) continue;
    current_target.store(i);
    return;
  }
  fail("set_target", "{} is not known; targets are host, x86-64-v3, x86-64-v4, zen5", target);
}

std::string_view target() { return targets[static_cast<std::size_t>(current_target.load())]; }
std::uint64_t compiled_variants() { return variant_count.load(); }

}  // namespace pg
