# One test program a folder: tests/NAME/*_test.cpp become test_NAME.
include(GoogleTest)
find_package(GTest REQUIRED)
find_library(RAPIDCHECK rapidcheck REQUIRED)

# What tests/house checks the include rules against: a line a room, "name|folder|rooms it names|its include folders".
set(room_rules "compiler|${CMAKE_CXX_COMPILER}||\n")
get_property(rooms GLOBAL PROPERTY VRAMLAB_ROOMS)
foreach(room ${rooms})
  get_property(path GLOBAL PROPERTY VRAMLAB_ROOM_PATH_${room})
  get_property(uses GLOBAL PROPERTY VRAMLAB_ROOM_USES_${room})
  list(JOIN uses "," uses)
  get_target_property(kind vramlab_${room} TYPE)
  set(property INCLUDE_DIRECTORIES)
  if(kind STREQUAL INTERFACE_LIBRARY)
    set(property INTERFACE_INCLUDE_DIRECTORIES)
  endif()
  string(APPEND room_rules "${room}|${path}|${uses}|$<JOIN:$<TARGET_PROPERTY:vramlab_${room},${property}>,$<COMMA>>\n")
endforeach()
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/rooms/rules.txt CONTENT "${room_rules}")

add_library(vramlab_test_support INTERFACE)
target_include_directories(vramlab_test_support INTERFACE ${CMAKE_CURRENT_SOURCE_DIR}/support)
target_link_libraries(vramlab_test_support INTERFACE ${every_room} vramlab_flags GTest::gmock GTest::gtest_main
  ${RAPIDCHECK} fmt::fmt)
target_compile_definitions(vramlab_test_support INTERFACE
  VRAMLAB_SOURCE_DIR="${CMAKE_SOURCE_DIR}" VRAMLAB_BINARY_DIR="${CMAKE_BINARY_DIR}"
  VRAMLAB_PROGRAM="$<TARGET_FILE:vramlab>")

# The plug-in but for its entry points needs no toolkit, so that sanitizers see it too.
if(NOT VRAMLAB_CUDA)
  file(GLOB plugin_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/engine/cuda/plugin/*.cpp)
  list(FILTER plugin_sources EXCLUDE REGEX "/entry\\.cpp$")
  set(plugin_view ${CMAKE_BINARY_DIR}/rooms/plugin)
  file(MAKE_DIRECTORY ${plugin_view}/engine/cuda)
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/engine/cuda/plugin ${plugin_view}/engine/cuda/plugin SYMBOLIC)
  add_library(vramlab_plugin STATIC ${plugin_sources})
  target_include_directories(vramlab_plugin PUBLIC ${plugin_view})
  target_link_libraries(vramlab_plugin PUBLIC ${every_room} PRIVATE vramlab_flags fmt::fmt ${CMAKE_DL_LIBS})
endif()

file(GLOB test_folders RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*)
foreach(folder ${test_folders})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*_test.cpp)
  if(folder STREQUAL cuda AND NOT VRAMLAB_CUDA)
    set(sources)  # they need the room
  elseif(folder STREQUAL plugin AND NOT VRAMLAB_CUDA)
    list(FILTER sources EXCLUDE REGEX "/entry_test\\.cpp$")
  endif()
  if(sources)
    add_executable(test_${folder} ${sources})
    target_link_libraries(test_${folder} PRIVATE vramlab_test_support)
    if(folder STREQUAL plugin AND TARGET vramlab_plugin)
      target_link_libraries(test_plugin PRIVATE vramlab_plugin)
    endif()
    target_compile_options(test_${folder} PRIVATE $<$<CONFIG:Release>:-O1>)  # the rooms it tests keep their own flags
    add_dependencies(test_${folder} vramlab)
    set(label ${folder})
    if(folder STREQUAL cuda)
      set(label gpu)  # skipped where there is no GPU
    endif()
    gtest_discover_tests(test_${folder} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 600 LABELS ${label})
  endif()
endforeach()
