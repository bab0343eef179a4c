// Peaks, rooflines, and NVIDIA's tools hearing of ranges. What a trace says of real kernels is
// tested in runtime/ops.
#include "runtime/device/profile.h"

#include <dlfcn.h>
#include <doctest/doctest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "runtime/device/trace.h"

using namespace pg;
using nlohmann::json;

namespace {

// Before anything is launched: a tool is looked for once.
const bool has_tool = ::setenv("NVTX_INJECTION64_PATH", PICOGRAD_FAKE_NVTX, 1) == 0;

}  // namespace

TEST_CASE("peak: a CPU's is measured once and is plausible") {
  const DevicePeak peak = device_peak(cpu_device);
  CHECK(peak.fp32_flops > 1e8);
  CHECK(peak.fp32_flops < 1e14);
  CHECK(peak.bytes_per_second > 1e7);
  CHECK(peak.bytes_per_second < 1e13);
  CHECK(device_peak(cpu_device).fp32_flops == peak.fp32_flops);
}

TEST_CASE("peak: in words, with what is not known") {
  CHECK(to_string(DevicePeak{66.9e12, 494.7e12, 3.352e12}) ==
        "fp32 66.9 TFLOP/s, tf32 494.7 TFLOP/s, memory 3352 GB/s");
  CHECK(to_string(DevicePeak{2.5e11, 0, 4e10}) == "fp32 250 GFLOP/s, tf32 unknown, memory 40 GB/s");
  CHECK(to_string(DevicePeak{}) == "fp32 unknown, tf32 unknown, memory unknown");
}

TEST_CASE("roofline: the longer of arithmetic and traffic") {
  const DevicePeak peak{100, 1000, 10};
  CHECK(detail::least_seconds({200, 0, 10}, peak) == 2);
  CHECK(detail::least_seconds({200, 3000, 10}, peak) == 5);
  CHECK(detail::least_seconds({200, 0, 40}, peak) == 4);
  CHECK(detail::least_seconds({200, 0, 40}, {}) == 0);
}

TEST_CASE("trace: names of any bytes, rates and shares, what was dropped") {
  detail::Trace trace;
  const double flops = 1e-3 * device_peak(cpu_device).fp32_flops;
  trace.launches.push_back({"f P=\"\xff\"", cpu_device, 1'500, 2'000'000, {flops, 0, 0}});
  trace.launches.push_back({"copy", cpu_device, 3'000'000, 1'000, {0, 0, 4096}});
  trace.ranges.push_back({"forward", 1'000, 5'000'000});
  trace.dropped = 3;
  const json parsed = json::parse(detail::to_chrome_json(trace));
  CHECK(parsed.at("otherData").at("dropped") == 3);
  const json& events = parsed.at("traceEvents");
  REQUIRE(events.size() == 5);
  CHECK(events[0].at("args").at("name") == "host");
  CHECK(events[1].at("args").at("name").get<std::string>().starts_with("cpu: fp32 "));
  CHECK(events[2].at("name") == "f P=\"\xef\xbf\xbd\"");
  CHECK(events[2].at("ts") == 1.5);
  CHECK(events[2].at("dur") == 2000);
  CHECK(events[2].at("args").at("% of roofline") == 50);
  CHECK(events[2].at("args").at("bound by") == "arithmetic");
  CHECK(events[3].at("args").at("GB/s") == 4.096);
  CHECK(events[3].at("args").at("bound by") == "memory");
  CHECK(events[4].at("cat") == "host");
}

TEST_CASE("ranges reach a tool that NVTX_INJECTION64_PATH names") {
  REQUIRE(has_tool);
  {
    const Range outer("step");
    const Range inner("forward");
  }
  void* tool = ::dlopen(PICOGRAD_FAKE_NVTX, RTLD_LAZY | RTLD_NOLOAD);
  REQUIRE(tool != nullptr);
  auto heard = reinterpret_cast<const char* (*)()>(::dlsym(tool, "fake_nvtx_heard"));
  REQUIRE(static_cast<bool>(heard));
  CHECK(std::string(heard()).ends_with("<step<forward>>"));
}
