#pragma once
// The published AutoSwap (arXiv:1903.06631) as a maker of plans: in every iteration, absences around its peak are taken
// by score until the predicted peak is under the limit, and get the times of published_timetable.h.
//
// Modes:
//   no-overhead     no operator waits. The peak is predicted by the timetable; an absence that would vanish in it, or
//                   make another one vanish, or lower nothing that is over the limit, is passed over. The limit may be
//                   missed. Both directions of the link are taken to run at full speed side by side; where an operator
//                   would wait because they cannot, the plan is made anew with the speed that is left to each.
//   stick-to-limit  the peak is predicted as if operators waited for every transfer; then they wait where the timetable
//                   alone would leave more than the limit. Missed only where absences around the peak do not suffice.
//
// Of the code published with the paper, these mistakes are not repeated: those that absence_scores.h names; a swap out
// that waits for the event of the swap in, and the reverse; copies without streams of their own. Outs take the times of
// the link out and ins those of the link in here, side by side.

#include <memory>
#include <span>
#include <string_view>

#include "engine/core/option.h"
#include "engine/swap/absence_scores.h"
#include "engine/swap/swap_plan.h"
#include "engine/swap/swap_policy.h"

namespace vramlab {

enum class PublishedMode : std::uint8_t { no_overhead, stick_to_limit };

struct PublishedSettings {
  AbsenceScoreKind score = AbsenceScoreKind::swdoa;
  PublishedMode mode = PublishedMode::no_overhead;
  CandidateRequest candidates;
};

/// Against machine.limit. Throws ConfigError where the machine has no link to the tier.
SwapPlan published_plan(const AccessProgram& program, const SwapMachine& machine, const PublishedSettings& settings);

/// mode, min_swap, tier, combine: what the four policies of this kind share.
std::span<const OptionSpec> published_options();
/// `score` is taken unless the option `combine` asks for the sum of ranks.
PublishedSettings published_settings(AbsenceScoreKind score, const OptionValues& options);

/// The plan of one score.
template <AbsenceScoreKind score>
SwapPlan plan_published(const OptionValues& options, const AccessProgram& program, const SwapMachine& machine) {
  return published_plan(program, machine, published_settings(score, options));
}

template <AbsenceScoreKind score>
SwapInfo published_row(std::string_view summary) {
  return {.name = absence_score_names[static_cast<std::size_t>(score)],
          .summary = summary,
          .options = published_options(),
          .needs_program = true,
          .plan = plan_published<score>,
          .make = follow_plan};
}

}  // namespace vramlab
