#include <algorithm>
#include <utility>
#include <vector>

#include "engine/coloring/greedy.h"
#include "engine/coloring/live_times.h"

namespace vramlab {
namespace {

constexpr OptionSpec options[] = {fit_option("best")};

// The largest load within a stretch of time: a complete binary tree of maxima over the steps of the load.
class LoadMaxima {
 public:
  explicit LoadMaxima(const Instance& instance) : steps_(load_profile(instance)), tree_(2 * steps_.size()) {
    for (std::size_t i = 0; i < steps_.size(); ++i) tree_[steps_.size() + i] = steps_[i].load;
    for (std::size_t i = steps_.size() - 1; i > 0; --i) tree_[i] = std::max(tree_[2 * i], tree_[2 * i + 1]);
  }

  Bytes over(const LivePart& part) const {
    Bytes most{};
    for (std::size_t a = step(part.lower) + steps_.size(), b = step(part.upper) + steps_.size(); a < b;
         a /= 2, b /= 2) {
      if (a % 2 == 1) most = std::max(most, tree_[a++]);
      if (b % 2 == 1) most = std::max(most, tree_[--b]);
    }
    return most;
  }

 private:
  // Parts begin and end where steps do.
  std::size_t step(std::uint64_t time) const {
    const auto at = std::lower_bound(steps_.begin(), steps_.end(), time,
                                     [](const LoadStep& s, std::uint64_t t) { return s.time < t; });
    return static_cast<std::size_t>(at - steps_.begin());
  }

  std::vector<LoadStep> steps_;
  std::vector<Bytes> tree_;
};

// What is live at the heaviest moment is placed first, on nothing but itself, so that its load is the height there; of
// those, the longest-lived at the bottom. (The order total-width of MiniMalloc's search, used greedily.)
SolveResult solve(const Instance& instance, const SolveRequest& request) {
  if (instance.buffers.empty()) return {};
  const LoadMaxima maxima(instance);
  std::vector<std::pair<Bytes, std::uint64_t>> keys(instance.buffers.size());
  for (const LivePart& part : live_parts(instance)) {
    auto& [load, time] = keys[part.buffer];
    load = std::max(load, maxima.over(part));
    time += part.upper - part.lower;
  }
  return place_in_order(instance, request, buffers_by_falling(instance, [&](std::uint32_t i) { return keys[i]; }),
                        fit_of(request));
}

}  // namespace

SolverInfo by_load_row() {
  return {.name = "by-load",
          .summary = "those of the heaviest moment first, the longest-lived of them at the bottom",
          .options = options,
          .solve = solve};
}

}  // namespace vramlab
