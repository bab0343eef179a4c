// Ranges for NVIDIA's tools, by NVTX's protocol of version 3: a tool such as Nsight Systems names
// its library in NVTX_INJECTION64_PATH; we load that, hand it a table, and it puts its functions
// there. Nothing of the CUDA toolkit is needed; the declarations are ours.
#pragma once

namespace pg::detail {

/// Whether a tool wants to hear of ranges. Loads its library at the first call.
bool has_nvtx_tool();
/// While it lives, the tool's range; ranges of a thread nest. Only with a tool.
class NvtxRange {
 public:
  explicit NvtxRange(const char* name);
  ~NvtxRange();
  NvtxRange(const NvtxRange&) = delete;
  NvtxRange& operator=(const NvtxRange&) = delete;
};

}  // namespace pg::detail
