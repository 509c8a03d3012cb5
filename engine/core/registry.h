#pragma once
// Look-up by name in a room's registry table. A row is any struct with `std::string_view name`.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/option.h"

namespace vramlab {

template <class Row>
std::vector<std::string_view> names_of(std::span<const Row> table) {
  std::vector<std::string_view> names;
  for (const Row& row : table) names.push_back(row.name);
  return names;
}

/// Throws ConfigError that lists the known names and the nearest one.
[[noreturn]] void unknown_name(std::string_view what, std::string_view name, std::span<const std::string_view> known);

/// The row called `name`; `what` ("pool", "solver") is used in the message when there is none.
template <class Row>
const Row& find_row(std::span<const Row> table, std::string_view what, std::string_view name) {
  for (const Row& row : table)
    if (row.name == name) return row;
  unknown_name(what, name, names_of(table));
}

}  // namespace vramlab
