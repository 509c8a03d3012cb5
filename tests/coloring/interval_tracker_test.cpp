#include "engine/coloring/interval_tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <set>

#include "engine/core/error.h"
#include "instances.h"

namespace vramlab {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t open_end = TrackedInterval::still_open;

TEST(IntervalTracker, FollowsIntervalsThatOpenAndClose) {
  IntervalTracker tracker;
  tracker.open(7, 10, Bytes(100));
  tracker.open(8, 12, Bytes(50));
  EXPECT_EQ(tracker.load(), Bytes(150));
  tracker.close(7, 15);
  EXPECT_EQ(tracker.load(), Bytes(50));
  EXPECT_EQ(tracker.load_at(14), Bytes(150));
  EXPECT_EQ(tracker.load_at(9), Bytes(0));
  EXPECT_EQ(tracker.max_load(), (Load{Bytes(150), 12}));
  EXPECT_EQ(tracker.now(), 15u);
  EXPECT_TRUE(tracker.find(8)->is_open());
  EXPECT_EQ(tracker.find(7)->upper, 15u);
  EXPECT_EQ(tracker.find(9), std::nullopt);
}

TEST(IntervalTracker, TellsOverlapsInOrderOfBeginning) {
  IntervalTracker tracker;
  tracker.add(1, 5, 9, Bytes(1));
  tracker.add(2, 0, 5, Bytes(1));
  tracker.open(3, 8, Bytes(1));
  EXPECT_THAT(tracker.overlaps_of(1), ElementsAre(3));
  EXPECT_THAT(tracker.overlaps_of(2), IsEmpty());
  EXPECT_THAT(tracker.overlaps(4, 9), ElementsAre(2, 1, 3));
  EXPECT_THAT(tracker.overlaps(1000, 1001), ElementsAre(3));
}

TEST(IntervalTracker, ForgetsTheLoadOfWhatIsRemoved) {
  IntervalTracker tracker;
  tracker.add(1, 0, 10, Bytes(5));
  tracker.add(2, 3, 6, Bytes(7));
  tracker.remove(2);
  EXPECT_EQ(tracker.max_load(), (Load{Bytes(5), 0}));
  tracker.remove(1);
  EXPECT_EQ(tracker.max_load(), Load{});
  EXPECT_EQ(tracker.size(), 0u);
}

TEST(IntervalTracker, TellsHowAnIntervalIsAccessed) {
  IntervalTracker tracker;
  tracker.open(1, 0, Bytes(1));
  EXPECT_EQ(tracker.find(1)->accesses, AccessPattern{});
  for (const std::uint64_t time : {5, 8, 11}) tracker.touch(1, time);
  EXPECT_EQ(tracker.find(1)->accesses, (AccessPattern{3, 5, 11, 3, 3}));
  EXPECT_EQ(tracker.find(1)->accesses.mean_gap(), 3);
  tracker.touch(1, 18);
  EXPECT_EQ(tracker.find(1)->accesses, (AccessPattern{4, 5, 18, 7, 0}));
  EXPECT_DOUBLE_EQ(tracker.find(1)->accesses.mean_gap(), 13.0 / 3);
}

TEST(IntervalTracker, TellsAPeriodExactlyWhereAllGapsAreTheSame) {
  EXPECT_TRUE(rc::check([] {
    IntervalTracker tracker;
    tracker.open(1, 0, Bytes(1));
    const auto gaps = *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(0, 3));
    std::uint64_t time = 0, longest = 0;
    for (std::size_t k = 0; k < gaps.size(); ++k) {
      tracker.touch(1, time += gaps[k]);
      if (k > 0) longest = std::max(longest, gaps[k]);
    }
    const bool alike = std::set<std::uint64_t>(gaps.begin() + (gaps.empty() ? 0 : 1), gaps.end()).size() == 1;
    const AccessPattern pattern = tracker.find(1)->accesses;
    RC_ASSERT(pattern.count == gaps.size());
    RC_ASSERT(pattern.longest_gap == longest);
    RC_ASSERT(pattern.period == (alike && gaps.size() > 2 ? longest : 0));
  }));
}

TEST(IntervalTracker, CoalescesTouchingIntervalsOfOneClassIntoOneSlot) {
  IntervalTracker tracker;
  tracker.add(1, 0, 5, Bytes(500));
  tracker.add(2, 1, 6, Bytes(512));
  tracker.add(3, 0, 4, Bytes(513));
  tracker.add(4, 6, 9, Bytes(10));  // 2 was left later than 1
  tracker.add(5, 7, 8, Bytes(1));
  const std::vector<CoalescedSlot> slots = tracker.coalesced();
  ASSERT_EQ(slots.size(), 3u);
  EXPECT_THAT(slots[0].ids, ElementsAre(1, 5));
  EXPECT_THAT(slots[1].ids, ElementsAre(3));
  EXPECT_THAT(slots[2].ids, ElementsAre(2, 4));
  EXPECT_EQ(slots[1].size, Bytes(1024));
}

TEST(IntervalTracker, LeavesTheSpaceOfASlotBetweenItsMembersToOthers) {
  IntervalTracker tracker(Bytes(1));
  tracker.add(1, 0, 3, Bytes(8));
  tracker.add(2, 3, 5, Bytes(8));
  tracker.add(3, 9, 12, Bytes(8));
  tracker.add(4, 5, 9, Bytes(6));
  const Instance instance = tracker.to_coalesced_instance();
  ASSERT_EQ(instance.buffers.size(), 2u);
  EXPECT_THAT(instance.names, ElementsAre("1", "4"));
  ASSERT_EQ(instance.gaps.size(), 1u);
  EXPECT_EQ(instance.gaps[0].lower, 5u);
  EXPECT_EQ(instance.gaps[0].upper, 9u);
  EXPECT_EQ(testing::solve_by("best-fit", instance).plan.peak, Bytes(8));
}

TEST(IntervalTracker, EndsOpenIntervalsAfterEverythingKnownWhenItMakesAnInstance) {
  IntervalTracker tracker;
  tracker.open(1, 4, Bytes(8));
  tracker.add(2, 6, 20, Bytes(3));
  const Instance instance = tracker.to_instance();
  EXPECT_EQ(instance.buffers[0].lower, 4u);
  EXPECT_EQ(instance.buffers[0].upper, 21u);
  EXPECT_EQ(instance.buffers[1].size, Bytes(3));
  check_instance(instance);
  EXPECT_EQ(max_load(instance).bytes, tracker.max_load().bytes);
}

/// Calls `act`, which must throw a TraceError that says `words`, and changes nothing.
template <class Act>
void expect_refusal(IntervalTracker& tracker, const char* words, Act&& act) {
  const std::size_t size = tracker.size();
  const std::uint64_t now = tracker.now();
  const Load load = tracker.max_load();
  try {
    act();
    ADD_FAILURE() << "accepted what should fail: " << words;
  } catch (const TraceError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr(words));
  }
  EXPECT_EQ(tracker.size(), size);
  EXPECT_EQ(tracker.now(), now);
  EXPECT_EQ(tracker.max_load(), load);
}

TEST(IntervalTracker, RefusesWhatCannotBe) {
  IntervalTracker tracker;
  tracker.open(1, 10, Bytes(8));
  tracker.add(2, 0, 5, Bytes(8));
  expect_refusal(tracker, "interval 3 is closed, but was never opened", [&] { tracker.close(3, 11); });
  expect_refusal(tracker, "interval 3 is touched, but was never opened", [&] { tracker.touch(3, 11); });
  expect_refusal(tracker, "interval 2 is closed, but ended at 5", [&] { tracker.close(2, 11); });
  expect_refusal(tracker, "interval 2 is touched, but ended at 5", [&] { tracker.touch(2, 11); });
  expect_refusal(tracker, "interval 1 is known already", [&] { tracker.open(1, 11, Bytes(1)); });
  expect_refusal(tracker, "interval 2 is known already", [&] { tracker.add(2, 11, 12, Bytes(1)); });
  expect_refusal(tracker, "at 9, but it is 10 already", [&] { tracker.open(3, 9, Bytes(1)); });
  expect_refusal(tracker, "at 9, but it is 10 already", [&] { tracker.touch(1, 9); });
  expect_refusal(tracker, "at 9, but it is 10 already", [&] { tracker.close(1, 9); });
  expect_refusal(tracker, "closed at 10, where it begins", [&] { tracker.close(1, 10); });
  expect_refusal(tracker, "of 0 bytes", [&] { tracker.open(3, 11, Bytes(0)); });
  expect_refusal(tracker, "too large", [&] { tracker.add(3, 1, 2, max_object_bytes + Bytes(1)); });
  expect_refusal(tracker, "[4, 4) is none", [&] { tracker.add(3, 4, 4, Bytes(1)); });
  expect_refusal(tracker, "is none", [&] { tracker.add(3, 4, open_end, Bytes(1)); });
  expect_refusal(tracker, "interval 3 is removed, but not known", [&] { tracker.remove(3); });
  expect_refusal(tracker, "interval 3, which is not known", [&] { (void)tracker.overlaps_of(3); });
  EXPECT_THROW(IntervalTracker(Bytes(0)), ConfigError);
}

/// The same by lists.
class Model {
 public:
  std::map<std::uint64_t, TrackedInterval> intervals;

  std::uint64_t load_at(std::uint64_t time) const {
    std::uint64_t load = 0;
    for (const auto& [id, i] : intervals)
      if (i.lower <= time && time < i.upper) load += i.size.value;
    return load;
  }
  Load max_load() const {
    Load best;
    for (const auto& [id, i] : intervals) {
      const std::uint64_t load = load_at(i.lower);
      if (Bytes(load) > best.bytes || (Bytes(load) == best.bytes && i.lower < best.time)) best = {Bytes(load), i.lower};
    }
    return best;
  }
  std::vector<std::uint64_t> overlaps(std::uint64_t lower, std::uint64_t upper) const {
    std::set<std::pair<std::uint64_t, std::uint64_t>> found;
    for (const auto& [id, i] : intervals)
      if (i.lower < upper && lower < i.upper) found.emplace(i.lower, id);
    std::vector<std::uint64_t> ids;
    for (const auto& [begin, id] : found) ids.push_back(id);
    return ids;
  }
  /// The most intervals of the class live at one time.
  std::size_t most_live(Bytes size_class) const {
    std::size_t most = 0;
    for (const auto& [id, begun] : intervals)
      most = std::max(most, static_cast<std::size_t>(std::ranges::count_if(intervals, [&](const auto& entry) {
                        return round_up(entry.second.size, 512_B) == size_class && entry.second.lower <= begun.lower &&
                               begun.lower < entry.second.upper;
                      })));
    return most;
  }
};

void do_something(IntervalTracker& tracker, Model& model, std::uint64_t& now) {
  const auto id = *rc::gen::inRange<std::uint64_t>(0, 25);
  const Bytes size(*rc::gen::inRange<std::uint64_t>(1, 1500));
  const bool known = model.intervals.contains(id);
  now += *rc::gen::inRange<std::uint64_t>(0, 3);
  if (known && model.intervals[id].is_open() && model.intervals[id].lower < now && *rc::gen::inRange(0, 3) > 0) {
    tracker.close(id, now);
    model.intervals[id].upper = now;
  } else if (known) {
    tracker.remove(id);
    model.intervals.erase(id);
  } else if (*rc::gen::arbitrary<bool>()) {
    tracker.open(id, now, size);
    model.intervals[id] = {.id = id, .lower = now, .upper = open_end, .size = size, .accesses = {}};
  } else {
    const auto lower = *rc::gen::inRange<std::uint64_t>(0, 60);
    const auto upper = lower + *rc::gen::inRange<std::uint64_t>(1, 30);
    tracker.add(id, lower, upper, size);
    model.intervals[id] = {.id = id, .lower = lower, .upper = upper, .size = size, .accesses = {}};
  }
}

void expect_slots(const IntervalTracker& tracker, const Model& model) {
  std::map<Bytes, std::size_t> slots_of_class;
  std::size_t members = 0;
  for (const CoalescedSlot& slot : tracker.coalesced()) {
    ++slots_of_class[slot.size];
    members += slot.ids.size();
    for (std::size_t k = 0; k < slot.ids.size(); ++k) {
      const TrackedInterval& interval = model.intervals.at(slot.ids[k]);
      RC_ASSERT(round_up(interval.size, 512_B) == slot.size);
      if (k > 0) RC_ASSERT(model.intervals.at(slot.ids[k - 1]).upper <= interval.lower);
    }
  }
  RC_ASSERT(members == model.intervals.size());
  for (const auto& [size_class, slots] : slots_of_class) RC_ASSERT(slots == model.most_live(size_class));
}

TEST(IntervalTracker, AgreesWithListsAfterEveryStep) {
  EXPECT_TRUE(rc::check([] {
    IntervalTracker tracker;
    Model model;
    std::uint64_t now = 0;
    for (int step = *rc::gen::inRange(0, 120); step > 0; --step) {
      do_something(tracker, model, now);
      const auto time = *rc::gen::inRange<std::uint64_t>(0, 100);
      RC_ASSERT(tracker.size() == model.intervals.size());
      RC_ASSERT(tracker.load_at(time).value == model.load_at(time));
      RC_ASSERT(tracker.max_load() == model.max_load());
      const auto upper = time + *rc::gen::inRange<std::uint64_t>(1, 20);
      RC_ASSERT(tracker.overlaps(time, upper) == model.overlaps(time, upper));
    }
    expect_slots(tracker, model);
    const Instance instance = tracker.to_instance(), coalesced = tracker.to_coalesced_instance();
    check_instance(instance);
    check_instance(coalesced);
    RC_ASSERT(max_load(instance) == model.max_load());
    RC_ASSERT(max_load(coalesced).bytes >= model.max_load().bytes);
  }));
}

struct NoSummary {
  static NoSummary join(const NoSummary&, int, int, const NoSummary&) { return {}; }
};
using Tree = SummedTree<int, int, NoSummary>;

int depth(const Tree& tree, Tree::Index i) {
  if (i == Tree::none) return 0;
  return 1 + std::max(depth(tree, tree.node(i).left), depth(tree, tree.node(i).right));
}

TEST(SummedTree, StaysShallowForKeysThatComeInOrder) {
  Tree tree;
  for (int i = 0; i < 20'000; ++i) tree.change(i, [](int&) { return true; });
  EXPECT_LT(depth(tree, tree.root()), 50);
  for (int i = 0; i < 20'000; ++i) tree.change(i, [](int&) { return false; });
  EXPECT_EQ(tree.root(), Tree::none);
}

}  // namespace
}  // namespace vramlab
