#pragma once
// Texts of strangers' files, before they become names of files or parts of messages.

#include <algorithm>
#include <string>
#include <string_view>

namespace vramlab {

/// No folder, no way out of one, nothing hidden: a name to be read or written within a folder that was chosen.
inline bool is_plain_file_name(std::string_view name) {
  const auto odd = [](char c) { return c == '/' || c == '\\' || (static_cast<unsigned char>(c) < ' '); };
  return !name.empty() && name.size() <= 255 && !name.starts_with('.') && std::none_of(name.begin(), name.end(), odd);
}

/// At most 80 bytes without control characters.
inline std::string one_printable_line(std::string_view text) {
  std::string out(text.substr(0, 80));
  std::replace_if(out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return out;
}

}  // namespace vramlab
