// Bound, exact search and planner against each other and against brute force, on small drawn programs.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "engine/core/error.h"
#include "engine/swap/bound.h"
#include "engine/swap/exact_plan.h"
#include "engine/swap/planner.h"
#include "properties.h"
#include "small_program.h"

namespace vramlab {
namespace {

using testing::holds_for;
using testing::pick;
using testing::pick_bool;

/// Operators that read and write, objects of every kind of life.
AccessProgram drawn(std::uint32_t slots, std::size_t objects) {
  std::vector<std::int64_t> times(slots);
  for (std::int64_t& time : times) time = pick<std::int64_t>(0, 100);
  std::vector<testing::SmallObject> small(objects);
  for (testing::SmallObject& object : small) {
    object.bytes = pick<std::uint64_t>(1, 100);
    for (std::uint32_t i = pick(1U, 4U); i > 0; --i) object.accesses.push_back(pick(0U, slots));
    std::ranges::sort(object.accesses);
    object.accesses.erase(std::unique(object.accesses.begin(), object.accesses.end()), object.accesses.end());
  }
  AccessProgram program = testing::small_program(times, small);
  for (ProgramObject& object : program.objects) {
    object.before = pick_bool();
    object.after = pick_bool();
    if (object.before) object.birth = 0;
    if (object.after) object.death = slots;
    for (Access& access : object.accesses) access.writes = pick(0, 3) == 0;
    if (!object.before) object.accesses.front().writes = true;
  }
  complete(program);
  return program;
}

/// Half of them as above, half with operators that begin some time after the one before.
AccessProgram drawn_with_pauses(std::uint32_t slots, std::size_t objects) {
  AccessProgram program = drawn(slots, objects);
  if (pick_bool()) return program;
  Nanoseconds later{};
  for (std::uint32_t slot = 0; slot < program.slots(); ++slot) {
    later += Nanoseconds(pick<std::int64_t>(0, 30));
    program.begin[slot] += later;
    program.end[slot] += later;
  }
  program.duration += later;
  return program;
}

SwapMachine drawn_link(bool with_codec, bool shares) {
  SwapMachine machine = testing::small_machine(pick<std::uint64_t>(1, 8), pick<std::uint64_t>(1, 8), {});
  SwapLink& link = machine.links[static_cast<std::size_t>(Tier::host)];
  link.out.latency = Nanoseconds(pick<std::int64_t>(0, 10));
  link.in.latency = Nanoseconds(pick<std::int64_t>(0, 10));
  const std::uint64_t most = std::max(link.out.bytes_per_second, link.in.bytes_per_second);
  if (shares)
    link.duplex_bytes_per_second = pick<std::uint64_t>(most, link.out.bytes_per_second + link.in.bytes_per_second + 1);
  if (with_codec)
    machine.codec = {pick(1000U, 4000U), pick<std::uint64_t>(1, 20) * 1'000'000'000,
                     pick<std::uint64_t>(1, 20) * 1'000'000'000};
  return machine;
}

/// Half of them as above, half with records and handing over that take time.
SwapMachine drawn_machine() {
  SwapMachine machine = drawn_link(pick_bool(), pick_bool());
  if (pick_bool()) return machine;
  machine.record_gap = Nanoseconds(pick<std::int64_t>(0, 10));
  machine.handover = Nanoseconds(pick<std::int64_t>(0, 10));
  return machine;
}

std::string text_of(const AccessProgram& program) {
  std::string text;
  for (std::uint32_t slot = 0; slot < program.slots(); ++slot)
    text += fmt::format("{}:{}+{} ", slot, program.begin[slot].value, (program.end[slot] - program.begin[slot]).value);
  for (const ProgramObject& object : program.objects) {
    text += fmt::format("\nobject of {}{}{}:", object.bytes.value, object.before ? " before" : "",
                        object.after ? " after" : "");
    for (const Access access : object.accesses) text += fmt::format(" {}{}", access.writes ? "w" : "r", access.slot);
  }
  return text + '\n';
}

std::string text_of(const SwapPlan& plan) {
  std::string text = fmt::format("peak {} stall {}\n", plan.peak.value, plan.stall.value);
  for (const PlannedAbsence& a : plan.absences)
    text += fmt::format("  object {}: out {} settle {} in {}{}{}\n", a.object, a.out_slot, a.settle_slot, a.in_slot,
                        a.copies ? " copies" : "", a.from_the_beginning ? " from the beginning" : "");
  return text;
}

Bytes largest(const std::vector<Bytes>& loads) { return *std::ranges::max_element(loads); }

double drawn_overhead() { return pick(0, 3) * 0.1; }

/// Every plan of up to two absences an object that load_under() takes, in every order of copies.
class BruteForce {
 public:
  BruteForce(const AccessProgram& program, const SwapMachine& machine, double overhead)
      : program_(program), machine_(machine), overhead_(overhead), best_(*std::ranges::max_element(program.load)) {}

  Bytes run() {
    for (std::uint32_t object = 0; object < program_.objects.size(); ++object) {
      ways_.emplace_back(1);
      one_absence(object, 0);
    }
    combine(0);
    return best_;
  }

 private:
  // Of each object one way.
  void combine(std::size_t object) {
    if (object == ways_.size()) return weigh();
    for (const std::vector<PlannedAbsence>& way : ways_[object]) {
      plan_.absences.insert(plan_.absences.end(), way.begin(), way.end());
      combine(object + 1);
      plan_.absences.resize(plan_.absences.size() - way.size());
    }
  }

  void keep_way() {
    try {
      load_under(program_, plan_);
      ways_.back().push_back(plan_.absences);
    } catch (const InvariantError&) {
      ++refused_;
    }
  }

  // Up to two absences of an object, which may share a copy where nothing writes in between.
  void one_absence(std::uint32_t object, std::uint32_t earliest) {
    const std::uint32_t slots = program_.slots();
    for (std::uint32_t settle = earliest; settle <= slots; ++settle) {
      for (std::uint32_t in = settle; in <= slots; ++in) {
        for (std::uint32_t out = 0; out <= settle; ++out) absence(object, out, settle, in, true);
        if (has_copy(object, settle)) absence(object, settle, settle, in, false);
      }
    }
  }

  void absence(std::uint32_t object, std::uint32_t out, std::uint32_t settle, std::uint32_t in, bool copies) {
    // Of what is kept always it is no worse to be away from the beginning.
    const bool away = !copies && settle == 0 && program_.objects[object].persistent();
    plan_.absences.push_back({.object = object,
                              .out_slot = out,
                              .settle_slot = settle,
                              .in_slot = in,
                              .copies = copies,
                              .from_the_beginning = away});
    const auto holds = [&](const SwapGap& gap) { return gap.from <= settle && in <= gap.to; };
    const bool at_end = settle == program_.slots() && program_.objects[object].persistent();
    if ((away || at_end || std::ranges::any_of(gaps_of(program_, object), holds)) &&
        (!copies || !written_between(object, out, settle))) {
      keep_way();
      if (plan_.absences.size() < 2 && in < program_.slots()) one_absence(object, in);
    }
    plan_.absences.pop_back();
  }

  bool written_between(std::uint32_t object, std::uint32_t from, std::uint32_t to) const {
    return std::ranges::any_of(program_.objects[object].accesses,
                               [&](Access a) { return a.writes && a.slot >= from && a.slot < to; });
  }

  // Kept always, away from the beginning, or copied for the absence before.
  bool has_copy(std::uint32_t object, std::uint32_t settle) const {
    const ProgramObject& it = program_.objects[object];
    if (it.persistent() && !written_between(object, 0, program_.slots())) return true;
    if (settle == 0) return it.persistent();
    if (plan_.absences.empty() || plan_.absences.back().object != object) return false;
    return !written_between(object, plan_.absences.back().out_slot, settle);
  }

  void weigh() {
    load_ = load_under(program_, plan_);
    if (*std::ranges::max_element(load_) >= best_) return;
    std::vector<std::uint32_t> order(plan_.absences.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    do {
      SwapPlan plan = plan_;
      for (std::size_t i = 0; i < order.size(); ++i)
        plan.absences[i].out_time = plan.absences[i].in_time = Nanoseconds(order[i]);
      weigh(plan);
    } while (std::ranges::next_permutation(order).found);
  }

  void weigh(const SwapPlan& plan) {
    const Bytes peak = *std::ranges::max_element(load_);
    const std::int64_t allowed = static_cast<std::int64_t>(overhead_ * static_cast<double>(program_.duration.value));
    if (peak < best_ && forecast(program_, machine_, plan).stall.value <= allowed) best_ = peak;
  }

  const AccessProgram& program_;
  const SwapMachine& machine_;
  double overhead_;
  Bytes best_;
  SwapPlan plan_;
  std::vector<Bytes> load_;
  std::vector<std::vector<std::vector<PlannedAbsence>>> ways_;  // by object: sets of its absences
  std::uint64_t refused_ = 0;
};

TEST(ExactPlan, FindsWhatBruteForceFinds) {
  EXPECT_TRUE(holds_for(60, [] {
    const AccessProgram program = drawn(pick(2U, 5U), pick<std::size_t>(1, 3));
    const SwapMachine machine = drawn_link(pick_bool(), false);
    const double overhead = drawn_overhead();
    const ExactPlan exact = exact_plan(program, machine, {.max_overhead = overhead});
    RC_ASSERT(exact.proved);
    RC_LOG(text_of(program) + text_of(exact.plan));
    RC_ASSERT(exact.plan.peak.value == BruteForce(program, machine, overhead).run().value);
  }));
}

// Where a record or handing over takes time, what the search finds may not hold on the link; then it says no more than
// it knows.
TEST(ExactPlan, ProvesNoMoreThanBruteForceFindsWhereHandingOverTakesTime) {
  EXPECT_TRUE(holds_for(60, [] {
    const AccessProgram program = drawn(pick(2U, 5U), pick<std::size_t>(1, 3));
    SwapMachine machine = drawn_link(pick_bool(), false);
    machine.record_gap = Nanoseconds(pick<std::int64_t>(0, 10));
    machine.handover = Nanoseconds(pick<std::int64_t>(0, 10));
    const double overhead = drawn_overhead();
    const ExactPlan exact = exact_plan(program, machine, {.max_overhead = overhead});
    const Bytes least = BruteForce(program, machine, overhead).run();
    RC_LOG(text_of(program) + text_of(exact.plan));
    RC_ASSERT(exact.lower <= least);
    RC_ASSERT(least <= exact.plan.peak);
    RC_ASSERT(exact.proved == (exact.lower == exact.plan.peak));
  }));
}

TEST(ExactPlan, HoldsItsPeakWithinItsOverhead) {
  EXPECT_TRUE(holds_for(300, [] {
    const AccessProgram program = drawn_with_pauses(pick(3U, 9U), pick<std::size_t>(2, 8));
    const SwapMachine machine = drawn_machine();
    const double overhead = drawn_overhead();
    const ExactPlan exact = exact_plan(program, machine, {.max_overhead = overhead, .steps = 100'000});
    RC_ASSERT(exact.lower <= exact.plan.peak);
    RC_ASSERT(largest(load_under(program, exact.plan)) == exact.plan.peak);
    const PlanForecast foreseen = forecast(program, machine, exact.plan);
    RC_ASSERT(static_cast<double>(foreseen.stall.value) <= overhead * static_cast<double>(program.duration.value));
  }));
}

TEST(Bound, IsNoMoreThanAnyPlanLeaves) {
  EXPECT_TRUE(holds_for(400, [] {
    AccessProgram program = drawn_with_pauses(pick(3U, 10U), pick<std::size_t>(2, 8));
    for (ProgramObject& object : program.objects)
      if (object.accesses.front().slot == 0) object.after = object.after && !object.before;
    const SwapMachine machine = drawn_machine();
    PlannerRequest request{.max_overhead = drawn_overhead(), .min_swap = Bytes(1), .effort = 20'000};
    const SwapPlan plan = least_plan(program, machine, request);
    // The planner's rounding may cost more than was allowed.
    const double spent = static_cast<double>(plan.stall.value + 1) / static_cast<double>(program.duration.value + 1);
    const double overhead = std::max(request.max_overhead, spent * 1.01);
    const SwapBound bound = swap_bound(program, machine, {.max_overhead = overhead});
    RC_LOG(text_of(program) + text_of(plan) + fmt::format("bound {}\n", bound.load.value));
    RC_ASSERT(bound.optimal);
    RC_ASSERT(bound.load <= largest(load_under(program, plan)));
    const ExactPlan exact =
        exact_plan(program, machine, {.max_overhead = overhead, .at_least = bound.load, .steps = 50'000}, plan);
    RC_ASSERT(bound.load <= exact.lower);
    RC_ASSERT(exact.lower <= exact.plan.peak);
    RC_ASSERT(exact.plan.peak <= plan.peak);
  }));
}

TEST(Bound, IsNoMoreThanTheExactPeak) {
  EXPECT_TRUE(holds_for(300, [] {
    const AccessProgram program = drawn_with_pauses(pick(3U, 8U), pick<std::size_t>(2, 6));
    const SwapMachine machine = drawn_machine();
    const double overhead = drawn_overhead();
    const ExactPlan exact = exact_plan(program, machine, {.max_overhead = overhead, .steps = 50'000});
    RC_ASSERT(swap_bound(program, machine, {.max_overhead = overhead}).load <= exact.plan.peak);
  }));
}

TEST(Bound, FallsWithBandwidthRatioAndOverhead) {
  EXPECT_TRUE(holds_for(200, [] {
    const AccessProgram program = drawn_with_pauses(pick(3U, 10U), pick<std::size_t>(2, 10));
    SwapMachine machine = drawn_link(true, false);
    BoundRequest request{.max_overhead = drawn_overhead()};
    const Bytes before = swap_bound(program, machine, request).load;
    SwapLink& link = machine.links[static_cast<std::size_t>(Tier::host)];
    switch (pick(0, 5)) {
      case 0:
        link.out.bytes_per_second *= 2;
        break;
      case 1:
        link.in.bytes_per_second *= 2;
        break;
      case 2:
        machine.codec.ratio_per_mille += 500;
        break;
      case 3:
        link.out.latency = link.in.latency = Nanoseconds(0);
        break;
      default:
        request.max_overhead += 0.1;
    }
    RC_ASSERT(swap_bound(program, machine, request).load <= before);
  }));
}

TEST(Bound, FewerMomentsNeverRaiseIt) {
  EXPECT_TRUE(holds_for(300, [] {
    const AccessProgram program = drawn_with_pauses(pick(3U, 12U), pick<std::size_t>(2, 12));
    const SwapMachine machine = drawn_machine();
    const BoundRequest request{.max_overhead = drawn_overhead()};
    std::vector<std::uint32_t> more, fewer;
    for (std::uint32_t slot = 0; slot < program.slots(); ++slot) {
      if (pick(0, 4) > 0) more.push_back(slot);
      if (!more.empty() && more.back() == slot && pick_bool()) fewer.push_back(slot);
    }
    const Bytes of_more = swap_bound_at(program, machine, request, more).load;
    RC_ASSERT(swap_bound_at(program, machine, request, fewer).load <= of_more);
    RC_ASSERT(of_more <= swap_bound(program, machine, request).load);
  }));
}

}  // namespace
}  // namespace vramlab
