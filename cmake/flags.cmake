# Flags of every target of ours. -ffp-contract=off: results that decide or are compared must not depend on fusing.
add_library(vramlab_flags INTERFACE)
target_compile_options(vramlab_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -ffp-contract=off -fno-math-errno
  $<$<BOOL:${VRAMLAB_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # g++ 12 reports accesses of inlined vectors that cannot happen.
  target_compile_options(vramlab_flags INTERFACE -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread
    -Wno-restrict -Wno-maybe-uninitialized)
endif()
if(VRAMLAB_SANITIZE)
  add_compile_options(-fsanitize=${VRAMLAB_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${VRAMLAB_SANITIZE})
endif()
