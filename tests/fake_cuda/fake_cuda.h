// A stand-in for libcuda.so.1 in tests without a GPU (PICOGRAD_LIBCUDA names the driver to open).
// Device memory is ordinary memory that only the stand-in can touch: a host access ends the test
// with a fault, as it would be a mistake on a GPU. Kernels run on the CPU, at their launch.
//
// A module's image is text: "run POINTER WORDS RANK" runs the tile::CpuKernel at POINTER, whose
// grid has RANK axes, on a launch's WORDS parameters; "record WORDS" only notes the launch;
// anything else does not load.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

struct FakeLaunch {
  std::string entry;
  unsigned grid = 0, block = 0, shared_bytes = 0;
  std::vector<std::int64_t> parameters;
};

/// A matrix as it was given to cuTensorMapEncodeTiled.
struct FakeTensorMap {
  std::uint64_t address = 0, inner_size = 0, outer_size = 0, stride_bytes = 0;
  std::uint32_t box_inner = 0, box_outer = 0;
  bool operator==(const FakeTensorMap&) const = default;
};

/// What the stand-in pretends to be, and what it has seen. Tests may change it at any time.
struct FakeCuda {
  int driver_version = 13000;
  int device_count = 2;
  int capability = 90;
  std::size_t total_bytes = std::size_t{4} << 30;  // of each GPU
  std::map<std::string, int> failing;  // by the call's name: the result it gives from now on
  std::vector<FakeLaunch> launches;
  std::vector<FakeTensorMap> tensor_maps;  // encoded so far
  std::size_t allocated_bytes = 0;
  std::uint64_t allocations = 0;  // cuMemAlloc calls that succeeded
};

/// The symbol of the library that returns its state: FakeCuda* fake_cuda_state().
extern "C" FakeCuda* fake_cuda_state();
