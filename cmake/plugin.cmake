# libvramlab_torch.so, the plug-in of PyTorch: the rooms it needs once more, as position-independent code whose names
# nobody sees, since it lives in a process with libraries of its own. It needs the C++ library, zstd and nothing else:
# fmt and xxhash are compiled in, the CUDA runtime is the static one, which shares its context with PyTorch's.
if(NOT VRAMLAB_CUDA)
  return()
endif()

set(plugin_sources)
foreach(folder engine/core engine/device engine/coloring engine/pool engine/cuda)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cpp ${CMAKE_SOURCE_DIR}/${folder}/*.cu)
  list(APPEND plugin_sources ${found})
endforeach()
list(FILTER plugin_sources EXCLUDE REGEX "/plugin/entry\\.cpp$")
list(FILTER plugin_sources EXCLUDE REGEX "/padic_[^/]*$")  # the codec: the plug-in packs nothing
file(GLOB found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/traces/vlt_*.cpp)
list(APPEND plugin_sources ${found} ${CMAKE_SOURCE_DIR}/traces/trace.cpp
  ${CMAKE_SOURCE_DIR}/engine/replay/allocation_trace.cpp)

# A library of parts: the linker takes those that the entry points need.
add_library(vramlab_torch_parts STATIC EXCLUDE_FROM_ALL ${plugin_sources})
add_library(vramlab_torch SHARED engine/cuda/plugin/entry.cpp)
foreach(target vramlab_torch_parts vramlab_torch)
  foreach(room core device coloring pool config traces replay cuda)
    target_include_directories(${target} PRIVATE ${CMAKE_BINARY_DIR}/rooms/${room})
  endforeach()
  target_link_libraries(${target} PRIVATE vramlab_flags fmt::fmt-header-only Boost::headers CUDA::cudart_static)
  target_compile_definitions(${target} PRIVATE XXH_INLINE_ALL)
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-semantic-interposition>)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden
    CUDA_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    EXPORT_COMPILE_COMMANDS OFF)  # lint would read every file twice
endforeach()
target_link_libraries(vramlab_torch_parts PRIVATE PkgConfig::zstd)
target_link_libraries(vramlab_torch PRIVATE vramlab_torch_parts PkgConfig::zstd Threads::Threads ${CMAKE_DL_LIBS})
target_link_options(vramlab_torch PRIVATE LINKER:-z,defs LINKER:--gc-sections
  LINKER:--version-script=${CMAKE_SOURCE_DIR}/engine/cuda/plugin/exports.map)
set_property(TARGET vramlab_torch APPEND PROPERTY LINK_DEPENDS ${CMAKE_SOURCE_DIR}/engine/cuda/plugin/exports.map)
set_target_properties(vramlab_torch PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

# The Python side lies beside it: `vramlab run` finds both relative to itself.
set(plugin_python)
foreach(file sitecustomize.py vramlab_torch.py vramlab_snapshot.py)
  set(copy ${CMAKE_BINARY_DIR}/lib/vramlab/python/${file})
  add_custom_command(OUTPUT ${copy} DEPENDS ${CMAKE_SOURCE_DIR}/engine/cuda/plugin/python/${file}
    COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_SOURCE_DIR}/engine/cuda/plugin/python/${file} ${copy})
  list(APPEND plugin_python ${copy})
endforeach()
add_custom_target(vramlab_torch_python ALL DEPENDS ${plugin_python})
add_dependencies(vramlab_torch vramlab_torch_python)
add_dependencies(vramlab vramlab_torch_python)
