# The house: every room with what it may include. The table is DESIGN's; the build enforces it.
vramlab_room(core     PATH engine/core     PRIVATE_LINKS fmt::fmt)
vramlab_room(config   PATH engine/config   USES core         PRIVATE_LINKS yaml-cpp::yaml-cpp fmt::fmt)
vramlab_room(device   PATH engine/device   USES core         PRIVATE_LINKS fmt::fmt)
vramlab_room(coloring PATH engine/coloring USES core         PRIVATE_LINKS fmt::fmt Boost::headers)
vramlab_room(padic    PATH engine/padic    USES device core  LINKS Boost::headers PRIVATE_LINKS fmt::fmt)
include(cmake/padic_kernels.cmake)
vramlab_room(pool     PATH engine/pool     USES coloring device core PRIVATE_LINKS fmt::fmt)
vramlab_room(swap     PATH engine/swap     USES coloring device core PRIVATE_LINKS fmt::fmt Eigen3::Eigen coin::clp)
vramlab_room(traces   PATH traces          USES core
  PRIVATE_LINKS fmt::fmt PkgConfig::zstd LibLZMA::LibLZMA ZLIB::ZLIB PkgConfig::xxhash Boost::headers
    nlohmann_json::nlohmann_json)
vramlab_room(replay   PATH engine/replay   USES swap pool coloring device config core traces
  PRIVATE_LINKS fmt::fmt PkgConfig::xxhash nlohmann_json::nlohmann_json PNG::PNG)
vramlab_room(sim      PATH sim             USES device config core PRIVATE_LINKS fmt::fmt Eigen3::Eigen)
set(cuda_room)  # there with a toolkit only
if(VRAMLAB_CUDA)
  set(cuda_room cuda)
  vramlab_room(cuda   PATH engine/cuda     USES replay swap pool padic coloring device config core traces
    LINKS CUDA::cudart_static PRIVATE_LINKS fmt::fmt)
endif()
include(cmake/embed.cmake)
file(GLOB machines CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sim/machines/*.yaml)
vramlab_embed(sim embedded_machines ${machines})
vramlab_room(experiments PATH experiments
  USES replay swap pool padic coloring device config core traces sim ${cuda_room}
  PRIVATE_LINKS fmt::fmt spdlog::spdlog CLI11::CLI11 nlohmann_json::nlohmann_json yaml-cpp::yaml-cpp PkgConfig::zstd
    PkgConfig::lz4)

if(VRAMLAB_CUDA)
  target_compile_definitions(vramlab_experiments PRIVATE VRAMLAB_HAS_CUDA=1)
endif()

add_executable(vramlab experiments/main.cpp)
target_link_libraries(vramlab PRIVATE vramlab_experiments vramlab_flags)
target_compile_definitions(vramlab PRIVATE VRAMLAB_VERSION="${PROJECT_VERSION}")
