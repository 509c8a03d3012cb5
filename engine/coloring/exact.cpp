#include <algorithm>
#include <optional>
#include <string_view>

#include "engine/coloring/minimize.h"
#include "engine/coloring/placing.h"
#include "engine/coloring/portfolio.h"

namespace vramlab {
namespace {

constexpr OptionSpec options[] = {
    {.name = "order",
     .kind = OptionKind::choice,
     .default_text = "all",
     .reason = "what is tried first where several buffers may lie; all: a portfolio",
     .choices = "all|total-area|total-width|width-area|width-small|area|size|random"},
    {.name = "choice",
     .kind = OptionKind::choice,
     .default_text = "all",
     .reason = "which place is decided first: the one with the least to spare, or with the fewest ways on",
     .choices = "all|least-slack|fewest-ways"},
    {.name = "rounds",
     .kind = OptionKind::integer,
     .default_text = "8",
     .reason = "how often the budget of nodes is doubled before the search gives up",
     .at_least = 1,
     .at_most = 40},
    {.name = "first_nodes",
     .kind = OptionKind::integer,
     .default_text = "0",
     .reason = "nodes of each search in the first round; 0: by the number of buffers",
     .at_least = 0},
    {.name = "canonical",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "a buffer lies at the bottom or directly on another"},
    {.name = "symmetry",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "of buffers alike in lifetime and size, only one is tried"},
    {.name = "decomposition",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "parts that share no unplaced buffer are solved apart"},
    {.name = "spanning_first",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "a buffer that goes all across a part lies at its bottom"},
    {.name = "memory", .kind = OptionKind::flag, .default_text = "true", .reason = "failed states are remembered"},
    {.name = "raise_floors",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "a clique begins where the lowest of its unplaced buffers can"},
    {.name = "no_holes",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "a hole that an unplaced buffer would fit into is a dead end"},
    {.name = "release_times",
     .kind = OptionKind::flag,
     .default_text = "false",
     .reason = "bound each clique by scheduling its unplaced buffers from where each can begin"},
};

template <class Enum>
std::optional<Enum> chosen(const OptionValues& values, std::string_view name) {
  for (const OptionValues::Item& item : values.items()) {
    if (item.spec->name != name) continue;
    std::string_view choices = item.spec->choices;
    for (int index = -1; !choices.empty(); ++index) {
      const std::string_view choice = choices.substr(0, choices.find('|'));
      if (choice == item.text) return index < 0 ? std::nullopt : std::optional(static_cast<Enum>(index));
      choices.remove_prefix(std::min(choice.size() + 1, choices.size()));
    }
  }
  return std::nullopt;
}

PortfolioRules rules_of(const SolveRequest& request) {
  const OptionValues& values = request.options;
  PortfolioRules rules;
  rules.order = chosen<SearchRules::Order>(values, "order");
  rules.choice = chosen<SearchRules::Choice>(values, "choice");
  rules.first_nodes = static_cast<std::uint64_t>(values.integer("first_nodes"));
  rules.search.canonical = values.flag("canonical");
  rules.search.symmetry = values.flag("symmetry");
  rules.search.decomposition = values.flag("decomposition");
  rules.search.spanning_first = values.flag("spanning_first");
  rules.search.memory = values.flag("memory");
  rules.search.inference.raise_floors = values.flag("raise_floors");
  rules.search.inference.no_holes = values.flag("no_holes");
  rules.search.inference.release_times = values.flag("release_times");
  rules.seed = request.seed;
  rules.threads = request.threads;
  rules.deadline = request.deadline;
  return rules;
}

SolveResult solve(const Instance& instance, const SolveRequest& request) {
  SolveResult start = solve_by("best-fit", instance, request);
  if (good_enough(start, instance, request)) return start;
  const auto rounds = static_cast<unsigned>(request.options.integer("rounds"));
  return lower_peak(instance, request, rules_of(request), rounds, std::move(start));
}

}  // namespace

SolverInfo exact_row() {
  return {.name = "exact",
          .summary = "branch and bound on the cliques of the interval graph, a portfolio of orders",
          .options = options,
          .solve = solve};
}

}  // namespace vramlab
