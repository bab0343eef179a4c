// Kernels compiled ahead of time (CMakeLists.txt runs `tilec build`), launched by the headers that
// tilec wrote: bits of the interpreter on the CPU, on any number of threads, and on a GPU where
// there is one; without, what the driver is told.
#include <dlfcn.h>
#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "built/cpu/blend.h"
#include "built/gpu/blend.h"
#include "built/gpu/product.h"
#include "built/gpu/sum_all.h"
#include "compiler/driver/pipeline.h"
#include "compiler/interpret/interpreter.h"
#include "runtime/device/device.h"
#include "runtime/tensor/tensor.h"
#include "tests/fake_cuda/fake_cuda.h"
#include "tests/source_folder.h"

namespace {

using tile::interpret::Argument;
using tile::interpret::TensorArgument;

/// Calls the bodies on threads of its own.
struct Threads {
  template <class Body>
  void operator()(std::int64_t count, Body&& body) const {
    std::vector<std::jthread> threads;
    for (std::int64_t i = 0; i < count; ++i) threads.emplace_back([&body, i] { body(i); });
  }
};

std::vector<float> random_floats(std::size_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(generator);
  return values;
}

/// The arguments of one blend, and what the interpreter makes of y.
struct Blend {
  std::int64_t rows, columns, picked;
  std::vector<float> x, y, expected;
  std::vector<std::int64_t> index;

  Blend(std::int64_t r, std::int64_t n, std::int64_t m) : rows(r), columns(n), picked(m) {
    x = random_floats(static_cast<std::size_t>(r * n), 1);
    y = random_floats(static_cast<std::size_t>(m * n), 2);
    for (std::int64_t i = 0; i < m; ++i) index.push_back(i * 7 % r);
    expected = y;
    interpret();
  }

  void interpret() {
    std::ifstream in(source_folder() / "tests/built/kernels.tile", std::ios::binary);
    tile::LoadedFile file({"kernels.tile", std::string(std::istreambuf_iterator<char>(in), {})});
    const auto module = tile::check_kernel(file, "blend", {});
    REQUIRE(module.has_value());
    const std::vector<Argument> arguments = {
        TensorArgument{x.data(), {rows, columns}, {columns, 1}},
        TensorArgument{index.data(), {picked}, {1}}, tile::ir::Scalar::from_float(0.3f),
        tile::ir::Scalar::from_int(tile::ir::ElementType::Bool, 1),
        TensorArgument{expected.data(), {picked, columns}, {columns, 1}}};
    REQUIRE(tile::interpret::interpret(*module, arguments).has_value());
  }

  template <class... Rest>
  const char* launch(std::vector<float>& result, Rest&&... rest) const {
    using tile_built::packed;
    return blend::launch(packed(x.data(), rows, columns), packed(index.data(), picked), 0.3f, true,
                         packed(result.data(), picked, columns), rest...);
  }
};

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), 4 * a.size()) == 0;
}

/// The symbol of a library that is open already, or null.
template <class Function>
Function symbol(const char* library, const char* name) {
  return reinterpret_cast<Function>(dlsym(dlopen(library, RTLD_NOW), name));
}

/// Null where the program runs without the stand-in driver beside it.
FakeCuda* open_fake_cuda(tile_built::Driver& driver) {
  if (!std::filesystem::exists(PICOGRAD_FAKE_CUDA)) {
    std::printf("SKIP the driver's calls: the stand-in for a GPU's driver is not here\n");
    return nullptr;
  }
  REQUIRE(driver.open(PICOGRAD_FAKE_CUDA));
  auto* seen = symbol<FakeCuda* (*)()>(PICOGRAD_FAKE_CUDA, "fake_cuda_state")();
  seen->launches.clear();
  return seen;
}

template <class T>
T* on_device(const pg::Tensor& tensor) {
  return reinterpret_cast<T*>(const_cast<void*>(tensor.data()));
}

}  // namespace

TEST_CASE("built for a CPU: the interpreter's bits, in every arm, serial and parallel") {
  for (const std::int64_t columns : {1, 8, 9, 200}) {
    CAPTURE(columns);
    const Blend blend(11, columns, 300);
    std::vector<float> serial = blend.y, parallel = blend.y;
    CHECK(blend.launch(serial) == nullptr);
    CHECK(same_bits(serial, blend.expected));
    CHECK(blend.launch(parallel, Threads()) == nullptr);
    CHECK(same_bits(parallel, blend.expected));
  }
}

TEST_CASE("built for a CPU: wrong arguments are named, an empty grid does nothing") {
  const Blend blend(3, 40, 5);
  using tile_built::packed;
  std::vector<float> result = blend.y;
  auto y = packed(result.data(), 5, 40);
  const auto x = packed(blend.x.data(), 3, 40);
  const auto index = packed(blend.index.data(), 5);
  CHECK(std::string(blend::launch(packed(blend.x.data(), 3, 39), index, 1, true, y)) ==
        "blend: y.sizes[1] is not x.sizes[1]");
  y.strides[1] = 2;
  CHECK(std::string(blend::launch(x, index, 1, true, y)) ==
        "blend: the strides of `y` are not those it was built for");
  CHECK(blend::launch(x, packed(blend.index.data(), 0), 1, true, packed(result.data(), 0, 40)) ==
        nullptr);
  CHECK(same_bits(result, blend.y));
}

TEST_CASE("built for a GPU: what the driver is told") {
  tile_built::Driver driver;
  CHECK_FALSE(driver.open("./libnowhere.so"));
  FakeCuda* seen = open_fake_cuda(driver);
  if (seen == nullptr) return;
  alignas(16) static float data[120];
  alignas(16) static std::int64_t numbers[6];
  const auto x = tile_built::packed<const float>(data, 3, 40);
  const auto index = tile_built::packed<const std::int64_t>(numbers, 6);
  const auto y = tile_built::packed(data, 6, 40);
  blend::Kernel kernel;
  CHECK(std::string(kernel.launch(nullptr, x, index, 1, true, y)) == "the kernel is not loaded");
  const char* images[] = {"record 16", "record 16"};
  REQUIRE(kernel.load(driver, 0, reinterpret_cast<const void* const*>(images)) == nullptr);
  REQUIRE(kernel.launch(nullptr, x, index, 0.5f, true, y) == nullptr);
  REQUIRE(seen->launches.size() == 1);
  const FakeLaunch& launch = seen->launches[0];
  CHECK(launch.entry == "blend");
  CHECK(launch.grid == 6);
  CHECK(launch.block == static_cast<unsigned>(blend::code_1.threads));
  const auto address = [](const void* at) { return reinterpret_cast<std::int64_t>(at); };
  CHECK(launch.parameters == std::vector<std::int64_t>{address(data), 3, 40, 40, 1,
                                                       address(numbers), 6, 1, 0x3f000000, 1,
                                                       address(data), 6, 40, 40, 1, 6});
  const auto shifted = tile_built::packed<const float>(data + 1, 3, 40);
  CHECK(std::string(kernel.launch(nullptr, shifted, index, 1, true, y)) ==
        "blend: the strides or the alignment of `x` are not those it was built for");
  CHECK(kernel.load(driver) != nullptr);  // the stand-in reads no PTX
}

TEST_CASE("built for a GPU: a kernel of many tensors gets all of its words") {
  tile_built::Driver driver;
  FakeCuda* seen = open_fake_cuda(driver);
  if (seen == nullptr) return;
  alignas(16) static float data[16];
  const auto x = tile_built::packed<const float>(data, 2, 1, 1, 8);
  const auto y = tile_built::packed(data, 2, 1, 1, 8);
  constexpr std::size_t inputs = 29, words_each = 9, grid_rank = 3;
  const std::string image = "record " + std::to_string((inputs + 1) * words_each + grid_rank);
  const void* images[] = {image.c_str()};
  sum_all::Kernel kernel;
  REQUIRE(kernel.load(driver, 0, images) == nullptr);
  const auto launch = [&]<std::size_t... i>(std::index_sequence<i...>) {
    return kernel.launch(nullptr, (static_cast<void>(i), x)..., y);
  };
  REQUIRE(launch(std::make_index_sequence<inputs>()) == nullptr);
  REQUIRE(seen->launches.size() == 1);
  const auto address = reinterpret_cast<std::int64_t>(&data[0]);
  std::vector<std::int64_t> words;
  for (std::size_t i = 0; i <= inputs; ++i) {
    words.insert(words.end(), {address, 2, 1, 1, 8, 8, 8, 8, 1});
  }
  words.insert(words.end(), {2, 1, 1});
  CHECK(seen->launches[0].parameters == words);
}

TEST_CASE("built for a CPU: it runs where all instructions of its target are there") {
  CHECK(tile_built::runs_x86_64_v3() == bool(__builtin_cpu_supports("x86-64-v3")));
  CHECK(tile_built::runs_x86_64_v4() == bool(__builtin_cpu_supports("x86-64-v4")));
  CHECK((!tile_built::runs_zen5() || tile_built::runs_x86_64_v4()));
}

TEST_CASE("built for a GPU: the interpreter's bits there, and a product through tensor maps") {
  if (pg::cuda_device_count() == 0 || pg::target_of(pg::cuda_device()) != "sm_90a") {
    std::printf("SKIP kernels built for sm_90a: no GPU of that kind\n");
    return;
  }
  tile_built::Driver driver;
  REQUIRE(driver.open());
  const auto wait = symbol<int (*)()>("libcuda.so.1", "cuCtxSynchronize");
  const pg::Device gpu = pg::cuda_device();
  const Blend blend(11, 200, 300);
  const pg::Tensor x = pg::from_data(blend.x, {11, 200}, gpu);
  const pg::Tensor y = pg::from_data(blend.y, {300, 200}, gpu);
  const pg::Tensor index = pg::from_data(blend.index, {300}, gpu);
  pg::synchronize(gpu);
  blend::Kernel kernel;
  REQUIRE(kernel.load(driver) == nullptr);
  using tile_built::packed;
  REQUIRE(kernel.launch(nullptr, packed<const float>(on_device<float>(x), 11, 200),
                        packed<const std::int64_t>(on_device<std::int64_t>(index), 300), 0.3f, true,
                        packed(on_device<float>(y), 300, 200)) == nullptr);
  REQUIRE(wait() == 0);
  CHECK(same_bits(y.to(pg::cpu_device).to_vector<float>(), blend.expected));

  // Small integers: tf32 is exact.
  constexpr std::int64_t rows = 300, columns = 260, depth = 100;
  std::vector<float> a(rows * depth), b(columns * depth);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i % 7) - 3;
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = static_cast<float>(i % 5) - 2;
  const pg::Tensor left = pg::from_data(a, {rows, depth}, gpu);
  const pg::Tensor right = pg::from_data(b, {depth, columns}, gpu);
  const pg::Tensor c = pg::empty({rows, columns}, pg::DType::F32, gpu);
  pg::synchronize(gpu);
  static_assert(product::code_0.map_count == 2);
  product::Kernel multiply;
  REQUIRE(multiply.load(driver) == nullptr);
  REQUIRE(multiply.launch(nullptr, packed<const float>(on_device<float>(left), rows, depth),
                          packed<const float>(on_device<float>(right), depth, columns),
                          packed(on_device<float>(c), rows, columns)) == nullptr);
  REQUIRE(wait() == 0);
  const std::vector<float> result = c.to(pg::cpu_device).to_vector<float>();
  std::size_t wrong = 0;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      float sum = 0;
      for (std::int64_t k = 0; k < depth; ++k) {
        sum += a[static_cast<std::size_t>(i * depth + k)] *
               b[static_cast<std::size_t>(k * columns + j)];
      }
      if (sum != result[static_cast<std::size_t>(i * columns + j)]) ++wrong;
    }
  }
  CHECK(wrong == 0);
}
