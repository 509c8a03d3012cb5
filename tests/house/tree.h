#pragma once
// The source tree as the tests of the house see it: its files by extension, their text, and words in them.

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace vramlab::house {

inline const std::filesystem::path root = VRAMLAB_SOURCE_DIR;

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

inline std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find(separator, begin)) != text.npos; begin = end + 1)
    parts.emplace_back(text.substr(begin, end - begin));
  parts.emplace_back(text.substr(begin));
  return parts;
}

/// Paths from the root, sorted, of all files below `folder` ("" = the whole tree) that end in one of `extensions`.
/// Builds and hidden folders are left out.
inline std::vector<std::string> files(const std::string& folder, std::initializer_list<std::string_view> extensions) {
  std::vector<std::string> found;
  for (auto it = std::filesystem::recursive_directory_iterator(root / folder); it != decltype(it)(); ++it) {
    const std::string name = it->path().filename().string();
    if (it->is_directory() && (name == "build" || name.front() == '.')) it.disable_recursion_pending();
    if (!it->is_regular_file() || name.front() == '.') continue;
    if (std::ranges::find(extensions, it->path().extension().string()) == extensions.end()) continue;
    found.push_back(std::filesystem::relative(it->path(), root).generic_string());
  }
  std::ranges::sort(found);
  return found;
}

/// Whether `word` stands in `text` and is not a part of a longer identifier.
inline bool has_word(std::string_view text, std::string_view word) {
  const auto part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || !part(text[at - 1]) || !part(word.front());
    const bool ends = end == text.size() || !part(text[end]) || !part(word.back());
    if (begins && ends) return true;
  }
  return false;
}

/// A room as the build knows it (build/rooms/rules.txt).
struct Room {
  std::string name;
  std::string folder;                 ///< from the root
  std::vector<std::string> uses;      ///< rooms it names
  std::vector<std::string> includes;  ///< include folders of its compile commands
};

struct Rules {
  std::string compiler;
  std::vector<Room> rooms;
};

inline std::vector<std::string> split_list(const std::string& text) {
  return text.empty() ? std::vector<std::string>{} : split(text, ',');
}

inline Rules read_rules() {
  Rules rules;
  for (const std::string& line : lines_of(read_text(std::string(VRAMLAB_BINARY_DIR) + "/rooms/rules.txt"))) {
    const std::vector<std::string> cells = split(line, '|');
    if (cells.at(0) == "compiler")
      rules.compiler = cells.at(1);
    else
      rules.rooms.push_back({cells.at(0), cells.at(1), split_list(cells.at(2)), split_list(cells.at(3))});
  }
  return rules;
}

}  // namespace vramlab::house
