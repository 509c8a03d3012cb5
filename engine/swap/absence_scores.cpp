#include "engine/swap/absence_scores.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/core/error.h"

namespace vramlab {

// --- Absences --------------------------------------------------------------------------------------------------------

std::vector<PeakWindow> peak_windows(const AccessProgram& program) {
  std::vector<PeakWindow> windows;
  const auto add = [&](std::uint32_t first, std::uint32_t last) {
    if (first >= last) return;
    const auto peak = std::max_element(program.load.begin() + first, program.load.begin() + last);
    windows.push_back({first, last, static_cast<std::uint32_t>(peak - program.load.begin())});
  };
  std::uint32_t first = 0;
  for (const std::uint32_t start : program.iterations) add(std::exchange(first, start), start);
  add(first, program.slots());
  return windows;
}

namespace {

/// The window of a slot, by slot.
std::vector<std::uint32_t> windows_of_slots(const AccessProgram& program, std::span<const PeakWindow> windows) {
  std::vector<std::uint32_t> result(program.slots());
  for (std::uint32_t i = 0; i < windows.size(); ++i)
    std::fill(result.begin() + windows[i].first, result.begin() + windows[i].last, i);
  return result;
}

AbsenceCandidate candidate_of(const AccessProgram& program, const SwapMachine& machine, Tier tier, std::uint32_t object,
                              std::uint32_t last, std::uint32_t next) {
  const Bytes bytes = program.objects[object].bytes;
  return {.object = object,
          .id = program.objects[object].id,
          .bytes = bytes,
          .last = last,
          .next = next,
          .absence = program.begin[next] - program.end[last],
          .out_time = swap_time(machine, tier, SwapDirection::out, bytes),
          .in_time = swap_time(machine, tier, SwapDirection::in, bytes)};
}

}  // namespace

std::vector<std::vector<AbsenceCandidate>> absence_candidates(const AccessProgram& program, const SwapMachine& machine,
                                                              std::span<const PeakWindow> windows,
                                                              const CandidateRequest& request) {
  if (!machine.link(request.tier).there())
    throw ConfigError("the machine has no link to the tier that swaps should go to", {}, "choose another tier");
  const std::vector<std::uint32_t> window_of = windows_of_slots(program, windows);
  std::vector<std::vector<AbsenceCandidate>> candidates(windows.size());
  for (std::uint32_t i = 0; i < program.objects.size(); ++i) {
    const ProgramObject& object = program.objects[i];
    if (object.bytes < std::max(request.min_swap, Bytes(1))) continue;
    for (std::size_t j = 0; j + 1 < object.accesses.size(); ++j) {
      const std::uint32_t last = object.accesses[j].slot, next = object.accesses[j + 1].slot;
      const std::uint32_t window = window_of[last];
      if (window != window_of[next] || last >= windows[window].peak || windows[window].peak >= next) continue;
      candidates[window].push_back(candidate_of(program, machine, request.tier, i, last, next));
    }
  }
  return candidates;
}

// --- Scores ----------------------------------------------------------------------------------------------------------

std::strong_ordering operator<=>(const AbsenceScore& a, const AbsenceScore& b) {
  const bool a_below = a.negative && a.amount != 0, b_below = b.negative && b.amount != 0;
  if (a_below != b_below) return a_below ? std::strong_ordering::less : std::strong_ordering::greater;
  if (!a_below) return a.amount <=> b.amount;
  return b.amount * a.divisor <=> a.amount * b.divisor;
}

ExcessLoad::ExcessLoad(const AccessProgram& program, const PeakWindow& window, Bytes limit)
    : program_(program), first_(window.first), limit_(limit.value), sums_(window.last - window.first) {
  for (std::uint32_t slot = window.first; slot < window.last; ++slot) load_.push_back(program.load[slot].value);
  sum_from(window.first);
}

std::uint64_t ExcessLoad::excess(std::uint32_t slot) const {
  const std::uint64_t load = load_[slot - first_];
  return load > limit_ ? load - limit_ : 0;
}

// A slot's time runs from the end of the operator before it; that of the window's first slot is in no absence.
void ExcessLoad::sum_from(std::uint32_t slot) {
  for (std::uint32_t i = slot - first_; i < sums_.size(); ++i) {
    if (i == 0) continue;
    const Nanoseconds time = program_.end[first_ + i] - program_.end[first_ + i - 1];
    sums_[i] = sums_[i - 1] + static_cast<Wide>(excess(first_ + i)) * static_cast<std::uint64_t>(time.value);
  }
}

Wide ExcessLoad::over(std::uint32_t last, std::uint32_t next) const {
  // What is allocated for an operator is there while the device still waits for it.
  const Nanoseconds idle = program_.begin[next] - program_.end[next - 1];
  return sums_[next - 1 - first_] - sums_[last - first_] +
         static_cast<Wide>(excess(next)) * static_cast<std::uint64_t>(idle.value);
}

void ExcessLoad::take(std::uint32_t last, std::uint32_t next, Bytes bytes) {
  for (std::uint32_t slot = last + 1; slot < next; ++slot)
    load_[slot - first_] -= std::min(load_[slot - first_], bytes.value);
  sum_from(last + 1);
}

AbsenceScore doa_score(const AbsenceCandidate& candidate) {
  const std::int64_t doa = candidate.doa().value;
  return {doa < 0, static_cast<std::uint64_t>(doa < 0 ? -doa : doa)};
}

AbsenceScore aoa_score(const AbsenceCandidate& candidate) {
  AbsenceScore score = doa_score(candidate);
  if (score.negative)
    score.divisor = candidate.bytes.value;
  else
    score.amount *= candidate.bytes.value;
  return score;
}

AbsenceScore wdoa_score(const AbsenceCandidate& candidate, const ExcessLoad& excess) {
  return {false, excess.over(candidate.last, candidate.next)};
}

// --- Orders ----------------------------------------------------------------------------------------------------------

namespace {

using Candidates = std::span<const AbsenceCandidate>;
using Order = std::vector<std::uint32_t>;

Order by_falling(const std::vector<AbsenceScore>& scores, Candidates candidates) {
  Order order(candidates.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
    if (const auto compared = scores[a] <=> scores[b]; compared != 0) return compared > 0;
    return candidates[a].id < candidates[b].id;
  });
  return order;
}

template <class Score>
Order by_score(Candidates candidates, Score&& score) {
  std::vector<AbsenceScore> scores;
  for (const AbsenceCandidate& candidate : candidates) scores.push_back(score(candidate));
  return by_falling(scores, candidates);
}

/// The best of those left goes first, then the load is taken anew. What nothing is over the limit for keeps the order
/// of ObjectIds.
Order by_swdoa(Candidates candidates, ExcessLoad excess) {
  Order left = by_score(candidates, [](const AbsenceCandidate&) { return AbsenceScore{}; });
  Order order;
  while (!left.empty()) {
    auto best = left.begin();
    AbsenceScore most = wdoa_score(candidates[*best], excess);
    for (auto it = left.begin() + 1; it != left.end(); ++it)
      if (const AbsenceScore score = wdoa_score(candidates[*it], excess); score > most) best = it, most = score;
    if (most.amount == 0) break;
    const AbsenceCandidate& chosen = candidates[*best];
    order.push_back(*best);
    left.erase(best);
    excess.take(chosen.last, chosen.next, chosen.bytes);
  }
  order.insert(order.end(), left.begin(), left.end());
  return order;
}

Order by_rank_sum(const AccessProgram& program, const PeakWindow& window, Candidates candidates, Bytes limit) {
  std::vector<AbsenceScore> sums(candidates.size(), {.negative = true});
  for (const AbsenceScoreKind kind :
       {AbsenceScoreKind::doa, AbsenceScoreKind::aoa, AbsenceScoreKind::wdoa, AbsenceScoreKind::swdoa}) {
    const Order order = order_by(kind, program, window, candidates, limit);
    for (std::uint32_t rank = 0; rank < order.size(); ++rank) sums[order[rank]].amount += rank;
  }
  return by_falling(sums, candidates);
}

}  // namespace

Order order_by(AbsenceScoreKind kind, const AccessProgram& program, const PeakWindow& window, Candidates candidates,
               Bytes limit) {
  switch (kind) {
    case AbsenceScoreKind::doa:
      return by_score(candidates, doa_score);
    case AbsenceScoreKind::aoa:
      return by_score(candidates, aoa_score);
    case AbsenceScoreKind::wdoa: {
      const ExcessLoad excess(program, window, limit);
      return by_score(candidates, [&](const AbsenceCandidate& candidate) { return wdoa_score(candidate, excess); });
    }
    case AbsenceScoreKind::swdoa:
      return by_swdoa(candidates, ExcessLoad(program, window, limit));
    case AbsenceScoreKind::rank_sum:
      return by_rank_sum(program, window, candidates, limit);
  }
  return {};
}

}  // namespace vramlab
