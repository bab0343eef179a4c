// Tests of the CUDA runtime against the stand-in driver (tests/fake_cuda): memory, launches, and
// what is said when something is missing or fails. What needs a real GPU is tested by the ops'
// tests, which run on both devices.
#include <dlfcn.h>
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "runtime/device/buffer.h"
#include "runtime/device/cuda_copy.h"
#include "runtime/device/cuda_device.h"
#include "runtime/device/cuda_kernel.h"
#include "runtime/device/cuda_memory.h"
#include "runtime/device/cuda_tensor_map.h"
#include "runtime/device/kernel.h"
#include "runtime/device/nvrtc.h"
#include "runtime/device/profile.h"
#include "runtime/device/raw_kernel.h"
#include "tests/fake_cuda/fake_cuda.h"
#include "tests/message_of.h"

using namespace pg;
using Op = tile::HostProgram::Step::Op;

namespace {

/// Chosen before anything of this program asks for the driver.
const bool stand_in_is_chosen = setenv("PICOGRAD_LIBCUDA", PICOGRAD_FAKE_CUDA, 1) == 0;

FakeCuda& driver() {
  static FakeCuda& state = [] -> FakeCuda& {
    void* library = dlopen(PICOGRAD_FAKE_CUDA, RTLD_NOW);
    REQUIRE(library != nullptr);
    return *reinterpret_cast<decltype(&fake_cuda_state)>(dlsym(library, "fake_cuda_state"))();
  }();
  return state;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// add(a[N], b[N], c: out[N], scale: f32) on a grid of N / 16, rounded up.
class RecordingCompiler : public tile::Compiler {
 public:
  std::string image = "record 11";
  std::string entry = "add_entry";
  int threads = 128;
  std::int64_t shared_bytes = 1024;
  bool blocks_stay = false;
  std::vector<tile::TensorMap> tensor_maps;
  std::vector<tile::CompileRequest> requests;

  std::variant<tile::KernelSignature, tile::CompileError> signature(
      const tile::KernelSource&, std::string_view kernel, const tile::Settings&,
      std::string_view target) override {
    CHECK((target == "sm_90a" || target == "host"));
    const auto tensor = [](std::string name, bool written) {
      return tile::KernelParameter{
          name, tile::KernelParameter::Kind::Tensor, "f32", written, !written, {"N"}};
    };
    tile::KernelSignature result;
    result.name = kernel;
    result.parameters = {tensor("a", false),
                         tensor("b", false),
                         tensor("c", true),
                         {"scale", tile::KernelParameter::Kind::Scalar, "f32", false, true, {}}};
    result.arms.resize(1);
    return result;
  }
  std::variant<tile::CpuKernel, tile::CompileError> compile(const tile::CompileRequest&) override {
    return tile::CompileError{"not asked for"};
  }
  std::variant<tile::GpuKernel, tile::CompileError> compile_gpu(
      const tile::CompileRequest& request) override {
    requests.push_back(request);
    tile::GpuKernel kernel;
    kernel.image = image;
    kernel.entry = entry;
    kernel.threads = threads;
    kernel.shared_bytes = shared_bytes;
    kernel.blocks_stay = blocks_stay;
    kernel.tensor_maps = tensor_maps;
    kernel.grid.steps = {{Op::Word, 1},
                         {Op::Constant, 15},
                         {Op::Add, 0, 0, 1},
                         {Op::Constant, 16},
                         {Op::Div, 0, 2, 3}};
    kernel.grid.results = {4};
    return kernel;
  }
};

struct Installed {
  RecordingCompiler compiler;
  Installed() {
    driver();
    tile::install_compiler(&compiler);
  }
  ~Installed() {
    tile::install_compiler(nullptr);
    driver().failing.clear();
    driver().launches.clear();
    driver().tensor_maps.clear();
  }
};

/// Device memory as an argument; sizes far beyond it are fine, since launches are only recorded.
struct Vector {
  Buffer buffer = allocate("test", 64, 4, cuda_device());
  std::int64_t size, stride = 1;
  explicit Vector(std::int64_t n) : size(n) {}
  Argument argument(std::int64_t offset = 0) {
    return Argument::tensor(buffer.data() + offset, Element::F32, 1, &size, &stride,
                            buffer.device());
  }
};

Kernel add_kernel() { return Kernel({"test.tile", "text"}, "add", {{"B", "16"}}); }

}  // namespace

TEST_CASE("devices by name") {
  CHECK(parse_device("cpu") == cpu_device);
  CHECK(parse_device("cuda") == cuda_device(0));
  CHECK(parse_device("cuda:1") == cuda_device(1));
  CHECK(to_string(cuda_device(1)) == "cuda:1");
  CHECK(to_string(cpu_device) == "cpu");
  for (const char* wrong : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:99", "cuda:1 "}) {
    CHECK_THROWS_AS(parse_device(wrong), Error);
  }
  CHECK(cuda_device_count() == 2);
  CHECK(contains(describe(cuda_device(0)), "cuda:0 Stand-in GPU, compute capability 9.0"));
  CHECK(target_of(cuda_device(0)) == "sm_90a");
  CHECK(message_of([] { check_device("test", cuda_device(5)); }) ==
        "test: there is no cuda:5; this machine has 2 GPUs (cuda:0 to cuda:1)");
}

TEST_CASE("a GPU's target goes by its compute capability") {
  constexpr int small = 99 << 10, large = 227 << 10;
  CHECK(cuda::target_for(7, 5, 64 << 10).empty());
  CHECK(cuda::target_for(8, 0, 163 << 10) == "sm_80");
  CHECK(cuda::target_for(8, 6, small) == "sm_86");
  CHECK(cuda::target_for(8, 9, small) == "sm_89");
  CHECK(cuda::target_for(9, 0, large) == "sm_90a");
  CHECK(cuda::target_for(10, 0, large) == "sm_90");
  CHECK(cuda::target_for(12, 0, small) == "sm_89");
}

TEST_CASE("without a driver, or with an old one, the message says what was found and needed") {
  CHECK(contains(cuda::open_driver("./libnowhere.so").reason, "no NVIDIA driver found (./libnowh"));
  CHECK(contains(cuda::open_driver("./libnowhere.so").reason, "CUDA 12.3 or newer is needed"));
  driver().driver_version = 12020;
  CHECK(cuda::open_driver(PICOGRAD_FAKE_CUDA).reason ==
        "the NVIDIA driver is for CUDA 12.2; 12.3 or newer is needed");
  driver().driver_version = 13000;
  driver().failing["cuInit"] = 802;
  CHECK(contains(cuda::open_driver(PICOGRAD_FAKE_CUDA).reason, "driver (13.0) does not start"));
  driver().failing["cuInit"] = 100;
  CHECK(contains(cuda::open_driver(PICOGRAD_FAKE_CUDA).reason, "driver (13.0) finds no GPU"));
  driver().failing.clear();
  CHECK(cuda::open_driver(PICOGRAD_FAKE_CUDA).works);
}

TEST_CASE("device memory is reused, split, joined and counted") {
  const Device gpu = cuda_device();
  release_cached_memory(gpu);
  const MemoryStatistics before = memory_statistics(gpu);
  const std::uint64_t calls = driver().allocations;
  {
    const Buffer a = allocate("test", 1000, 4, gpu);
    const Buffer b = allocate("test", 1, 1, gpu);
    CHECK(a.device() == gpu);
    CHECK(reinterpret_cast<std::uintptr_t>(a.data()) % 512 == 0);
    CHECK(b.data() == a.data() + 4096);  // cut from the same segment
    CHECK(memory_statistics(gpu).live_bytes - before.live_bytes == 4096 + 512);
    CHECK(driver().allocations - calls == 1);
    CHECK(allocate("test", 0, 4, gpu).data() == nullptr);
  }
  const MemoryStatistics after = memory_statistics(gpu);
  CHECK(after.live_bytes == before.live_bytes);
  CHECK(after.allocations - before.allocations == 2);
  CHECK(after.reuses - before.reuses == 1);
  CHECK(after.cached_bytes >= 2 << 20);
  {
    std::vector<Buffer> parts;
    for (int i = 0; i < 4; ++i) parts.push_back(allocate("test", 5 << 20, 1, gpu));
    CHECK(driver().allocations - calls == 2);  // 20 MiB serve four of 5
  }
  const Buffer joined = allocate("test", 9 << 20, 1, gpu);
  CHECK(driver().allocations - calls == 2);
  CHECK(memory_statistics(gpu).peak_bytes >= std::size_t{20} << 20);
  reset_peak_memory(gpu);
  CHECK(memory_statistics(gpu).peak_bytes == memory_statistics(gpu).live_bytes);
}

TEST_CASE("exhausted device memory: the cache is given back, then an error lists what lives") {
  const Device gpu = cuda_device();
  const std::int64_t mebibyte = 1 << 20;
  release_cached_memory(gpu);
  {
    const Buffer cached = allocate("test", 2500 * mebibyte, 1, gpu);
  }
  const Buffer large = allocate("matmul", 3000 * mebibyte, 1, gpu);  // only without the cached one
  const Buffer small = allocate("embedding", 100, 4, gpu);
  const std::string message = message_of([&] { allocate("softmax", 2000 * mebibyte, 1, gpu); });
  CHECK(message.starts_with("softmax: out of memory on cuda:0: 2000.0 MiB requested; "));
  CHECK(contains(message, "of 4096.0 MiB free"));
  CHECK(contains(message, "largest cached block"));
  CHECK(contains(message, "\n    3000.0 MiB  matmul\n       0.4 KiB  embedding"));
  CHECK_THROWS_AS(allocate("softmax", 2000 * mebibyte, 1, gpu), OutOfMemory);
  CHECK(large.data() != nullptr);
}

TEST_CASE("poison fills device memory") {
  set_memory_poison(true);
  const Buffer buffer = allocate("test", 3, 1, cuda_device());
  set_memory_poison(false);
  unsigned char bytes[3];
  copy_bytes(bytes, cpu_device, buffer.data(), buffer.device(), 3);
  CHECK(bytes[2] == 0xff);
}

TEST_CASE("bytes travel between host and devices") {
  const Buffer first = allocate("test", 4, 4, cuda_device(0));
  const Buffer second = allocate("test", 4, 4, cuda_device(1));
  const std::vector<int> sent = {1, 2, 3, 4};
  std::vector<int> received(4);
  copy_bytes(first.data(), first.device(), sent.data(), cpu_device, 16);
  copy_bytes(second.data(), second.device(), first.data(), first.device(), 16);
  fill_bytes(first.data(), first.device(), 0, 8);
  copy_bytes(received.data(), cpu_device, second.data(), second.device(), 16);
  CHECK(received == sent);
  copy_bytes(received.data(), cpu_device, first.data(), first.device(), 16);
  CHECK(received == std::vector<int>{0, 0, 3, 4});
}

TEST_CASE("large copies go through pinned buffers, in parts") {
  const std::size_t count = (std::size_t{20} << 20) / sizeof(int) + 3;  // two and a half parts
  const Buffer buffer = allocate("test", static_cast<std::int64_t>(count), 4, cuda_device());
  std::vector<int> sent(count), received(count);
  for (std::size_t i = 0; i < count; ++i) sent[i] = static_cast<int>(i * 2654435761u);
  copy_bytes(buffer.data(), buffer.device(), sent.data(), cpu_device, count * 4);
  copy_bytes(received.data(), cpu_device, buffer.data(), buffer.device(), count * 4);
  CHECK(received == sent);
}

TEST_CASE("where no memory can be pinned, large copies go without") {
  driver().failing["cuMemHostAlloc"] = 2;
  const std::vector<int> sent(std::size_t{1} << 20, 7);
  std::vector<int> received(sent.size());
  // The second GPU: no other test makes its pinned buffers.
  const Buffer buffer = allocate("test", static_cast<std::int64_t>(sent.size()), 4, cuda_device(1));
  copy_bytes(buffer.data(), buffer.device(), sent.data(), cpu_device, sent.size() * 4);
  copy_bytes(received.data(), cpu_device, buffer.data(), buffer.device(), sent.size() * 4);
  CHECK(received == sent);
  driver().failing.clear();
}

TEST_CASE("a host address that is said to be a GPU's is found") {
  const Buffer buffer = allocate("test", 4, 4, cuda_device());
  const cuda::Gpu& gpu = cuda::gpu("test", 0);
  cuda::check_address("add", "`a`", gpu, buffer.data());
  const int here = 0;
  CHECK(contains(message_of([&] { cuda::check_address("add", "`a`", gpu, &here); }),
                 "add: `a` is said to be on cuda:0, but 0x"));
}

TEST_CASE("a launch packs arguments and the grid's extents") {
  Installed installed;
  const Kernel add = add_kernel();
  Vector a(33), b(33), c(33);
  add.launch(std::vector{a.argument(), b.argument(), c.argument(), Argument::scalar(2.0f)});
  REQUIRE(driver().launches.size() == 1);
  const FakeLaunch& launch = driver().launches[0];
  CHECK(launch.entry == "add_entry");
  CHECK(launch.grid == 3);
  CHECK(launch.block == 128);
  CHECK(launch.shared_bytes == 1024);
  const auto address = [](const Vector& x) {
    return reinterpret_cast<std::int64_t>(x.buffer.data());
  };
  CHECK(launch.parameters == std::vector<std::int64_t>{address(a), 33, 1, address(b), 33, 1,
                                                       address(c), 33, 1, 0x40000000, 3});
  CHECK(installed.compiler.requests[0].target == "sm_90a");

  Vector none(0);
  add.launch(
      std::vector{none.argument(), none.argument(), none.argument(), Argument::scalar(2.0f)});
  CHECK(driver().launches.size() == 1);  // no programs, no launch
}

TEST_CASE("blocks that stay are at most one a multiprocessor") {
  Installed installed;
  installed.compiler.blocks_stay = true;
  const Kernel add = add_kernel();
  for (const auto& [n, blocks] : {std::pair<std::int64_t, unsigned>{33, 3}, {16 * 5000, 132}}) {
    Vector a(n), b(n), c(n);
    a.stride = b.stride = 0;  // the buffers are small, and launches only recorded
    c.buffer = allocate("test", n, 4, cuda_device());
    add.launch(std::vector{a.argument(), b.argument(), c.argument(), Argument::scalar(1.0f)});
    CHECK(driver().launches.back().grid == blocks);
  }
}

TEST_CASE("a tensor map describes the matrix, and is made once") {
  const Installed installed;
  tile::TensorMap map;
  map.word = 1;
  map.inner_dim = 1;
  map.box_outer = 128;
  std::int64_t words[] = {-1, 4096, 100, 70, 96, 1};  // address, sizes, strides
  const auto encode = [&] { cuda::tensor_map("matmul", map, words); };
  encode();
  encode();
  CHECK(driver().tensor_maps == std::vector<FakeTensorMap>{{4096, 70, 100, 384, 32, 128}});
  map.inner_dim = 0;  // the transposed matrix
  std::swap(words[4], words[5]);
  encode();
  CHECK(driver().tensor_maps.back() == FakeTensorMap{4096, 100, 70, 384, 32, 128});
  words[3] = 1;  // a single row has no stride
  encode();
  CHECK(driver().tensor_maps.back() == FakeTensorMap{4096, 100, 1, 400, 32, 128});
  words[2] = 0;
  encode();
  CHECK(driver().tensor_maps.size() == 3);  // nothing to read
  words[2] = 100;
  words[1] = 4100;
  CHECK(contains(message_of(encode), "matmul: cuTensorMapEncodeTiled failed for a matrix of 1 by"));
}

TEST_CASE("alignment is part of a GPU kernel's stride class") {
  Installed installed;
  const Kernel add = add_kernel();
  const auto aligned = [&](std::int64_t n, std::int64_t offset) {
    Vector a(n), b(n), c(n);
    const std::size_t before = installed.compiler.requests.size();
    add.launch(std::vector{a.argument(offset), b.argument(), c.argument(), Argument::scalar(1.f)});
    CHECK(installed.compiler.requests.size() == before + 1);
    return installed.compiler.requests.back().strides[0].aligned;
  };
  CHECK(aligned(32, 0));
  CHECK_FALSE(aligned(33, 0));  // the last vector would straddle
  CHECK_FALSE(aligned(32, 4));
}

TEST_CASE("what is wrong is said before a launch") {
  const Installed installed;
  const Kernel add = add_kernel();
  Vector a(32), b(32), c(32);
  std::vector<float> host(32);
  const std::int64_t n = 32, one = 1;
  const auto launch = [&](const Argument& second) {
    return message_of([&] {
      add.launch(std::vector{a.argument(), second, c.argument(), Argument::scalar(1.0f)});
    });
  };
  CHECK(launch(Argument::tensor(host.data(), Element::F32, 1, &n, &one)) ==
        "add: `a` is on cuda:0, but `b` is on cpu; move one of them with to(device)");
  Argument elsewhere = b.argument();
  elsewhere.device = cuda_device(1);
  CHECK(launch(elsewhere) ==
        "add: `a` is on cuda:0, but `b` is on cuda:1; move one of them with to(device)");
  const std::int64_t huge = std::int64_t{1} << 36, zero = 0;
  Argument large_a = a.argument(), large_b = b.argument(), large_c = c.argument();
  for (Argument* x : {&large_a, &large_b, &large_c}) x->sizes = &huge;
  for (Argument* x : {&large_a, &large_b}) x->strides = &zero;
  large_c.data = reinterpret_cast<void*>(std::uintptr_t{1} << 46);
  CHECK(
      contains(message_of([&] {
                 add.launch(std::vector{large_a, large_b, large_c, Argument::scalar(1.0f)});
               }),
               "add B=16: the grid has more than 2^31 - 1 programs (extent 4294967296 on axis 0)"));
  CHECK(driver().launches.empty());
}

TEST_CASE("failures name the kernel, its launch and what to try") {
  Installed installed;
  Vector a(32), b(32), c(32);
  const std::vector arguments{a.argument(), b.argument(), c.argument(), Argument::scalar(1.0f)};
  const auto launch = [&] { return message_of([&] { add_kernel().launch(arguments); }); };
  driver().failing["cuLaunchKernelEx"] = 701;
  CHECK(contains(launch(),
                 "add B=16: cuLaunchKernelEx failed for grid 2, block 128, 1024 bytes of "
                 "shared memory on cuda:0: CUDA_ERROR_OTHER (701)"));
  CHECK(contains(launch(), "smaller tiles help"));
  driver().failing["cuLaunchKernelEx"] = 700;
  CHECK(contains(launch(), "CUDA_ERROR_ILLEGAL_ADDRESS (700): an illegal memory access"));
  CHECK(contains(launch(), "a kernel launched earlier has failed"));
  CHECK(contains(launch(), "PICOGRAD_SYNC=1"));
  CHECK_THROWS_AS(add_kernel().launch(arguments), DeviceFault);
  driver().failing.clear();
  driver().failing["cuStreamSynchronize"] = 700;
  CHECK(contains(message_of([] { synchronize(cuda_device()); }), "PICOGRAD_SYNC=1"));
  driver().failing.clear();

  installed.compiler.image = "no PTX";
  CHECK(contains(launch(),
                 "add B=16: cuModuleLoadDataEx failed for cuda:0 (Stand-in GPU, driver "
                 "13.0)\nptxas fatal: this is no PTX"));
  installed.compiler.image = "record 11";
  installed.compiler.entry = "missing";
  CHECK(contains(launch(), "cuModuleGetFunction failed for entry missing"));
  installed.compiler.entry = "add_entry";
  installed.compiler.shared_bytes = 300000;
  CHECK(launch() ==
        "add B=16: a block needs 300000 bytes of shared memory, cuda:0 (Stand-in GPU) "
        "has 232448");
  installed.compiler.shared_bytes = 0;
  installed.compiler.threads = 2048;
  CHECK(launch() ==
        "add B=16: a block has 2048 threads, but the kernel's registers leave room for 1024");
}

TEST_CASE("a kernel that does not end is named") {
  const Installed installed;
  Vector a(32), b(32), c(32);
  const std::vector arguments{a.argument(), b.argument(), c.argument(), Argument::scalar(1.0f)};
  const Kernel add = add_kernel();
  set_kernel_timeout(0.02);
  add.launch(arguments);
  synchronize(cuda_device());
  driver().failing = {{"cuStreamQuery", 600}, {"cuEventQuery", 600}};
  add.launch(arguments);
  const std::string message = message_of([] { synchronize(cuda_device()); });
  float value = 0;
  CHECK_THROWS_AS(copy_bytes(&value, cpu_device, c.buffer.data(), cuda_device(), 4), DeviceFault);
  driver().failing.clear();
  synchronize(cuda_device());
  set_kernel_timeout(0);
  CHECK(contains(message, "synchronize: kernel add B=16 on cuda:0 has not ended after 0.02 s"));
}

TEST_CASE("launches on a GPU are profiled with events") {
  const Installed installed;
  Vector a(32), b(32), c(32);
  const std::vector arguments{a.argument(), b.argument(), c.argument(), Argument::scalar(1.0f)};
  const Kernel add = add_kernel();
  reset_profile();
  set_profiling(true);
  for (int i = 0; i < 3; ++i) add.launch(arguments);
  set_profiling(false);
  const std::string table = profile_table();
  CHECK(contains(table, "add B=16"));
  CHECK(contains(table, " 3 "));
  reset_profile();
  CHECK(profile_table().empty());
}

TEST_CASE("a grid's program is evaluated in wrapping 64-bit integers") {
  const auto value = [](Op op, std::int64_t a, std::int64_t b, std::int64_t c = 0) {
    tile::HostProgram program;
    program.steps = {{Op::Word, 0}, {Op::Word, 1}, {Op::Constant, c}, {op, 0, 0, 1, 2}};
    program.results = {3};
    const std::int64_t words[] = {a, b};
    cuda::check_host_program("test", program, 2);
    std::int64_t result = 0;
    cuda::evaluate(program, words, &result);
    return result;
  };
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  CHECK(value(Op::Div, 7, 2) == 3);
  CHECK(value(Op::Div, -7, 2) == -3);
  CHECK(value(Op::Div, 7, 0) == 0);
  CHECK(value(Op::Div, least, -1) == least);
  CHECK(value(Op::Rem, 7, 0) == 7);
  CHECK(value(Op::Rem, least, -1) == 0);
  CHECK(value(Op::Rem, -7, 2) == -1);
  CHECK(value(Op::Add, least, -1) == std::numeric_limits<std::int64_t>::max());
  CHECK(value(Op::Sub, 3, 5) == -2);
  CHECK(value(Op::Mul, least, 2) == 0);
  CHECK(value(Op::Min, 3, -5) == -5);
  CHECK(value(Op::Max, 3, -5) == 3);
  CHECK(value(Op::Eq, 3, 3) == 1);
  CHECK(value(Op::Ne, 3, 3) == 0);
  CHECK(value(Op::Lt, 3, 3) == 0);
  CHECK(value(Op::Le, 3, 3) == 1);
  CHECK(value(Op::Select, 1, 4, 9) == 4);
  CHECK(value(Op::Select, 0, 4, 9) == 9);
  tile::HostProgram wrong;
  wrong.steps = {{Op::Add, 0, 0, 1}};
  CHECK_THROWS_AS(cuda::check_host_program("test", wrong, 0), Error);
  wrong.steps = {{Op::Word, 5}};
  CHECK_THROWS_AS(cuda::check_host_program("test", wrong, 5), Error);
}

TEST_CASE("kernels in CUDA C++: arguments, shapes and what is wrong before a launch") {
  const Installed installed;
  Vector a(32), b(32);
  const cuda::RawKernel scale("text", "scale");
  const auto launch = [&](const cuda::LaunchShape& shape, const std::vector<Argument>& arguments) {
    return message_of([&] { scale.launch(shape, arguments); });
  };
  const cuda::LaunchShape good{.grid = {2}, .block = {128}};
  std::vector<float> host(4);
  const std::int64_t n = 4, one = 1;
  CHECK(launch(good, {Argument::tensor(host.data(), Element::F32, 1, &n, &one)}) ==
        "scale: argument 0 is on cpu, but CUDA C++ runs on a GPU; move it with to(device)");
  Argument elsewhere = b.argument();
  elsewhere.device = cuda_device(1);
  CHECK(launch(good, {a.argument(), elsewhere}) ==
        "scale: argument 1 is on cuda:1, but one before it is on cuda:0; move it with to(device)");
  CHECK(launch(good, {Argument::scalar(1.0f)}) ==
        "scale: no tensor among the arguments says on which GPU to run");
  CHECK(contains(launch({.grid = {2}, .block = {2000}}, {a.argument()}),
                 "scale: grid (2, 1, 1), block (2000, 1, 1), 0 bytes of shared memory on cuda:0 "
                 "cannot be launched"));
  CHECK(launch({.grid = {0}, .block = {128}}, {a.argument()}) == "no error");
  CHECK(message_of([] { cuda::RawKernel().name(); }) == "raw kernel: the handle is empty");
}

TEST_CASE("NVRTC compiles, or its log says why not") {
  if (!cuda::nvrtc_version()) {
    std::printf("SKIP NVRTC compiles, or its log says why not: no NVRTC (needs a GPU machine)\n");
    return;
  }
  const std::string text =
      "template <class T> __global__ void scale(T* x, T by) { x[threadIdx.x] *= by * SIGN; }";
  const cuda::CompiledSource code =
      cuda::compile_source(text, "scale<float>", {"-DSIGN=-1"}, "sm_90a");
  CHECK(
      code.image.starts_with("\x7f"
                             "ELF"));
  CHECK(contains(code.entry, "scale"));
  const std::string message =
      message_of([&] { cuda::compile_source(text, "scale<float>", {}, "sm_90a"); });
  CHECK(message.starts_with("scale<float>: the CUDA source does not compile: "));
  CHECK(contains(message, "identifier \"SIGN\" is undefined"));
}
