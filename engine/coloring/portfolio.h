#pragma once
// Many searches for one placement, each with another order of trying and few nodes, then more: times to a solution of
// such searches have heavy tails (Gomes, Selman, "Algorithm portfolios", 2001), so that the best of many short ones is
// found in a small part of the time of any single long one.

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/coloring/search.h"

namespace vramlab {

struct PortfolioRules {
  SearchRules search;                       ///< of every search, but for what the next two leave open
  std::optional<SearchRules::Order> order;  ///< none: several
  std::optional<SearchRules::Choice> choice;
  std::uint64_t first_nodes = 0;  ///< budget of a search in round 0; doubles with the round. 0: by the problem's size
  std::uint64_t seed = 0;
  unsigned threads = 0;  ///< 0: as many as the machine has
  std::optional<std::chrono::steady_clock::time_point> deadline;
};

struct PortfolioResult {
  Search::Outcome outcome = Search::Outcome::stopped;
  std::vector<std::uint64_t> offsets;  ///< in units, where found
  std::uint64_t nodes = 0;             ///< of the searches that count: the same for any number of threads
  bool late = false;                   ///< the deadline stopped it
};

/// Round `round` of searches for a placement within `capacity` units. The answer is that of the first search in order
/// that has one, for any number of threads.
PortfolioResult search_round(const CliquePath& path, std::uint64_t capacity, const PortfolioRules& rules,
                             unsigned round);

}  // namespace vramlab
