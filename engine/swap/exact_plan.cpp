#include "engine/swap/exact_plan.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/swap/exact_search.h"
#include "engine/swap/plan_forecast.h"

namespace vramlab {
namespace {

SwapPlan first_plan(const AccessProgram& program, const SwapMachine& machine, const ExactRequest& request,
                    const std::optional<SwapPlan>& known) {
  SwapPlan nothing;
  nothing.peak = program.slots() == 0 ? Bytes(0) : *std::ranges::max_element(program.load);
  if (!known || known->absences.empty()) return nothing;
  SwapPlan plan = *known;
  plan.stall = forecast(program, machine, plan).stall;
  const std::vector<Bytes> left = load_under(program, plan);
  plan.peak = *std::ranges::max_element(left);
  const auto allowed = static_cast<std::int64_t>(request.max_overhead * static_cast<double>(program.duration.value));
  return plan.stall <= Nanoseconds(allowed) && plan.peak < nothing.peak ? plan : nothing;
}

}  // namespace

ExactPlan exact_plan(const AccessProgram& program, const SwapMachine& machine, const ExactRequest& request,
                     const std::optional<SwapPlan>& known) {
  if (!machine.link(request.tier).there())
    throw ConfigError("the machine has no link to the tier that is to be swapped to", {}, "choose another tier");
  ExactPlan result{.plan = first_plan(program, machine, request, known), .lower = request.at_least};
  const ExactGaps gaps = exact_gaps(program, machine, request.tier, request.min_swap);
  ExactSearch search(program, machine, request, gaps);
  // Peaks from `next` on are known: the best plan's, or in between those that only links at full speed could reach.
  for (Bytes next = result.plan.peak; next > request.at_least;) {
    const ExactSearch::Outcome outcome = search.find(next - Bytes(1));
    if (!outcome.plan && !outcome.complete) break;
    if (outcome.plan) {
      next = (result.plan = *outcome.plan).peak;
    } else if (outcome.alone) {
      next = *outcome.alone;
    } else {
      result.lower = next;
      break;
    }
  }
  result.proved = result.lower == result.plan.peak;
  result.steps = search.steps();
  return result;
}

std::uint32_t swappable_objects(const AccessProgram& program, Bytes min_swap, Bytes above) {
  std::uint32_t objects = 0;
  for (std::uint32_t i = 0; i < program.objects.size(); ++i) {
    if (program.objects[i].bytes < min_swap) continue;
    const std::vector<SwapGap> gaps = gaps_of(program, i);
    objects += std::ranges::any_of(gaps, [&](const SwapGap& gap) {
      return std::any_of(program.load.begin() + gap.from, program.load.begin() + gap.to,
                         [&](Bytes load) { return load > above; });
    });
  }
  return objects;
}

}  // namespace vramlab
