# Writes OUTPUT: a C++ file with a hash over the files that LIST names, one a line, as
# NAMESPACE::NAME.
file(STRINGS ${LIST} files)
set(hashes "")
foreach(file ${files})
  file(SHA256 ${file} hash)
  string(APPEND hashes ${hash})
endforeach()
string(SHA256 fingerprint "${hashes}")
file(WRITE ${OUTPUT} "// Generated.\nnamespace ${NAMESPACE} {\nextern const char* const ${NAME};\n"
     "const char* const ${NAME} = \"${fingerprint}\";\n}  // namespace ${NAMESPACE}\n")
