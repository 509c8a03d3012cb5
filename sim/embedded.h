#pragma once
// Files built into the program by cmake/embed.cmake.

#include <span>
#include <string_view>

namespace vramlab {

struct EmbeddedFile {
  std::string_view name;  ///< without folder and extension
  std::string_view text;
};

/// sim/machines/*.yaml, in order of file name.
std::span<const EmbeddedFile> embedded_machines();

}  // namespace vramlab
