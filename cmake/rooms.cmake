# A room is one library target that can include only what it names.
#
#   vramlab_room(NAME PATH engine/core USES core device LINKS fmt::fmt)
#
# Its headers are included by their path from the root ("engine/core/types.h"), but the include directory is a view,
# build/rooms/NAME, which holds a symlink to that one folder: a room that is not named in USES cannot be found.
function(vramlab_room name)
  cmake_parse_arguments(ROOM "" "PATH" "USES;LINKS;PRIVATE_LINKS" ${ARGN})
  set(view ${CMAKE_BINARY_DIR}/rooms/${name})
  get_filename_component(parent ${view}/${ROOM_PATH} DIRECTORY)
  file(MAKE_DIRECTORY ${parent})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${ROOM_PATH} ${view}/${ROOM_PATH} SYMBOLIC)

  # What the tests of the house read: every room, its folder and what it names.
  set_property(GLOBAL APPEND PROPERTY VRAMLAB_ROOMS ${name})
  set_property(GLOBAL PROPERTY VRAMLAB_ROOM_PATH_${name} ${ROOM_PATH})
  set_property(GLOBAL PROPERTY VRAMLAB_ROOM_USES_${name} ${ROOM_USES})

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${ROOM_PATH}/*.cpp)
  if(VRAMLAB_CUDA)
    file(GLOB_RECURSE kernels CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${ROOM_PATH}/*.cu)
    list(APPEND sources ${kernels})
  endif()
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  set(room_targets ${ROOM_USES})
  list(TRANSFORM room_targets PREPEND vramlab_)
  if(sources)
    add_library(vramlab_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(vramlab_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(vramlab_${name} ${scope} ${view})
  target_link_libraries(vramlab_${name} ${scope} ${room_targets} ${ROOM_LINKS})
  if(sources)
    target_link_libraries(vramlab_${name} PRIVATE vramlab_flags ${ROOM_PRIVATE_LINKS})
  endif()
endfunction()
