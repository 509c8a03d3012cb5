#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/coloring/overlap_index.h"
#include "engine/coloring/solver.h"

namespace vramlab {
namespace {

constexpr OptionSpec options[] = {
    {.name = "fit",
     .kind = OptionKind::choice,
     .default_text = "best",
     .reason = "which gap a buffer goes to: the smallest that holds it, or the lowest",
     .choices = "best|first"},
};

struct Taken {
  std::uint64_t begin;
  std::uint64_t end;
};

// Lowest offset in the chosen gap between `taken` (sorted by begin), which may overlap each other.
std::uint64_t choose_offset(const std::vector<Taken>& taken, const Buffer& buffer, bool best) {
  std::uint64_t top = 0, chosen = 0, chosen_gap = 0;
  bool found = false;
  for (const Taken& t : taken) {
    const std::uint64_t start = round_up(Bytes(top), buffer.alignment).value;
    const bool fits = t.begin >= start && t.begin - start >= buffer.size.value;
    if (fits && (!found || t.begin - top < chosen_gap)) {
      chosen = start;
      chosen_gap = t.begin - top;
      found = true;
      if (!best) return chosen;
    }
    top = std::max(top, t.end);
  }
  return found ? chosen : round_up(Bytes(top), buffer.alignment).value;
}

// Weighted interval colouring as SmartPool does it (arXiv:1903.06631): largest first, ties by beginning, each to the
// best-fitting gap among those already placed that live at the same time.
SolveResult solve(const Instance& instance, const SolveRequest& request) {
  const bool best = request.options.text("fit") == "best";
  const auto& buffers = instance.buffers;
  std::vector<std::uint32_t> order(buffers.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::tuple(buffers[b].size, buffers[a].lower, a) < std::tuple(buffers[a].size, buffers[b].lower, b);
  });
  SolveResult result;
  result.plan.offsets.resize(buffers.size());
  OverlapIndex placed(instance);
  std::vector<Taken> taken;
  for (std::uint32_t i : order) {
    taken.clear();
    placed.for_each(i, [&](std::uint32_t other) {
      const std::uint64_t offset = result.plan.offsets[other].value;
      taken.push_back({offset, offset + buffers[other].size.value});
    });
    std::sort(taken.begin(), taken.end(), [](const Taken& a, const Taken& b) { return a.begin < b.begin; });
    result.plan.offsets[i] = Bytes(choose_offset(taken, buffers[i], best));
    result.plan.peak = std::max(result.plan.peak, result.plan.offsets[i] + buffers[i].size);
    placed.add(i);
  }
  return result;
}

}  // namespace

SolverInfo best_fit_row() {
  return {.name = "best-fit",
          .summary = "largest first, each to its best-fitting gap (SmartPool's weighted interval colouring)",
          .options = options,
          .solve = solve};
}

}  // namespace vramlab
