#pragma once
// The kinds of things this program chooses among by name, for `vramlab list`:
// one line a kind in kinds.cpp, each filled from its room's registry.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/option.h"

namespace vramlab {

struct KindEntry {
  std::string name;
  std::string summary;
  std::span<const OptionSpec> options;
};

struct KindInfo {
  std::string_view name;  ///< plural: "pools"
  std::vector<KindEntry> (*entries)() = nullptr;
};

std::span<const KindInfo> kinds();

}  // namespace vramlab
