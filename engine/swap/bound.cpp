#include "engine/swap/bound.h"

#include <algorithm>
#include <numeric>

#include "engine/core/error.h"
#include "engine/swap/bound_program.h"

namespace vramlab {
namespace {

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

void raise(SwapBound& bound, const AccessProgram& program, const SwapMachine& machine, const BoundRequest& request,
           std::vector<std::uint32_t> moments) {
  bound.moments = static_cast<std::uint32_t>(moments.size());
  BoundProgram linear(program, machine, request, std::move(moments));
  const BoundProgram::Result result = linear.solve(bound.load);
  bound.columns = result.columns;
  bound.rows = result.rows;
  bound.optimal = result.load.has_value();
  if (result.load) bound.load = std::max(bound.load, *result.load);
}

}  // namespace

SwapBound swap_bound_at(const AccessProgram& program, const SwapMachine& machine, const BoundRequest& request,
                        std::vector<std::uint32_t> moments) {
  SwapBound bound = trivial_bound(program, machine, request);
  if (!moments.empty()) raise(bound, program, machine, request, std::move(moments));
  return bound;
}

SwapBound swap_bound(const AccessProgram& program, const SwapMachine& machine, const BoundRequest& request) {
  if (program.slots() <= request.moments) {
    std::vector<std::uint32_t> all(program.slots());
    std::iota(all.begin(), all.end(), 0U);
    return swap_bound_at(program, machine, request, std::move(all));
  }
  SwapBound bound = trivial_bound(program, machine, request);
  // The first, coarse solution says which operators cannot matter: more of the moments then fall to the others.
  for (const std::uint32_t moments : {request.moments / 4, request.moments}) {
    raise(bound, program, machine, request, choose_moments(program, bound.load, std::max(1u, moments)));
    if (!bound.optimal) break;
  }
  return bound;
}

}  // namespace vramlab
