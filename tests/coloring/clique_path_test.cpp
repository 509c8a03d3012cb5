#include "engine/coloring/clique_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

#include "small_instances.h"

namespace vramlab {
namespace {

using testing::make_instance;
using testing::random_instance;
using Set = std::set<std::uint32_t>;

Set members_of(const CliquePath& path, std::uint32_t clique) {
  const auto members = path.members(clique);
  return {members.begin(), members.end()};
}

/// Who is live at each position where something begins.
std::vector<Set> sets_at_beginnings(const Instance& instance) {
  const std::vector<LivePart> parts = live_parts(instance);
  std::vector<Set> sets;
  for (const LivePart& at : parts) {
    Set live;
    for (const LivePart& part : parts)
      if (part.lower <= at.lower && at.lower < part.upper) live.insert(part.buffer);
    sets.push_back(std::move(live));
  }
  return sets;
}

bool includes(const Set& all, const Set& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

TEST(CliquePath, HoldsEveryCliqueAndOnlySetsThatAreLiveAtOneTime) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = random_instance();
    const CliquePath path(instance);
    const std::vector<Set> sets = sets_at_beginnings(instance);
    for (std::uint32_t c = 0; c < path.cliques(); ++c)
      RC_ASSERT(std::find(sets.begin(), sets.end(), members_of(path, c)) != sets.end());
    for (const Set& set : sets) {
      bool held = false;
      for (std::uint32_t c = 0; c < path.cliques() && !held; ++c) held = includes(members_of(path, c), set);
      RC_ASSERT(held);
    }
  }));
}

TEST(CliquePath, HoldsNoCliqueThatIsPartOfAnotherWhereNothingHasGaps) {
  EXPECT_TRUE(rc::check([] {
    const CliquePath path(random_instance({.gaps = false}));
    for (std::uint32_t a = 0; a < path.cliques(); ++a)
      for (std::uint32_t b = 0; b < path.cliques(); ++b)
        RC_ASSERT(a == b || !includes(members_of(path, b), members_of(path, a)));
  }));
}

TEST(CliquePath, HoldsABufferInAnotherCliqueForEachStretchBetweenItsGaps) {
  Instance instance = make_instance({{0, 9, Bytes(1)}, {2, 3, Bytes(1)}, {4, 5, Bytes(1)}});
  instance.gaps = {{0, 2, 5}};
  const CliquePath path(instance);
  ASSERT_EQ(path.cliques(), 4u);
  ASSERT_EQ(path.ranges(0).size(), 2u);
  EXPECT_TRUE(path.contains(0, 0) && !path.contains(0, 1) && !path.contains(0, 2) && path.contains(0, 3));
  EXPECT_EQ(path.hull(0).first, 0u);
  EXPECT_EQ(path.hull(0).last, 4u);
  EXPECT_EQ(path.width(0), 2u);
  EXPECT_FALSE(path.plain());
}

TEST(CliquePath, AgreesWithItselfAboutWhoIsInWhichClique) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = random_instance();
    const CliquePath path(instance);
    for (std::uint32_t c = 0; c < path.cliques(); ++c) {
      std::uint64_t weight = 0;
      Set starters;
      for (std::uint32_t i = 0; i < path.buffers(); ++i) {
        RC_ASSERT(path.contains(i, c) == members_of(path, c).contains(i));
        if (path.contains(i, c)) weight += path.size(i);
        for (const CliquePath::Range& range : path.ranges(i))
          if (range.first == c) starters.insert(i);
      }
      RC_ASSERT(path.weight(c) == weight);
      RC_ASSERT(Set(path.starters(c).begin(), path.starters(c).end()) == starters);
      RC_ASSERT(std::is_sorted(path.members(c).begin(), path.members(c).end(), [&](std::uint32_t a, std::uint32_t b) {
        return path.hull(a).last - path.hull(a).first < path.hull(b).last - path.hull(b).first;
      }));
    }
  }));
}

TEST(CliquePath, MeasuresBuffersByTheirCliques) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = random_instance();
    const CliquePath path(instance);
    for (std::uint32_t i = 0; i < path.buffers(); ++i) {
      std::uint64_t width = 0, heaviest = 0;
      Set expected, found;
      for (std::uint32_t c = 0; c < path.cliques(); ++c) {
        if (!path.contains(i, c)) continue;
        ++width;
        heaviest = std::max(heaviest, path.weight(c));
        expected.merge(members_of(path, c));
      }
      path.for_neighbours(i, [&](std::uint32_t other) { found.insert(other); });
      RC_ASSERT(path.width(i) == width);
      RC_ASSERT(path.heaviest(i) == heaviest);
      RC_ASSERT(found == expected);
    }
  }));
}

TEST(CliquePath, HoldsTheMaximumLoadInItsHeaviestClique) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = random_instance();
    const CliquePath path(instance);
    RC_ASSERT(path.unit() * path.max_weight() == max_load(instance).bytes);
  }));
}

TEST(CliquePath, KeepsSizesPinsAndAlignmentsInUnits) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = testing::small_instance({.alignments = true, .pins = true});
    const CliquePath path(instance);
    const Bytes unit = path.unit();
    std::vector<std::uint64_t> pins(path.buffers(), CliquePath::free_offset);
    for (const Pin& pin : instance.pins) pins[pin.buffer] = pin.offset / unit;
    for (std::uint32_t i = 0; i < path.buffers(); ++i) {
      const Buffer& b = instance.buffers[i];
      RC_ASSERT(unit * path.size(i) == b.size);
      RC_ASSERT(path.pin(i) == pins[i]);
      // A whole number of units is aligned for the buffer exactly where its number is for the path.
      for (std::uint64_t height = 0; height < 24; ++height)
        RC_ASSERT((unit * height % b.alignment == Bytes(0)) == (height % path.alignment(i) == 0));
      RC_ASSERT(path.alignment_bytes(i) == unit * path.alignment(i));
    }
  }));
}

TEST(CliquePath, TakesTheCommonDivisorOfSizesAndPinsAsUnit) {
  Instance instance =
      make_instance({{0, 2, Bytes(1024)}, {1, 3, Bytes(1536), Bytes(256)}, {0, 9, Bytes(512), Bytes(2048)}});
  EXPECT_EQ(CliquePath(instance).unit(), Bytes(512));
  EXPECT_EQ(CliquePath(instance).alignment(1), 1u);
  EXPECT_EQ(CliquePath(instance).alignment(2), 4u);
  EXPECT_FALSE(CliquePath(instance).plain());
  instance.buffers[2].alignment = Bytes(512);
  EXPECT_TRUE(CliquePath(instance).plain());
  instance.pins = {{1, Bytes(256)}};
  EXPECT_EQ(CliquePath(instance).unit(), Bytes(256));
}

TEST(CliquePath, TakesAnAlignmentIntoTheUnitThatIsNoMultipleOfItNorDividesIt) {
  // 4 brings heights between the multiples of 6, and then 3 no longer divides the unit.
  const Instance instance =
      make_instance({{0, 1, Bytes(6), Bytes(3)}, {0, 1, Bytes(12), Bytes(4)}, {0, 1, Bytes(6), Bytes(1)}});
  EXPECT_EQ(CliquePath(instance).unit(), Bytes(1));
  EXPECT_EQ(CliquePath(make_instance({{0, 1, Bytes(6), Bytes(4)}})).unit(), Bytes(2));
  EXPECT_EQ(CliquePath(make_instance({{0, 1, Bytes(6), Bytes(12)}})).unit(), Bytes(6));
}

TEST(CliquePath, IsEmptyForAnEmptyInstance) {
  const CliquePath path(make_instance({}));
  EXPECT_EQ(path.buffers(), 0u);
  EXPECT_EQ(path.cliques(), 0u);
  EXPECT_EQ(path.max_weight(), 0u);
}

}  // namespace
}  // namespace vramlab
