#include <fmt/format.h>

#include "engine/coloring/placing.h"
#include "engine/coloring/portfolio.h"
#include "engine/coloring/solver.h"
#include "engine/core/registry.h"

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
  rules.deadline = deadline_of(request);
  return rules;
}

// Lowers the peak of a plan: the lower bound first, then what lies between, with more nodes every round.
class Minimizer {
 public:
  Minimizer(const Instance& instance, const SolveRequest& request, SolveResult start)
      : instance_(instance), request_(request), rules_(rules_of(request)), path_(instance), best_(std::move(start)) {
    const std::uint64_t unit = path_.unit().value;
    low_ = (lower_bound(instance).bytes.value + unit - 1) / unit;
    goal_ = std::max(low_, request.capacity == unlimited_bytes ? low_ : request.capacity.value / unit);
  }

  SolveResult run() {
    const auto rounds = static_cast<unsigned>(request_.options.integer("rounds"));
    for (round_ = 0; round_ < rounds && !done() && !late_; ++round_) {
      if (request_.capacity != unlimited_bytes) {
        attempt(goal_);
      } else {
        minimize();
      }
    }
    best_.lower_bound = Bytes(low_ * path_.unit().value);
    best_.infeasible = best_.lower_bound > request_.capacity;
    best_.stopped = !done();
    return std::move(best_);
  }

 private:
  bool done() const { return high() <= goal_ || low_ > goal_; }
  std::uint64_t high() const { return best_.plan.peak.value / path_.unit().value; }

  void minimize() {
    goal_ = low_;
    std::uint64_t above = low_;  // nothing was found below it in this round
    const std::uint64_t grain = std::max<std::uint64_t>(1, low_ >> (7 + 2 * std::min(round_, 16u)));
    bool aims_at_bound = true;
    while (!late_ && above + (aims_at_bound ? 0 : grain) < high()) {
      const std::uint64_t target = aims_at_bound ? low_ : above + (high() - above) / 2;
      aims_at_bound = false;
      const bool proven = attempt(target) == Search::Outcome::none;
      if (high() > target) above = target + 1;
      if (proven) goal_ = low_;
    }
  }

  Search::Outcome attempt(std::uint64_t capacity) {
    PortfolioResult result = search_round(path_, capacity, rules_, round_);
    best_.steps += result.nodes;
    late_ = late_ || result.late;
    if (result.outcome == Search::Outcome::none) low_ = std::max(low_, capacity + 1);
    if (result.outcome == Search::Outcome::found) take(result.offsets);
    if (request_.progress) request_.progress({Bytes(low_ * path_.unit().value), best_.plan.peak});
    return result.outcome;
  }

  void take(const std::vector<std::uint64_t>& offsets) {
    Plan plan;
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      plan.offsets.push_back(Bytes(offsets[i] * path_.unit().value));
      plan.peak = std::max(plan.peak, plan.offsets[i] + instance_.buffers[i].size);
    }
    if (plan.peak < best_.plan.peak) best_.plan = std::move(plan);
  }

  const Instance& instance_;
  const SolveRequest& request_;
  PortfolioRules rules_;
  CliquePath path_;
  SolveResult best_;
  std::uint64_t low_ = 0, goal_ = 0;
  unsigned round_ = 0;
  bool late_ = false;
};

SolveResult solve(const Instance& instance, const SolveRequest& request) {
  SolveResult start = solve_by("best-fit", instance, request);
  if (start.plan.peak <= request.capacity && request.capacity != unlimited_bytes) return start;
  if (instance.buffers.empty()) return start;
  return Minimizer(instance, request, std::move(start)).run();
}

}  // namespace

SolverInfo exact_row() {
  return {.name = "exact",
          .summary = "branch and bound on the cliques of the interval graph, a portfolio of orders",
          .options = options,
          .solve = solve};
}

}  // namespace vramlab
