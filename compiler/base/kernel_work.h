// What a launch of a kernel does, for profiles and their rooflines. What is computed besides, to
// fill tiles that reach out of a tensor, is not work.
#pragma once

namespace tile {

struct KernelWork {
  double fp32_flops = 0;  // an fma is two; exp, log and other functions of a float are one each
  double tf32_flops = 0;  // of matrix products on tensor cores, where the device has them
  double bytes = 0;       // to and from memory: what is touched, once for reading, once for writing
};

}  // namespace tile
