// Benchmarks on a GPU: kernels timed by events on the device, results checked on a sample, and
// beside each figure that of a peer process where there is one. Every benchmark prints a table and
// can write all samples as JSON.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/device/device.h"
#include "runtime/ops/precision.h"

namespace bench::gpu {

struct Options {
  pg::Device device = pg::cuda_device();
  int rounds = 3;    // ours, the peer's, ours, ...; medians
  std::string peer;  // command that runs tools/gpu_peer.py; empty: none
  std::string json;  // file for all samples; empty: none
};

struct Shape3 {
  std::int64_t m = 0, n = 0, k = 0;
};
/// "4096x4096x4096,8192x768x768".
std::vector<Shape3> parse_shapes(const std::string& text);

/// Products in the layouts NN, NT, TN (TT for the first shape) through ops::matmul; TFLOP/s.
bool matmul(const Options& options, const std::vector<pg::Precision>& precisions,
            const std::vector<Shape3>& shapes);
/// Causal attention forward and backward; TFLOP/s.
bool attention(const Options& options);
/// Kernels that should be as fast as memory: GB/s and the share of a copy.
bool bandwidth(const Options& options);
/// Host time of one small launch; microseconds.
bool launch(const Options& options);

struct LlamaOptions {
  std::string model = "110M";  // a preset
  std::int64_t batch = 8, seq = 1024;
  int steps = 12;  // of a round; the first third does not count
  pg::Precision precision = pg::Precision::Tf32;
};
/// A training step, eager; tokens a second and peak memory.
bool llama_step(const Options& options, const LlamaOptions& chosen);

/// Adds `gpu` and its subcommands; the result runs the chosen one.
std::function<bool()> add_command(CLI::App& app);

}  // namespace bench::gpu
