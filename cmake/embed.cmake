# vramlab_embed(ROOM NAME FILE...): the text of each FILE is built into room ROOM, found by its name without extension
# through `std::span<const EmbeddedFile> NAME()` of sim/embedded.h. A changed or added file is seen by the next build.
function(vramlab_embed room name)
  set(rows "")
  foreach(file ${ARGN})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    get_filename_component(stem ${file} NAME_WE)
    file(READ ${file} text)
    if(text MATCHES "\\)embedded\"")
      message(FATAL_ERROR "${file} holds the mark that ends an embedded text")
    endif()
    string(APPEND rows "    {\"${stem}\", R\"embedded(${text})embedded\"},\n")
  endforeach()
  list(LENGTH ARGN count)
  set(generated ${CMAKE_BINARY_DIR}/embedded/${name}.cpp)
  file(CONFIGURE OUTPUT ${generated} @ONLY CONTENT
"// Written by cmake/embed.cmake.
#include <array>

#include \"sim/embedded.h\"

namespace vramlab {
namespace {
constexpr std::array<EmbeddedFile, @count@> files{{
@rows@}};
}  // namespace
std::span<const EmbeddedFile> @name@() { return files; }
}  // namespace vramlab
")
  target_sources(vramlab_${room} PRIVATE ${generated})
endfunction()
