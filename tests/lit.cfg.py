# Golden and end-to-end tests: each file under tests/ says its command in its first lines (RUN:).
# BUILD names the build folder, PICOGRAD_DATA the folder of test data.
import os
import shutil

import lit.formats

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
build = os.path.join(root, os.environ.get("BUILD", "build/release"))
data = os.environ.get("PICOGRAD_DATA", os.path.join(root, "..", "shared", "data"))

config.name = "picograd"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".tile", ".ir", ".test"]
config.test_source_root = os.path.join(root, "tests")
config.test_exec_root = os.path.join(build, "lit")
config.excludes = ["Inputs", "built"]  # built: kernels of a test program

llvm = "/usr/lib/llvm-22/bin/"
config.substitutions += [
    ("%tilec", os.path.join(build, "bin", "tilec")),
    ("%llama", os.path.join(build, "bin", "llama")),
    ("%FileCheck", llvm + "FileCheck"),
    ("%not", llvm + "not"),
    ("%split-file", llvm + "split-file"),
    ("%bin", os.path.join(build, "bin")),
    ("%root", root),
    ("%data", data),
]
config.environment["TILEC_CACHE_DIR"] = os.path.join(build, "lit", "cache")
config.environment["NO_COLOR"] = "1"
if os.path.isdir(os.path.join(data, "stories260K")):
    config.available_features.add("data")
for feature, program in (("gcc", "g++"), ("clang", "clang++-22")):
    if shutil.which(program):
        config.available_features.add(feature)
