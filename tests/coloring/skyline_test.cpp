#include "engine/coloring/skyline.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <functional>

#include "small_instances.h"

namespace vramlab {
namespace {

using testing::holds_for;
using testing::make_instance;
using testing::pick;
using testing::pick_bool;
using testing::random_instance;

/// All that can be asked of a skyline.
std::vector<std::uint64_t> state_of(const Skyline& skyline) {
  std::vector<std::uint64_t> state;
  for (std::uint32_t c = 0; c < skyline.path().cliques(); ++c)
    for (const std::uint64_t value :
         {skyline.height(c), skyline.top(c), skyline.left(c), std::uint64_t{skyline.crossing(c)}, skyline.set_key(c)})
      state.push_back(value);
  for (std::uint32_t i = 0; i < skyline.path().buffers(); ++i)
    for (const std::uint64_t value : {skyline.lowest(i), std::uint64_t{skyline.placed(i)}}) state.push_back(value);
  return state;
}

bool any_left(const Skyline& skyline) {
  std::uint32_t i = 0;
  while (i < skyline.path().buffers() && skyline.placed(i)) ++i;
  return i < skyline.path().buffers();
}

Skyline::Rules any_rules() { return {pick_bool(), pick_bool(), pick_bool()}; }

/// A change, or none where the skyline's state allows none of the kind.
using Change = std::function<bool(Skyline&)>;

Change any_change(const Skyline& skyline) {
  const CliquePath& path = skyline.path();
  if (pick(0, 4) == 0) {
    const auto clique = pick(0u, path.cliques());
    const std::uint64_t height = skyline.height(clique) + pick<std::uint64_t>(1, 20);
    return [=](Skyline& s) { return s.raise(clique, height); };
  }
  const auto first = pick(0u, path.buffers());
  for (std::uint32_t k = 0; k < path.buffers(); ++k)
    if (const std::uint32_t i = (first + k) % path.buffers(); !skyline.placed(i))
      return [i](Skyline& s) { return s.place(i); };
  return [](Skyline&) { return true; };
}

/// The changes of a random walk that are not undone, and where the skyline stood before each.
struct Walk {
  std::vector<Change> changes;
  std::vector<std::size_t> marks;
};

void step(Skyline& skyline, Walk& walk) {
  if (!walk.marks.empty() && pick(0, 5) == 0) {
    const auto keep = pick<std::size_t>(0, walk.marks.size());
    skyline.undo(walk.marks[keep]);
    walk.changes.resize(keep);
    walk.marks.resize(keep);
    return;
  }
  const std::size_t mark = skyline.mark();
  const Change change = any_change(skyline);
  if (!change(skyline)) {
    skyline.undo(mark);
  } else {
    walk.changes.push_back(change);
    walk.marks.push_back(mark);
  }
}

TEST(Skyline, StandsAfterUndoingAsIfTheUndoneHadNeverBeen) {
  EXPECT_TRUE(holds_for(300, [] {
    const CliquePath path(random_instance({.most_buffers = 25}));
    const Skyline::Rules rules = any_rules();
    const std::uint64_t capacity = path.max_weight() + pick<std::uint64_t>(0, 200);
    Skyline skyline(path, capacity, rules);
    const std::vector<std::uint64_t> empty = state_of(skyline);
    Walk walk;
    for (int k = 0; k < 40; ++k) step(skyline, walk);
    Skyline replayed(path, capacity, rules);
    for (const Change& change : walk.changes) RC_ASSERT(change(replayed));
    RC_ASSERT(state_of(replayed) == state_of(skyline));
    skyline.undo(0);
    RC_ASSERT(state_of(skyline) == empty);
  }));
}

/// The lowest aligned place of a buffer above the tops of its cliques.
std::uint64_t lowest_above_tops(const Skyline& skyline, std::uint32_t buffer) {
  std::uint64_t top = 0;
  for (std::uint32_t c = 0; c < skyline.path().cliques(); ++c)
    if (skyline.path().contains(buffer, c)) top = std::max(top, skyline.top(c));
  const std::uint64_t alignment = skyline.path().alignment(buffer);
  return (top + alignment - 1) / alignment * alignment;
}

std::uint64_t floor_of(const Skyline& skyline, std::uint32_t clique) {
  std::uint64_t floor = ~std::uint64_t{0};
  for (const std::uint32_t i : skyline.path().members(clique))
    if (!skyline.placed(i)) floor = std::min(floor, skyline.lowest(i));
  return floor;
}

void expect_consequences(const Skyline& skyline, bool raised) {
  for (std::uint32_t i = 0; i < skyline.path().buffers(); ++i)
    if (!skyline.placed(i)) RC_ASSERT(skyline.lowest(i) == lowest_above_tops(skyline, i));
  for (std::uint32_t c = 0; c < skyline.path().cliques(); ++c) {
    std::uint64_t left = 0;
    for (const std::uint32_t i : skyline.path().members(c)) left += skyline.placed(i) ? 0 : skyline.path().size(i);
    RC_ASSERT(skyline.left(c) == left);
    const bool lifted = raised && left > 0;
    RC_ASSERT(skyline.height(c) == (lifted ? std::max(skyline.top(c), floor_of(skyline, c)) : skyline.top(c)));
  }
}

// Floors hide nothing: they are never above the lowest place that a buffer left has over the tops.
TEST(Skyline, KnowsTheLowestPlacesAndFloorsThatFollowFromTheTops) {
  EXPECT_TRUE(holds_for(300, [] {
    const CliquePath path(random_instance({.most_buffers = 25, .pins = false}));
    const bool raised = pick_bool();
    Skyline skyline(path, ~std::uint64_t{0} / 2, {.raise_floors = raised, .no_holes = false, .release_times = false});
    for (int k = 0; k < 40 && any_left(skyline); ++k) {
      const auto first = pick(0u, path.buffers());
      std::uint32_t i = first;
      while (skyline.placed(i)) i = (i + 1) % path.buffers();
      const std::size_t mark = skyline.mark();
      RC_ASSERT(skyline.place(i));
      expect_consequences(skyline, raised);
      if (pick(0, 4) == 0) skyline.undo(mark);
    }
  }));
}

TEST(Skyline, GivesBuffersTheirPlacesWithoutOverlap) {
  EXPECT_TRUE(holds_for(300, [] {
    const Instance instance = random_instance({.most_buffers = 30, .pins = false});
    const CliquePath path(instance);
    Skyline skyline(path, ~std::uint64_t{0} / 2, {.raise_floors = pick_bool(), .no_holes = false});
    while (any_left(skyline)) RC_ASSERT(any_change(skyline)(skyline));
    Plan plan;
    for (std::uint32_t i = 0; i < path.buffers(); ++i) {
      plan.offsets.push_back(path.unit() * skyline.lowest(i));
      plan.peak = std::max(plan.peak, plan.offsets.back() + instance.buffers[i].size);
    }
    RC_ASSERT(check_plan(instance, plan) == "");
  }));
}

TEST(Skyline, RefusesWhatWouldExceedTheCapacity) {
  const CliquePath path(make_instance({{0, 2, Bytes(5)}, {1, 3, Bytes(4)}, {1, 2, Bytes(1)}}));
  Skyline tight(path, 10, {});
  EXPECT_TRUE(tight.place(0));
  EXPECT_TRUE(tight.place(1));
  EXPECT_TRUE(tight.place(2));
  EXPECT_EQ(tight.lowest(2), 9u);
  Skyline narrow(path, 9, {});
  EXPECT_FALSE(narrow.place(0));
}

TEST(Skyline, RefusesToLiftACliqueAboveWhatItsBuffersLeftNeed) {
  const CliquePath path(make_instance({{0, 1, Bytes(6)}, {0, 1, Bytes(1)}}));
  Skyline skyline(path, 9, {.raise_floors = true, .no_holes = false});
  EXPECT_TRUE(skyline.raise(0, 2));
  EXPECT_EQ(skyline.lowest(0), 2u);
  EXPECT_FALSE(skyline.raise(0, 3));
}

TEST(Skyline, GivesUpWhereAHoleWasLeftThatABufferLeftWouldFitInto) {
  // The third would fit under the fourth, beside the first, and what is below the fourth there is lost for it.
  const CliquePath path(make_instance({{0, 2, Bytes(4)}, {2, 4, Bytes(1)}, {2, 4, Bytes(2)}, {0, 4, Bytes(5)}}));
  ASSERT_EQ(path.cliques(), 2u);
  for (const bool no_holes : {true, false}) {
    Skyline skyline(path, 20, {.raise_floors = true, .no_holes = no_holes});
    ASSERT_TRUE(skyline.place(1));
    ASSERT_TRUE(skyline.place(0));
    EXPECT_EQ(skyline.lowest(2), 1u);
    EXPECT_EQ(skyline.raise(1, 4), !no_holes);
  }
}

TEST(Skyline, RefusesToLiftAPinnedBuffer) {
  Instance instance = make_instance({{0, 2, Bytes(5)}, {1, 3, Bytes(4)}});
  instance.pins = {{1, Bytes(3)}};
  const CliquePath path(instance);
  Skyline skyline(path, 100, {});
  EXPECT_FALSE(skyline.place(0));
}

TEST(Skyline, SeesByReleaseTimesThatTwoLiftedBuffersDoNotFitAboveEachOther) {
  // The last two are lifted to 7 by different buffers; where they meet, the small one alone could begin lower.
  const CliquePath path(
      make_instance({{0, 1, Bytes(7)}, {2, 3, Bytes(7)}, {1, 2, Bytes(1)}, {0, 2, Bytes(6)}, {1, 3, Bytes(5)}}));
  for (const bool release_times : {true, false}) {
    Skyline skyline(path, 17, {.raise_floors = true, .no_holes = true, .release_times = release_times});
    ASSERT_TRUE(skyline.place(0));
    EXPECT_EQ(skyline.place(1), !release_times);
  }
}

}  // namespace
}  // namespace vramlab
