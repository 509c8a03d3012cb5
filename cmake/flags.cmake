# Flags of every target of ours. -ffp-contract=off: results that decide or are compared must not depend on fusing.
add_library(vramlab_flags INTERFACE)
target_compile_options(vramlab_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -ffp-contract=off -fno-math-errno
  $<$<BOOL:${VRAMLAB_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # g++ 12 reports accesses of inlined vectors that cannot happen.
  target_compile_options(vramlab_flags INTERFACE -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread
    -Wno-restrict -Wno-maybe-uninitialized)
else()
  # clang tells of what libstdc++ 12 itself calls deprecated inside its stable_sort; g++ tells of our own calls.
  target_compile_options(vramlab_flags INTERFACE -Wno-deprecated-declarations)
endif()
if(VRAMLAB_SANITIZE)
  add_compile_options(-fsanitize=${VRAMLAB_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${VRAMLAB_SANITIZE})
endif()
if(VRAMLAB_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "VRAMLAB_FUZZ needs clang: libFuzzer is part of it. Use the preset 'fuzz', or set CMAKE_CXX_COMPILER.")
  endif()
  # Every room reports its coverage to libFuzzer; only the fuzzers themselves get its main().
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
