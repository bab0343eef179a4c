# Writes OUTPUT: a C++ file with a hash over the files that LIST names, one a line. Machine code of
# an older compiler is then never taken for this one's (driver/gpu_kernel.h).
file(STRINGS ${LIST} files)
set(hashes "")
foreach(file ${files})
  file(SHA256 ${file} hash)
  string(APPEND hashes ${hash})
endforeach()
string(SHA256 fingerprint "${hashes}")
file(WRITE ${OUTPUT} "// Generated.\nnamespace tile {\nextern const char* const compiler_fingerprint;\n"
     "const char* const compiler_fingerprint = \"${fingerprint}\";\n}  // namespace tile\n")
