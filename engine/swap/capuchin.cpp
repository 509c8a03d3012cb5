// Capuchin's swapping (X. Peng et al., "Capuchin: Tensor-based GPU memory management for deep learning", ASPLOS 2020),
// without its recomputation: what it would rather recompute is swapped.
//
// Passive, in the first iterations and whenever an iteration departs from the measured one: on missing memory the least
// recently used go, waited for. Guided, after an iteration was measured: of the gaps between two accesses of an object
// that lie across the time when too much is live, those with the longest free time go first,
//   free time = (access after) - (access before) - time out - time in,
// until the load fits the limit. Outs begin right after the access before; their memory is given up when it is
// needed. Ins are packed backwards from the accesses after; each begins with the operator that runs at that time.
// While iterations stall, ins are moved ahead by 5% of their transfer time after each (the paper's feedback, there for
// each tensor, here for all: what is measured is the stall of an iteration).
//
// Times between accesses are not measured but foretold from positions (iteration_history.h).

#include <algorithm>
#include <map>

#include "engine/swap/demand.h"
#include "engine/swap/iteration_history.h"

namespace vramlab {
namespace {

using Role = IterationHistory::Role;

struct Gap {
  Role role{};
  Bytes bytes{};
  std::uint32_t before = 0, after = 0;  ///< positions of the accesses on either side
  Nanoseconds begin{}, end{};           ///< of the time between
  Nanoseconds free{};                   ///< less the transfers
};

class Capuchin final : public DemandPolicy {
 public:
  Capuchin(const SwapContext& context, std::int64_t passive, std::int64_t step)
      : DemandPolicy(context), passive_(passive), step_per_mille_(step) {}

  void allocated(ObjectId object, Bytes bytes, StreamId stream) override {
    DemandPolicy::allocated(object, bytes, stream);
    history_.allocated(object, bytes);
  }

  void freed(ObjectId object) override {
    history_.freed(object);
    DemandPolicy::freed(object);
  }

  void before_operator(std::uint32_t /*slot*/, std::span<const Operand> /*operands*/) override {
    if (!guided()) return;
    for (auto at = ins_.begin(); at != ins_.upper_bound(history_.position());) {
      const bool over = at->second.after <= history_.position();
      at = over || begin_in(at->second.role) ? ins_.erase(at) : std::next(at);
    }
  }

  void after_operator(std::uint32_t slot, std::span<const Operand> operands) override {
    const std::uint32_t position = history_.position();
    DemandPolicy::after_operator(slot, operands);
    history_.ran(operands);
    if (!guided()) return;
    for (auto at = outs_.lower_bound({position, 0}); at != outs_.end() && at->first == position; ++at)
      if (const std::optional<ObjectId> object = history_.object(at->second); object && resident(*object))
        departures().send_out(*object);
  }

  void iteration(std::uint32_t /*number*/) override {
    history_.iteration();
    ++iterations_;
    outs_.clear();
    ins_.clear();
    if (iterations_ > passive_ && history_.latest() != nullptr) plan(*history_.latest());
  }

  void stalled(Nanoseconds stall, Nanoseconds iteration) override {
    history_.measured(iteration, stall);
    if (stall > Nanoseconds(0) && lead_per_mille_ < 2000) lead_per_mille_ += step_per_mille_;
  }

 private:
  struct In {
    Role role{};
    std::uint32_t after = 0;
  };

  bool guided() const { return history_.foretold() != nullptr && history_.foretold() == history_.latest(); }

  bool begin_in(Role role) {
    const std::optional<ObjectId> object = history_.object(role);
    return !object || !away(*object) || departures().bring_in(*object);
  }

  void plan(const IterationHistory::Iteration& last) {
    std::vector<Bytes> load = last.load;
    std::vector<Gap> gaps = candidates(last), chosen;
    std::ranges::stable_sort(gaps, [](const Gap& a, const Gap& b) { return a.free > b.free; });
    for (const Gap& gap : gaps) {
      if (!relieves(load, gap)) continue;
      for (std::uint32_t p = gap.before + 1; p < gap.after; ++p) load[p] -= std::min(load[p], gap.bytes);
      outs_.emplace(gap.before, gap.role);
      chosen.push_back(gap);
    }
    pack_ins(last, chosen);
  }

  std::vector<Gap> candidates(const IterationHistory::Iteration& last) const {
    std::vector<Gap> gaps;
    for (std::size_t i = 1; i < last.uses.size(); ++i) {
      const auto [role, before] = last.uses[i - 1];
      const auto [next_role, after] = last.uses[i];
      if (role != next_role || after <= before + 1) continue;
      Gap gap{role, last.bytes(role), before, after, last.time(before + 1), last.time(after), {}};
      gap.free = gap.end - gap.begin - departures().out_time(gap.bytes) - departures().in_time(gap.bytes);
      gaps.push_back(gap);
    }
    return gaps;
  }

  bool relieves(const std::vector<Bytes>& load, const Gap& gap) const {
    const auto between = std::span(load).subspan(gap.before + 1, gap.after - gap.before - 1);
    return std::ranges::any_of(between, [&](Bytes bytes) { return bytes > limit(); });
  }

  void pack_ins(const IterationHistory::Iteration& last, std::vector<Gap> chosen) {
    std::ranges::stable_sort(chosen, [](const Gap& a, const Gap& b) { return a.after > b.after; });
    Nanoseconds cursor = last.time(last.operators());
    for (const Gap& gap : chosen) {
      const Nanoseconds needed = departures().in_time(gap.bytes) * (1000 + lead_per_mille_) / 1000;
      cursor = std::min(cursor, gap.end) - needed;
      std::uint32_t position = gap.after;
      while (position > gap.before + 1 && last.time(position) > cursor) --position;
      ins_.emplace(position, In{gap.role, gap.after});
    }
  }

  std::int64_t passive_;
  std::int64_t step_per_mille_;
  std::int64_t lead_per_mille_ = 0;
  std::int64_t iterations_ = 0;  ///< begun
  IterationHistory history_;
  std::set<std::pair<std::uint32_t, Role>> outs_;  ///< after the operator at that position
  std::multimap<std::uint32_t, In> ins_;           ///< from the operator at that position on
};

constexpr OptionSpec options[] = {{.name = "passive",
                                   .kind = OptionKind::integer,
                                   .default_text = "1",
                                   .reason = "iterations at the beginning in which memory is given up on demand only",
                                   .at_least = 1,
                                   .at_most = 1e6},
                                  {.name = "feedback",
                                   .kind = OptionKind::integer,
                                   .default_text = "50",
                                   .reason = "by this per mille of their time ins move ahead after an iteration that "
                                             "stalled (the paper's 5%); 0 = none",
                                   .at_least = 0,
                                   .at_most = 1000}};

}  // namespace

SwapInfo capuchin_swap_row() {
  return {.name = "capuchin",
          .summary = "measures an iteration, then swaps the longest free times first and brings back in time",
          .options = options,
          .make = [](const OptionValues& values, const SwapContext& context) -> std::unique_ptr<SwapPolicy> {
            return std::make_unique<Capuchin>(context, values.integer("passive"), values.integer("feedback"));
          }};
}

}  // namespace vramlab
