#include "engine/core/registry.h"

namespace vramlab {

void unknown_name(std::string_view what, std::string_view name, std::span<const std::string_view> known) {
  std::string list;
  for (std::string_view k : known) list += (list.empty() ? "" : ", ") + std::string(k);
  const std::string_view nearest = nearest_name(name, known);
  std::string mend = nearest.empty() ? "" : "did you mean '" + std::string(nearest) + "'? ";
  throw ConfigError("unknown " + std::string(what) + " '" + std::string(name) + "'", {}, mend + "known: " + list);
}

}  // namespace vramlab
