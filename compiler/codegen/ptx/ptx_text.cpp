// See emit.h. An LLVM module of one kernel, optimised with a short list of passes and printed as
// PTX. The only file with target setup. Not in the list: jump threading, which may take barriers
// apart from the branch that all threads take together, vectorisers, which cost time and gain
// nothing on tiles, and anything that would reorder floating-point arithmetic.
#include <llvm/ADT/SmallString.h>
#include <llvm/Analysis/AliasAnalysis.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopRotation.h>
#include <llvm/Transforms/Scalar/LoopUnrollPass.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>

#include <mutex>

#include "compiler/base/check.h"
#include "compiler/codegen/ptx/kernel_emitter.h"

namespace tile::codegen {

namespace {

constexpr const char* triple = "nvptx64-nvidia-cuda";

const llvm::Target* nvptx() {
  static const llvm::Target* target = [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    std::string error;
    const llvm::Target* found = llvm::TargetRegistry::lookupTarget(llvm::Triple(triple), error);
    TILE_CHECK(found != nullptr, "LLVM has the NVPTX back end");
    return found;
  }();
  return target;
}

std::unique_ptr<llvm::TargetMachine> machine_for(const schedule::Target& target) {
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;  // a * b + c is rounded twice
  return std::unique_ptr<llvm::TargetMachine>(
      nvptx()->createTargetMachine(llvm::Triple(triple), target.clang_cpu, target.ptx_features,
                                   options, std::nullopt, std::nullopt));
}

std::string print(const llvm::Module& module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream, nullptr);
  return text;
}

/// Broken LLVM IR is our bug; it is shown, to be put into a test.
void verify(const llvm::Module& module) {
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  if (!llvm::verifyModule(module, &stream)) return;
  llvm::errs() << module << problem;
  TILE_UNREACHABLE("the LLVM verifier found a broken module");
}

void optimize(llvm::Module& module, llvm::TargetMachine& machine) {
  llvm::PassBuilder builder(&machine);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);

  llvm::FunctionPassManager passes;
  passes.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/false));
  passes.addPass(llvm::InstCombinePass());
  passes.addPass(llvm::SimplifyCFGPass());
  passes.addPass(llvm::createFunctionToLoopPassAdaptor(llvm::LICMPass(llvm::LICMOptions()),
                                                       /*UseMemorySSA=*/true));
  // Only loops marked for it; with their test at the end, so that all turns of a pass share one.
  passes.addPass(llvm::createFunctionToLoopPassAdaptor(llvm::LoopRotatePass()));
  passes.addPass(
      llvm::LoopUnrollPass(llvm::LoopUnrollOptions(/*OptLevel=*/2, /*OnlyWhenForced=*/true)));
  passes.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
  for (llvm::Function& function : module) {
    if (!function.isDeclaration()) passes.run(function, functions);
  }
}

std::string print_ptx(llvm::Module& module, llvm::TargetMachine& machine) {
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager passes;
  const bool is_impossible =
      machine.addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::AssemblyFile,
                                  /*DisableVerify=*/true);
  TILE_CHECK(!is_impossible, "the NVPTX back end writes text");
  passes.run(module);
  return std::string(text.data(), text.size());
}

/// What PTX allows in a name.
std::string entry_name(const std::string& kernel) {
  std::string name;
  for (const char c : kernel) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    name += is_plain ? c : '_';
  }
  return name;
}

}  // namespace

PtxText emit_ptx(const ir::Module& module, const SourceSet& sources, const schedule::GpuPlan& plan,
                 std::span<const StrideClass> strides, const schedule::Target& target) {
  const std::unique_ptr<llvm::TargetMachine> machine = machine_for(target);
  llvm::LLVMContext context;
  llvm::Module llvm_module("kernel", context);
  llvm_module.setTargetTriple(llvm::Triple(triple));
  llvm_module.setDataLayout(machine->createDataLayout());
  PtxText text;
  text.entry = entry_name(module.functions[module.kernel].name);
  ptx::KernelEmitter(llvm_module, module, sources, plan, strides).run(text.entry);
  verify(llvm_module);
  optimize(llvm_module, *machine);
  text.llvm = print(llvm_module);
  text.ptx = print_ptx(llvm_module, *machine);
  return text;
}

}  // namespace tile::codegen
