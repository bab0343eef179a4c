// Every kernel of the project, for a GPU, without one: each instance, schedule and stride class
// becomes PTX and assembles, and what the packed ones take (registers, spills, shared memory,
// instructions) is compared with tests/ptx/resources.txt. `tools/update_goldens` writes that file
// anew; read its diff.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include "compiler/driver/assembler_log.h"
#include "compiler/driver/pipeline.h"

using namespace tile;
namespace fs = std::filesystem;

namespace {

constexpr const char* gpu = "sm_90a";
/// Of products and attention: what ptxas spills by choice, far below the registers it may take.
constexpr int few_bytes = 16;
constexpr const char* table_path = PICOGRAD_SOURCE_DIR "/tests/ptx/resources.txt";

struct TemporaryDirectory {
  std::string path;
  TemporaryDirectory() {
    path = (fs::temp_directory_path() / "tilec_gpu_test_XXXXXX").string();
    path = mkdtemp(path.data());
  }
  ~TemporaryDirectory() { fs::remove_all(path); }
};

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::vector<fs::path> kernel_files() {
  std::vector<fs::path> files;
  for (const char* folder : {"kernels", "examples"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(PICOGRAD_SOURCE_DIR) / folder)) {
      if (entry.path().extension() == ".tile") files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

/// ptxas, if this machine has it.
class Assembler {
 public:
  Assembler() {
    for (const char* command : {"ptxas", "/usr/local/cuda/bin/ptxas"}) {
      if (!command_.empty() || run(std::string(command) + " --version") != 0) continue;
      command_ = command;
      const std::size_t at = log_.rfind("release ");
      if (at != std::string::npos) release_ = log_.substr(at, log_.find(',', at) - at);
    }
  }
  explicit operator bool() const { return !command_.empty(); }
  const std::string& release() const { return release_; }  // "release 13.0"
  /// Whether it takes the text; log() then says what it has to say about it.
  bool takes(const std::string& ptx, std::string_view target) {
    const std::string input = directory_.path + "/kernel.ptx";
    std::ofstream(input, std::ios::binary) << ptx;
    return run(fmt::format("{} -v -arch={} -o {}/kernel.cubin {}", command_, target,
                           directory_.path, input)) == 0;
  }
  const std::string& log() const { return log_; }

 private:
  int run(const std::string& command) {
    const std::string output = directory_.path + "/log";
    const int status = std::system((command + " >" + output + " 2>&1").c_str());
    log_ = read(output);
    return status;
  }

  TemporaryDirectory directory_;
  std::string command_, release_, log_;
};

/// "ld.global.nc.v4.b32" as "ld.global.128"; what is not worth counting as "".
std::string family(const std::string& opcode) {
  const auto starts = [&](const char* text) { return opcode.starts_with(text); };
  for (const char* access : {"ld.global", "st.global", "ld.shared", "st.shared"}) {
    if (!starts(access)) continue;
    long bits =
        std::strtol(opcode.c_str() + opcode.find_last_not_of("0123456789") + 1, nullptr, 10);
    if (opcode.find(".v2.") != std::string::npos) bits *= 2;
    if (opcode.find(".v4.") != std::string::npos) bits *= 4;
    return fmt::format("{}.{}", access, bits);
  }
  for (const char* kept : {"cp.async.bulk.tensor", "cp.async", "wgmma.mma_async", "mma.sync",
                           "fma.rn.f32", "div.rn.f32", "sqrt.rn.f32", "shfl", "bar.sync",
                           "barrier.sync", "bar.warp.sync", "atom", "red."}) {
    if (starts(kept)) return kept;
  }
  return "";
}

/// How often each family stands in the text.
std::map<std::string, int> instruction_mix(const std::string& ptx) {
  std::map<std::string, int> mix;
  std::string statement;
  for (std::istringstream text(ptx); std::getline(text, statement, ';');) {
    std::istringstream words(statement.substr(statement.find_last_of('\n') + 1));
    std::string word;
    while (words >> word && (word[0] == '@' || word == "{")) continue;
    if (const std::string name = family(word); !name.empty()) ++mix[name];
  }
  return mix;
}

bool is_serialized(const std::string& log) {
  return log.find("serializ") != std::string::npos || log.find("C751") != std::string::npos;
}

std::string resources(const Compilation& made, const std::string& log) {
  const AssemblerLog took = read_assembler_log(log);
  std::string line = fmt::format(
      "{} registers, {} threads, {} shared, {} spilled{};", took.registers, made.gpu_plan.threads(),
      made.gpu_plan.shared_bytes, took.spill_bytes, is_serialized(log) ? ", wgmma SERIALIZED" : "");
  for (const auto& [name, count] : instruction_mix(made.text)) {
    line += fmt::format(" {} {}", name, count);
  }
  return line;
}

struct Variant {
  Selection selection;
  std::string name;  // in the table; empty: not there
};

/// Stride classes that make other code: vectors, single elements, any stride; for products also
/// either operand with its rows across memory.
void add_stride_classes(const ir::Function& kernel, const Selection& selection, bool is_product,
                        std::vector<Variant>& all) {
  const auto packed = packed_strides(kernel);
  const auto add = [&](std::vector<StrideClass> strides, const std::string& name) {
    all.push_back({selection, name});
    all.back().selection.strides = std::move(strides);
  };
  std::string name = kernel.name;
  for (const auto& [key, value] : selection.settings) name += fmt::format(" {}={}", key, value);
  name += fmt::format(" arm {}", selection.arm);
  add(packed, name + (is_product ? " NN" : ""));
  std::vector<StrideClass> unaligned = packed;
  for (StrideClass& strides : unaligned) strides.aligned = false;
  add(unaligned, "");
  add(std::vector<StrideClass>(packed.size(), {-1, 0, false}), "");
  for (std::size_t side = 0; is_product && side < 2; ++side) {
    std::vector<StrideClass> turned = packed;
    --turned[side].unit_dim;
    add(turned, name + (side == 0 ? " TN" : " NT"));
  }
}

std::vector<Variant> variants(LoadedFile& file, Selection selection, bool is_product) {
  std::vector<Variant> all;
  const auto arms = find_schedules(file, selection);
  for (std::size_t arm = 0; arm < arms.size(); ++arm) {
    selection.arm = static_cast<int>(arm);
    const auto made = compile_kernel(file, selection, Until::Passes);
    if (!made) FAIL(file.diagnostics().render(false));
    add_stride_classes(made->module.functions[made->module.kernel], selection, is_product, all);
  }
  return all;
}

/// The variant's line of the table, if it has one.
std::string assemble_variant(LoadedFile& file, const std::string& stem, const Variant& variant,
                             Assembler& assembler) {
  CAPTURE(stem);
  CAPTURE(variant.selection.kernel);
  const auto made = compile_kernel(file, variant.selection);
  if (!made) FAIL(file.diagnostics().render(false));
  CHECK(made->text.find(".entry " + made->entry) != std::string::npos);
  if (!assembler) return "";
  if (!assembler.takes(made->text, gpu)) FAIL_CHECK("refused: " << assembler.log());
  const bool is_critical = stem == "matmul" || stem == "attention";
  if (is_critical) CHECK_FALSE(is_serialized(assembler.log()));
  if (variant.name.empty()) return "";
  if (is_critical) CHECK(read_assembler_log(assembler.log()).spill_bytes <= few_bytes);
  return fmt::format("{}: {}: {}\n", stem, variant.name, resources(*made, assembler.log()));
}

/// The instances of a kernel, and products in both precisions.
std::vector<Settings> instances(LoadedFile& file, const std::string& kernel) {
  std::vector<Settings> all;
  for (const sema::Instance& instance : file.program()->instances(kernel)) {
    all.push_back(instance.settings);
  }
  if (kernel == "matmul") all.push_back({{"P", "tf32"}});
  return all;
}

/// Lines of the table for one file.
std::string assemble_file(const fs::path& path, Assembler& assembler, int& count) {
  std::string table;
  LoadedFile file(KernelSource{path.filename().string(), read(path)});
  REQUIRE(file.program() != nullptr);
  const std::string stem = path.stem().string();
  for (const std::string& kernel : file.program()->kernels()) {
    for (const Settings& settings : instances(file, kernel)) {
      const Selection selection{kernel, settings, gpu, 0, {}};
      for (const Variant& variant : variants(file, selection, kernel == "matmul")) {
        CAPTURE(variant.name);
        ++count;
        table += assemble_variant(file, stem, variant, assembler);
      }
    }
  }
  return table;
}

/// One arm of a kernel on another GPU: it fits, and, where it is assembled, does not spill more
/// than a few bytes.
void try_on(LoadedFile& file, const Selection& selection, bool is_critical, Assembler* assembler) {
  CAPTURE(selection.kernel);
  CAPTURE(selection.target);
  CAPTURE(selection.arm);
  const auto made = compile_kernel(file, selection, assembler ? Until::Text : Until::Plan);
  if (!made) FAIL(file.diagnostics().render(false));
  if (assembler == nullptr || !*assembler) return;
  if (!assembler->takes(made->text, selection.target)) FAIL_CHECK("refused: " << assembler->log());
  if (is_critical) CHECK(read_assembler_log(assembler->log()).spill_bytes <= few_bytes);
}

/// Says which lines differ.
void compare(const std::string& found, const std::string& expected) {
  std::istringstream left(found), right(expected);
  std::string line;
  std::map<std::string, int> lines;
  while (std::getline(right, line)) ++lines[line];
  while (std::getline(left, line)) {
    if (--lines[line] < 0) FAIL_CHECK("not in tests/ptx/resources.txt: " << line);
  }
  for (const auto& [text, missing] : lines) {
    if (missing > 0) FAIL_CHECK("only in tests/ptx/resources.txt: " << text);
  }
}

}  // namespace

TEST_CASE("every kernel, instance, schedule and stride class assembles, and takes what it took") {
  Assembler assembler;
  if (!assembler) std::printf("SKIP assembling all kernels: no GPU toolkit (ptxas)\n");
  int count = 0;
  std::string table = fmt::format("# ptxas {} -arch={}\n", assembler.release(), gpu);
  const std::string header = table;
  for (const fs::path& path : kernel_files()) table += assemble_file(path, assembler, count);
  CHECK(count > 100);
  if (!assembler) return;
  if (std::getenv("PICOGRAD_UPDATE_GOLDENS") != nullptr) {
    std::ofstream(table_path, std::ios::binary) << table;
    return;
  }
  const std::string expected = read(table_path);
  if (!expected.starts_with(header)) {
    std::printf("SKIP resources of all kernels: made by another GPU toolkit, here it is %s\n",
                assembler.release().c_str());
    return;
  }
  compare(table, expected);
}

TEST_CASE("a product assembles with whatever warps and blocks its schedule asks for") {
  Assembler assembler;
  struct Choice {
    int rows, columns;
    const char* schedule;
    bool has_wgmma;
  };
  // A pipeline needs a multiprocessor for itself, wgmma registers for its accumulators.
  for (const Choice& choice :
       std::initializer_list<Choice>{{128, 128, "blocks = 1;", true},
                                     {128, 128, "blocks = 2;", true},
                                     {128, 128, "blocks = 3; warps = 8;", false},
                                     {64, 128, "blocks = 8;", false},
                                     {256, 256, "warps = 16;", false},
                                     {512, 128, "warps = 32;", false}}) {
    const std::string text = fmt::format(
        "kernel product(a: tensor<f32>[M, K], b: tensor<f32>[K, N], c: out tensor<f32>[M, N])\n"
        "  grid (ceil_div(M, {0}), ceil_div(N, {1}))\n"
        "{{\n"
        "  let (i, j) = program();\n"
        "  var acc = zeros<f32>[{0}, {1}];\n"
        "  for k in 0..ceil_div(K, 32) {{\n"
        "    acc = dot(a[i*{0} +: {0}, k*32 +: 32], b[k*32 +: 32, j*{1} +: {1}], acc, tf32);\n"
        "  }}\n"
        "  c[i*{0} +: {0}, j*{1} +: {1}] = acc;\n"
        "}}\n"
        "schedule product on cuda {{ {2} }}\n",
        choice.rows, choice.columns, choice.schedule);
    CAPTURE(text);
    LoadedFile file(KernelSource{"product.tile", text});
    const auto made = compile_kernel(file, {"product", {}, gpu, 0, {}});
    if (!made) FAIL(file.diagnostics().render(false));
    CHECK((made->text.find("wgmma.mma_async") != std::string::npos) == choice.has_wgmma);
    if (assembler && !assembler.takes(made->text, gpu)) FAIL_CHECK("refused: " << assembler.log());
  }
}

TEST_CASE("every kernel, instance and schedule fits on the other GPUs, and assembles for sm_80") {
  Assembler assembler;
  for (const fs::path& path : kernel_files()) {
    CAPTURE(path);
    LoadedFile file(KernelSource{path.filename().string(), read(path)});
    REQUIRE(file.program() != nullptr);
    const bool is_critical = path.stem() == "matmul" || path.stem() == "attention";
    for (const std::string& kernel : file.program()->kernels()) {
      for (const Settings& settings : instances(file, kernel)) {
        for (const char* target : {"sm_80", "sm_86", "sm_89", "sm_90"}) {
          Selection selection{kernel, settings, target, 0, {}};
          const auto arms = find_schedules(file, selection);
          for (; selection.arm < static_cast<int>(arms.size()); ++selection.arm) {
            try_on(file, selection, is_critical,
                   selection.target == "sm_80" ? &assembler : nullptr);
          }
        }
      }
    }
  }
}
