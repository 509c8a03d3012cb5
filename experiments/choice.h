#pragma once
// Rows of a registry that a setting names, "A,B" or "all".

#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/registry.h"
#include "experiments/settings.h"

namespace vramlab {

/// The parts between commas that are not empty.
std::vector<std::string> split_list(std::string_view text);

/// In the order of `list`; `one` is what a row is ("pool"). Throws ConfigError for an unknown name and for none at all.
template <class Row>
std::vector<const Row*> chosen_rows(std::span<const Row> table, std::string_view one, std::string_view list) {
  std::vector<const Row*> chosen;
  for (const std::string& name : split_list(list)) {
    if (name == "all") {
      for (const Row& row : table) chosen.push_back(&row);
    } else {
      chosen.push_back(&find_row(table, one, name));
    }
  }
  if (chosen.empty())
    throw ConfigError(fmt::format("no {} is named", one), {}, fmt::format("see vramlab list {}s", one));
  return chosen;
}

/// Options given by --set for rows of `section` that are not chosen would silently do nothing: throws ConfigError.
void check_options_used(const Settings& settings, std::string_view section, std::span<const std::string_view> chosen);

template <class Row>
void check_options_used(const Settings& settings, std::string_view section, const std::vector<const Row*>& chosen) {
  std::vector<std::string_view> names;
  for (const Row* row : chosen) names.push_back(row->name);
  check_options_used(settings, section, std::span<const std::string_view>(names));
}

}  // namespace vramlab
