# The kernels for AVX2 and AVX-512 are compiled with the instructions that they are for; kernels_dispatch.cpp asks the
# processor before it calls them.
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  return()
endif()
set(padic ${CMAKE_SOURCE_DIR}/engine/padic)
# g++ 12 warns of its own intrinsics, which begin with a register of any content.
set(quiet -Wno-uninitialized)
file(GLOB avx2 CONFIGURE_DEPENDS ${padic}/kernels_avx2*.cpp)
set_source_files_properties(${avx2} PROPERTIES COMPILE_OPTIONS "-mavx2;-mbmi2;-mpopcnt;${quiet}")
file(GLOB avx512 CONFIGURE_DEPENDS ${padic}/kernels_avx512*.cpp)
set_source_files_properties(${avx512} PROPERTIES COMPILE_OPTIONS
  "-mavx512f;-mavx512cd;-mavx512bw;-mavx512dq;-mavx512vl;-mavx512vbmi;-mavx512vbmi2;-mbmi2;-mpopcnt;${quiet}")
set_source_files_properties(${padic}/kernels_dispatch.cpp PROPERTIES COMPILE_DEFINITIONS VRAMLAB_X86_KERNELS=1)
