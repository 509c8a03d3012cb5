#pragma once
// The parsed document as flat nodes; inside engine/config only.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"

namespace vramlab {

inline constexpr std::size_t max_yaml_bytes = std::size_t{1} << 20;

struct YamlNode {
  enum class Kind : std::uint8_t { null, scalar, list, map };
  Kind kind = Kind::null;
  bool quoted = false;
  std::uint64_t line = 0;
  std::uint64_t column = 0;
  std::string text;
  std::vector<std::uint32_t> items;  ///< of a list; of a map: key, value, key, value, ...
};

/// INVARIANT: nodes[0] is the root; keys are scalars and differ within their map.
struct YamlTree {
  std::string file;
  std::vector<YamlNode> nodes;

  Where where(const YamlNode& node) const { return {file, node.line, node.column, {}}; }
};

std::unique_ptr<const YamlTree> parse_yaml_tree(std::string_view text, const std::string& file);

}  // namespace vramlab
