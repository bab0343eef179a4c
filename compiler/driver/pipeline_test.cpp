// Tests of the pipeline's steps on whole kernels: what each step leaves, and how mistakes come out.
#include "compiler/driver/pipeline.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "compiler/passes/pipeline.h"

using namespace tile;

namespace {

const KernelSource add_source{"add.tile", R"(
/// c = a + b
kernel add<tune B: int = 256>(a: tensor<f32>[N], b: tensor<f32>[N], c: out tensor<f32>[N])
  grid (ceil_div(N, B))
{
  let i = program();
  c[i*B +: B] = a[i*B +: B] + b[i*B +: B];
}
schedule add on x86-64-v4 when N >= 4096 { B = 1024; }
schedule add on cpu when N % 8 == 0 { B = 512; }
)"};

Selection select(std::string kernel, std::string target = "x86-64-v3") {
  Selection selection;
  selection.kernel = std::move(kernel);
  selection.target = std::move(target);
  return selection;
}

std::string errors_of(const std::string& text, const Selection& selection) {
  LoadedFile file({"test.tile", text});
  CHECK_FALSE(compile_kernel(file, selection));
  return file.diagnostics().render(false);
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("every step leaves its result") {
  LoadedFile file(add_source);
  CHECK(file.tokens().size() > 50);
  CHECK(file.ast().kernels.size() == 1);
  std::vector<std::string> steps;
  auto made = compile_kernel(file, select("add"), Until::Text,
                             [&](std::string_view pass, const ir::Module& module) {
                               steps.emplace_back(pass);
                               CHECK_FALSE(module.kernel.is_none());
                             });
  if (!made) FAIL(file.diagnostics().render(false));
  REQUIRE(made.has_value());
  REQUIRE(steps.size() == passes::all_passes().size() + 1);
  CHECK(steps.front() == "check");
  CHECK(steps.back() == passes::all_passes().back().name);
  CHECK(contains(ir::print(made->checked), "add"));
  CHECK(contains(ir::print(made->module), "store"));
  CHECK_FALSE(schedule::print(made->plan, made->module).empty());
  CHECK(contains(made->text, "tile_grid"));
  CHECK(contains(made->text, "tile_run"));
  CHECK(made->strides.size() == 3);
}

TEST_CASE("the signature is what the launcher needs") {
  LoadedFile file(add_source);
  const auto signature = kernel_signature(file, select("add", "x86-64-v4"));
  if (!signature) FAIL(file.diagnostics().render(false));
  REQUIRE(signature->parameters.size() == 3);
  CHECK(signature->parameters[0].name == "a");
  CHECK(signature->parameters[0].element == "f32");
  CHECK(signature->parameters[0].sizes == std::vector<std::string>{"N"});
  CHECK_FALSE(signature->parameters[1].is_written);
  CHECK(signature->parameters[2].is_written);
  CHECK_FALSE(signature->parameters[2].is_read);
  CHECK(signature->grid_rank == 1);
  REQUIRE(signature->arms.size() == 3);
  REQUIRE(signature->arms[0].conditions.size() == 1);
  CHECK(signature->arms[0].conditions[0].relation == SizeCondition::Relation::Ge);
  CHECK(signature->arms[0].conditions[0].value == 4096);
  CHECK(signature->arms[1].conditions[0].modulus == 8);
  CHECK(signature->arms[2].conditions.empty());
  // Arms of another target do not count; those of `cpu` hold for all.
  CHECK(kernel_signature(file, select("add", "x86-64-v3"))->arms.size() == 2);
}

TEST_CASE("schedules set tune parameters, settings override them") {
  LoadedFile file(add_source);
  Selection selection = select("add", "x86-64-v4");
  const auto extent = [&] {
    const auto made = compile_kernel(file, selection, Until::Passes);
    REQUIRE(made.has_value());
    return ir::print(made->module);
  };
  selection.arm = 0;
  CHECK(contains(extent(), "f32[1024]"));
  selection.arm = 1;
  CHECK(contains(extent(), "f32[512]"));
  selection.arm = -1;
  CHECK(contains(extent(), "f32[256]"));
  selection.settings = {{"B", "64"}};
  selection.arm = 0;
  CHECK(contains(extent(), "f32[64]"));
}

TEST_CASE("mistakes come out as diagnostics, at every step") {
  CHECK(contains(errors_of("kernel add(", select("add")), "test.tile:1:"));
  CHECK(contains(
      errors_of("kernel k(x: out tensor<f32>[N]) grid (N) { x[program()] = y; }", select("k")),
      "y"));
  const std::string unknown = errors_of(add_source.text, select("ad"));
  CHECK(contains(unknown, "unknown kernel `ad`"));
  CHECK(contains(unknown, "did you mean `add`"));
  CHECK(contains(errors_of(add_source.text, select("add", "pdp-11")), "unknown target `pdp-11`"));
  CHECK(contains(errors_of("kernel k(x: out tensor<f32>[N]) grid (N) { x[0] = 1.0; }", select("k")),
                 "two programs may write the same element of `x`"));
}
