// Faults planted on a real GPU: each must be reported with the name of the kernel that has it, or
// refused before the launch. A fault ends the CUDA context, so each runs in a process of its own,
// and the parent never touches the driver. Skipped without a GPU (cuda_test.cpp checks the same
// messages with a stand-in driver).
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "runtime/device/raw_kernel.h"
#include "runtime/tensor/launch.h"

namespace {

const pg::Device gpu = pg::cuda_device();

/// What `work` throws in a child process, as "class: message"; "nothing" when it throws nothing,
/// an empty text when there is no GPU.
std::string failure_of(const std::function<void()>& work) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    std::string said = "nothing";
    try {
      if (pg::cuda_device_count() == 0) {
        said = "";
      } else {
        work();
      }
    } catch (const pg::DeviceFault& error) {
      said = std::string("DeviceFault: ") + error.what();
    } catch (const pg::Error& error) {
      said = std::string("Error: ") + error.what();
    }
    const bool is_sent = ::write(ends[1], said.data(), said.size()) == std::ssize(said);
    std::_Exit(is_sent ? 0 : 1);  // tidying up would wait for the device
  }
  ::close(ends[1]);
  std::string said;
  char part[4096];
  for (ssize_t n; (n = ::read(ends[0], part, sizeof part)) > 0;) {
    said.append(part, static_cast<std::size_t>(n));
  }
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  if (said.empty()) std::printf("SKIP planted faults: no GPU\n");
  return said;
}

void check_failure(const std::function<void()>& work, std::initializer_list<const char*> wanted) {
  const std::string said = failure_of(work);
  if (said.empty()) return;
  for (const char* part : wanted) {
    CHECK_MESSAGE(said.find(part) != std::string::npos, said, "\n  lacks: ", std::string(part));
  }
}

constexpr const char* faulty = R"cuda(
extern "C" __global__ void writes_far_outside(float* x) { x[(1ll << 40) + threadIdx.x] = 1.0f; }
extern "C" __global__ void never_ends(volatile float* x) { while (x[0] == 0.0f) { } }
extern "C" __global__ void gives_up(float* x) { x[0] = 1.0f; asm volatile("trap;"); }
)cuda";

void launch_faulty(const char* name) {
  const pg::Tensor x = pg::zeros({256}, pg::DType::F32, gpu);
  pg::launch(pg::cuda::RawKernel(faulty, name), {.grid = {1}, .block = {32}}, x);
}

}  // namespace

TEST_CASE("a write outside of memory, found at the next wait") {
  check_failure(
      [] {
        launch_faulty("writes_far_outside");
        pg::synchronize(gpu);
      },
      {"DeviceFault: ", "CUDA_ERROR_ILLEGAL_ADDRESS (700)", "PICOGRAD_SYNC=1"});
}

TEST_CASE("a write outside of memory, named where launches are waited for") {
  check_failure(
      [] {
        ::setenv("PICOGRAD_SYNC", "1", 1);
        launch_faulty("writes_far_outside");
      },
      {"DeviceFault: writes_far_outside: ", "CUDA_ERROR_ILLEGAL_ADDRESS (700)",
       "block (32, 1, 1)"});
}

TEST_CASE("a trap is named") {
  check_failure(
      [] {
        ::setenv("PICOGRAD_SYNC", "1", 1);
        launch_faulty("gives_up");
      },
      {"DeviceFault: gives_up: "});
}

TEST_CASE("a kernel that does not end is named when its time is over") {
  check_failure(
      [] {
        pg::set_kernel_timeout(0.5);
        launch_faulty("never_ends");
        pg::synchronize(gpu);
      },
      {"DeviceFault: ", "never_ends", "0.5 s"});
}

TEST_CASE("after a fault nothing runs on the device, the CPU goes on") {
  check_failure(
      [] {
        launch_faulty("writes_far_outside");
        try {
          pg::synchronize(gpu);
        } catch (const pg::DeviceFault&) {
        }
        if (pg::add(pg::tensor({1}), pg::tensor({2})).item<float>() != 3) throw pg::Error("CPU");
        pg::ones({4}, pg::DType::F32, gpu).to_vector<float>();
      },
      {"DeviceFault: "});
}

TEST_CASE("tensors on two devices are refused") {
  check_failure([] { pg::add(pg::ones({4}, pg::DType::F32, gpu), pg::ones({4})); },
                {"Error: add: ", "cuda:0", "cpu"});
}

TEST_CASE("a host pointer is refused before a launch") {
  check_failure(
      [] {
        ::setenv("PICOGRAD_SYNC", "1", 1);  // read at the first launch
        const std::int64_t n = 4, one = 1;
        static float host[4];
        const pg::Tensor x = pg::ones({4}, pg::DType::F32, gpu);
        const auto claimed = pg::Argument::tensor(host, pg::Element::F32, 1, &n, &one, gpu);
        const auto real = pg::Argument::tensor(x.data(), pg::Element::F32, 1, &n, &one, gpu);
        pg::load_kernel(PICOGRAD_SOURCE_DIR "/examples/01_vector_add.tile", "vector_add")
            .launch(std::vector{claimed, claimed, real});
      },
      {"Error: vector_add: `a` is said to be on cuda:0, but ", " is host memory"});
}

TEST_CASE("a grid beyond the device's limits is refused before a launch") {
  check_failure(
      [] {
        const pg::Tensor x = pg::zeros({256}, pg::DType::F32, gpu);
        pg::launch(pg::cuda::RawKernel(faulty, "gives_up"),
                   {.grid = {std::int64_t{1} << 31}, .block = {32}}, x);
      },
      {"Error: gives_up: ", "(2147483648, 1, 1)", "cannot be launched"});
}
