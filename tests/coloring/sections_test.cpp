#include "engine/coloring/sections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <algorithm>

#include "engine/coloring/interval_graph.h"
#include "engine/coloring/solver.h"
#include "lifetimes.h"

namespace vramlab {
namespace {

using lifetimes::make;
using lifetimes::random_instance;
using lifetimes::random_instance_with_gaps;
using ::testing::ElementsAre;

TEST(Sections, AreCutWhereNoLifetimeCrosses) {
  const Instance instance = make({{10, 12, Bytes(1)}, {0, 5, Bytes(1)}, {4, 10, Bytes(1)}});
  const std::vector<Section> all = sections(instance);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].lower, 0u);
  EXPECT_EQ(all[0].upper, 10u);
  EXPECT_THAT(all[0].buffers, ElementsAre(1, 2));
  EXPECT_EQ(all[1].lower, 10u);
  EXPECT_EQ(all[1].upper, 12u);
  EXPECT_THAT(all[1].buffers, ElementsAre(0));
}

// It returns to its offset, so what is placed before its gap binds what is placed after.
TEST(Sections, AreNotCutInsideAGapThoughTheGraphFallsApart) {
  const Instance instance = make({{0, 9, Bytes(1)}, {3, 5, Bytes(1)}}, {{0, 2, 6}});
  EXPECT_EQ(sections(instance).size(), 1u);
  EXPECT_THAT(IntervalGraph(instance).components(), ElementsAre(0, 1));
}

TEST(Sections, OfNothingAreNone) { EXPECT_TRUE(sections(make({})).empty()); }

RC_GTEST_PROP(Sections, WithoutGapsAreTheComponentsOfTheIntervalGraph, ()) {
  const Instance instance = random_instance();
  const std::vector<std::uint32_t> component = IntervalGraph(instance).components();
  std::size_t components = 0;
  for (const std::uint32_t c : component) components = std::max<std::size_t>(components, c + 1);
  const std::vector<Section> all = sections(instance);
  RC_ASSERT(all.size() == components);
  for (const Section& section : all)
    for (const std::uint32_t i : section.buffers) RC_ASSERT(component[i] == component[section.buffers.front()]);
}

RC_GTEST_PROP(Sections, HoldEveryBufferOnceAndTheirLoadsMakeTheMaximum, ()) {
  const Instance instance = random_instance_with_gaps();
  std::vector<std::uint32_t> seen;
  Bytes most{};
  for (const Section& section : sections(instance)) {
    seen.insert(seen.end(), section.buffers.begin(), section.buffers.end());
    const Instance part = restrict_to(instance, section.buffers);
    check_instance(part);
    most = std::max(most, max_load(part).bytes);
    for (const std::uint32_t i : section.buffers) {
      RC_ASSERT(section.lower <= instance.buffers[i].lower);
      RC_ASSERT(instance.buffers[i].upper <= section.upper);
    }
  }
  std::sort(seen.begin(), seen.end());
  RC_ASSERT(seen.size() == instance.buffers.size());
  RC_ASSERT(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
  RC_ASSERT(most == max_load(instance).bytes);
}

TEST(RestrictTo, KeepsWhatIsSaidOfTheBuffersUnderTheirNewNumbers) {
  Instance instance =
      make({{0, 9, Bytes(8)}, {0, 9, Bytes(16), Bytes(4)}, {0, 9, Bytes(24)}}, {{0, 1, 2}, {2, 3, 4}, {2, 5, 6}});
  instance.names = {"a", "b", "c"};
  instance.pins = {{1, Bytes(64)}};
  instance.priorities = {5, 6, 7};
  const Instance part = restrict_to(instance, std::vector<std::uint32_t>{2, 1});
  check_instance(part);
  EXPECT_THAT(part.names, ElementsAre("c", "b"));
  EXPECT_EQ(part.buffers[1].alignment, Bytes(4));
  ASSERT_EQ(part.gaps.size(), 2u);
  EXPECT_EQ(part.gaps[1].buffer, 0u);
  EXPECT_EQ(part.gaps[1].lower, 5u);
  ASSERT_EQ(part.pins.size(), 1u);
  EXPECT_EQ(part.pins[0].buffer, 1u);
  EXPECT_EQ(part.pins[0].offset, Bytes(64));
  EXPECT_THAT(part.priorities, ElementsAre(7, 6));
}

TEST(RestrictTo, NamesBuffersWithoutNamesByTheirNumbersInTheWhole) {
  const Instance part = restrict_to(make({{0, 1, Bytes(1)}, {0, 1, Bytes(1)}}), std::vector<std::uint32_t>{1});
  EXPECT_THAT(part.names, ElementsAre("1"));
}

}  // namespace
}  // namespace vramlab
