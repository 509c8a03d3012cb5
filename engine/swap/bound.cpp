#include "engine/swap/bound.h"

#include <algorithm>
#include <numeric>

#include "engine/core/error.h"
#include "engine/swap/bound_program.h"

namespace vramlab {
namespace {

// To begin with.
constexpr std::uint32_t first_moments = 60;

// Operators whose load is above what is known of the bound, at most `most` of them, of each stretch of neighbours the
// fullest: only they can bind.
std::vector<std::uint32_t> fullest(const AccessProgram& program, Bytes above, std::uint32_t most) {
  std::vector<std::uint32_t> full;
  for (std::uint32_t slot = 0; slot < program.slots(); ++slot)
    if (program.load[slot] > above) full.push_back(slot);
  if (full.size() <= most) return full;
  std::vector<std::uint32_t> chosen;
  for (std::uint32_t part = 0; part < most; ++part) {
    const auto begin = full.begin() + static_cast<std::ptrdiff_t>(full.size() * part / most);
    const auto end = full.begin() + static_cast<std::ptrdiff_t>(full.size() * (part + 1) / most);
    chosen.push_back(*std::max_element(
        begin, end, [&](std::uint32_t a, std::uint32_t b) { return program.load[a] < program.load[b]; }));
  }
  return chosen;
}

// Half of the moments are where the load is, half evenly spread in time: between two moments the program knows no
// order, so that an object could be copied out before it is written.
std::vector<std::uint32_t> choose_moments(const AccessProgram& program, Bytes above, std::uint32_t most) {
  std::vector<std::uint32_t> chosen = fullest(program, above, std::max(1u, most / 2));
  const std::int64_t parts = most - most / 2;
  for (std::int64_t part = 1; part <= parts; ++part) {
    const Nanoseconds time = program.duration * part / (parts + 1);
    const auto slot = std::lower_bound(program.begin.begin(), program.begin.end(), time) - program.begin.begin();
    if (slot < program.slots()) chosen.push_back(static_cast<std::uint32_t>(slot));
  }
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

SwapBound trivial_bound(const AccessProgram& program, const SwapMachine& machine, const BoundRequest& request) {
  if (!machine.link(request.tier).there())
    throw ConfigError("the machine has no link to the tier that is to be swapped to", {}, "choose another tier");
  SwapBound bound;
  if (program.slots() == 0) return bound;
  bound.max_load = *std::ranges::max_element(program.load);
  bound.largest_operator = bound.load = working_set(program, largest_operator(program));
  return bound;
}

BoundProgram::Result raise(SwapBound& bound, const AccessProgram& program, const SwapMachine& machine,
                           const BoundRequest& request, const std::vector<std::uint32_t>& moments) {
  BoundProgram linear(program, machine, request, moments);
  BoundProgram::Result result = linear.solve(bound.load);
  bound.moments = static_cast<std::uint32_t>(moments.size());
  bound.columns = result.columns;
  bound.rows = result.rows;
  bound.optimal = bound.optimal || result.load.has_value();
  if (result.load) bound.load = std::max(bound.load, *result.load);
  return result;
}

// Between two moments, or before or behind all, the slot that is left with most, where that is more than `peak`, those
// first; else that in the middle of the time, where the link's time is worth something.
std::vector<std::uint32_t> splits(const AccessProgram& program, const BoundProgram::Result& result,
                                  const std::vector<std::uint32_t>& moments, double peak) {
  struct Split {
    double score = 0;
    std::uint32_t slot = 0;
  };
  std::vector<Split> found;
  std::uint32_t from = 0;
  for (std::size_t i = 0; i <= moments.size(); ++i) {
    const std::uint32_t to = i < moments.size() ? moments[i] : program.slots();
    if (from < to) {
      const auto left = result.left.begin();
      const auto fullest = static_cast<std::uint32_t>(std::max_element(left + from, left + to) - left);
      const double over = result.left[fullest] - peak;
      const Nanoseconds middle = (program.begin[from] + program.end[to - 1]) / 2;
      const auto at = std::lower_bound(program.begin.begin() + from, program.begin.begin() + to - 1, middle);
      if (over > 0)
        found.push_back({peak + over, fullest});
      else if (result.worth[i] > 0)
        found.push_back({result.worth[i], static_cast<std::uint32_t>(at - program.begin.begin())});
    }
    from = to + 1;
  }
  std::ranges::stable_sort(found, std::greater<>(), &Split::score);
  std::vector<std::uint32_t> slots;
  for (const Split& split : found) slots.push_back(split.slot);
  return slots;
}

// Where the solution at hand does what it could not do with more moments, alternately by memory and by time.
std::vector<std::uint32_t> telling(const AccessProgram& program, BoundProgram::Result result,
                                   const std::vector<std::uint32_t>& moments, double peak, std::size_t most) {
  const std::vector<std::uint32_t> full = splits(program, result, moments, peak);
  std::ranges::stable_sort(result.excesses, [](const auto& a, const auto& b) { return a.ns > b.ns; });
  std::vector<std::uint32_t> found;
  const auto add = [&](std::uint32_t slot) {
    const bool known = std::ranges::binary_search(moments, slot) || std::ranges::find(found, slot) != found.end();
    if (found.size() < most && !known) found.push_back(slot);
  };
  for (std::size_t i = 0; i < std::max(full.size(), result.excesses.size()); ++i) {
    if (i < result.excesses.size()) add(result.excesses[i].slot);
    if (i < full.size()) add(full[i]);
  }
  return found;
}

}  // namespace

SwapBound swap_bound_at(const AccessProgram& program, const SwapMachine& machine, const BoundRequest& request,
                        const std::vector<std::uint32_t>& moments) {
  SwapBound bound = trivial_bound(program, machine, request);
  if (!moments.empty()) raise(bound, program, machine, request, moments);
  return bound;
}

SwapBound swap_bound(const AccessProgram& program, const SwapMachine& machine, const BoundRequest& request) {
  if (program.slots() <= request.moments) {
    std::vector<std::uint32_t> all(program.slots());
    std::iota(all.begin(), all.end(), 0U);
    return swap_bound_at(program, machine, request, all);
  }
  SwapBound bound = trivial_bound(program, machine, request);
  std::vector<std::uint32_t> moments =
      choose_moments(program, bound.load, std::clamp(request.moments, 1u, first_moments));
  while (true) {
    BoundProgram::Result result = raise(bound, program, machine, request, moments);
    const std::size_t most = std::min<std::size_t>(request.moments - moments.size(), moments.size() / 2);
    if (!result.load || most == 0) return bound;
    const std::vector<std::uint32_t> more =
        telling(program, std::move(result), moments, static_cast<double>(bound.load.value), most);
    if (more.empty()) return bound;
    moments.insert(moments.end(), more.begin(), more.end());
    std::ranges::sort(moments);
  }
}

}  // namespace vramlab
