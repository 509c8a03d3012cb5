#include "engine/swap/published_plan.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "engine/swap/plan_forecast.h"
#include "engine/swap/published_timetable.h"

namespace vramlab {
namespace {

constexpr std::array<OptionSpec, 4> table{{
    {"mode", OptionKind::choice, "no-overhead", "never wait and perhaps miss the limit, or wait to keep to it",
     "no-overhead|stick-to-limit"},
    {"min_swap", OptionKind::bytes, "1MiB", "smaller objects stay: a transfer's latency would outweigh them"},
    {"tier", OptionKind::choice, "host", "where objects go", "host|peer"},
    {"combine", OptionKind::flag, "false", "order by the sum of the ranks in all four scores instead of one score"},
}};

/// One window: the candidates taken so far and their timetable.
class Choice {
 public:
  Choice(const AccessProgram& program, const PeakWindow& window, Nanoseconds out_free, Bytes limit)
      : limit_(limit), now_(program, window, out_free), trial_(now_) {
    now_.schedule({});
  }

  void without_overhead(std::span<const AbsenceCandidate> candidates, std::span<const std::uint32_t> order) {
    for (const std::uint32_t index : order) {
      if (now_.peak() <= limit_) return;
      if (candidates[index].doa() < Nanoseconds(0) || !helps(candidates[index])) continue;
      chosen_.push_back(candidates[index]);
      trial_.schedule(chosen_);
      if (!trial_.any_empty() && trial_.excess(limit_) < now_.excess(limit_))
        std::swap(now_, trial_);
      else
        chosen_.pop_back();
    }
  }

  void within_limit(std::span<const AbsenceCandidate> candidates, std::span<const std::uint32_t> order) {
    for (const std::uint32_t index : order) {
      if (now_.peak() <= limit_) break;
      if (!helps(candidates[index])) continue;
      chosen_.push_back(candidates[index]);
      now_.cover_ideally(candidates[index]);
    }
    now_.schedule(chosen_);
    now_.stick_to(limit_);
  }

  const PublishedTimetable& timetable() const { return now_; }

 private:
  /// Is anything over the limit where it could be absent?
  bool helps(const AbsenceCandidate& candidate) const {
    const auto left = now_.left();
    const std::uint32_t first = now_.first_slot();
    for (std::uint32_t slot = candidate.last + 2; slot < candidate.next; ++slot)
      if (left[slot - first] > limit_) return true;
    return false;
  }

  Bytes limit_;
  PublishedTimetable now_, trial_;
  std::vector<AbsenceCandidate> chosen_;
};

/// What is put at one slot is put in the order of the plan: by need, which the order of outs of one slot follows too.
void add_to(SwapPlan& plan, const PublishedTimetable& timetable, Tier tier) {
  std::vector<TimedAbsence> absences(timetable.absences().begin(), timetable.absences().end());
  std::ranges::stable_sort(absences, {}, [](const TimedAbsence& absence) {
    return std::pair(absence.candidate.next, absence.candidate.id);
  });
  for (const TimedAbsence& absence : absences)
    if (!absence.empty())
      plan.absences.push_back({.object = absence.candidate.object,
                               .tier = tier,
                               .out_slot = absence.candidate.last + 1,
                               .settle_slot = absence.settle,
                               .in_slot = absence.in});
  plan.peak = std::max(plan.peak, timetable.peak());
}

SwapPlan plan_at(const SwapMachine& machine, const AccessProgram& program, const PublishedSettings& settings) {
  const std::vector<PeakWindow> windows = peak_windows(program);
  const auto candidates = absence_candidates(program, machine, windows, settings.candidates);
  SwapPlan plan;
  Nanoseconds out_free{};
  for (std::size_t i = 0; i < windows.size(); ++i) {
    Choice choice(program, windows[i], out_free, machine.limit);
    if (program.load[windows[i].peak] > machine.limit) {
      const auto order = order_by(settings.score, program, windows[i], candidates[i], machine.limit);
      if (settings.mode == PublishedMode::no_overhead)
        choice.without_overhead(candidates[i], order);
      else
        choice.within_limit(candidates[i], order);
    }
    add_to(plan, choice.timetable(), settings.candidates.tier);
    out_free = choice.timetable().out_free_after();
  }
  return plan;
}

/// Both directions as fast as they are while the other one is busy too.
SwapMachine always_shared(SwapMachine machine, Tier tier) {
  SwapLink& link = machine.links[static_cast<std::size_t>(tier)];
  const Wide alone = static_cast<Wide>(link.out.bytes_per_second) + link.in.bytes_per_second;
  const std::uint64_t both = link.duplex_bytes_per_second;
  if (both == 0 || both >= alone) return machine;
  for (LinkSpeed* way : {&link.out, &link.in})
    way->bytes_per_second = static_cast<std::uint64_t>(static_cast<Wide>(way->bytes_per_second) * both / alone);
  return machine;
}

}  // namespace

SwapPlan published_plan(const AccessProgram& program, const SwapMachine& machine, const PublishedSettings& settings) {
  SwapPlan plan = plan_at(machine, program, settings);
  plan.stall = forecast(program, machine, plan).stall;
  if (settings.mode == PublishedMode::stick_to_limit || plan.stall == Nanoseconds(0)) return plan;
  plan = plan_at(always_shared(machine, settings.candidates.tier), program, settings);
  plan.stall = forecast(program, machine, plan).stall;
  return plan;
}

std::span<const OptionSpec> published_options() { return table; }

PublishedSettings published_settings(AbsenceScoreKind score, const OptionValues& options) {
  return {.score = options.flag("combine") ? AbsenceScoreKind::rank_sum : score,
          .mode = options.text("mode") == "no-overhead" ? PublishedMode::no_overhead : PublishedMode::stick_to_limit,
          .candidates = {.tier = options.text("tier") == "peer" ? Tier::peer : Tier::host,
                         .min_swap = options.bytes("min_swap")}};
}

}  // namespace vramlab
