// Which absences a planner can choose from.

#include "engine/swap/swap_choices.h"

#include <gtest/gtest.h>

#include "planned_program.h"

namespace vramlab {
namespace {

using testing::make_persistent;
using testing::small_program;

AccessProgram of(std::vector<std::uint32_t> accesses) {
  return small_program({1, 1, 1, 1, 1, 1, 1, 1}, {{100, std::move(accesses)}});
}

TEST(SwapChoices, EveryGapBetweenAccessesIsOne) {
  const SwapChoices found = swap_choices(of({1, 4, 7}), Bytes(1));
  ASSERT_EQ(found.choices.size(), 2u);
  EXPECT_EQ(found.choices[0].from, 2u);
  EXPECT_EQ(found.choices[0].to, 4u);
  EXPECT_EQ(found.choices[1].from, 5u);
  EXPECT_EQ(found.choices[1].to, 7u);
  for (const AbsenceChoice& choice : found.choices) EXPECT_TRUE(choice.returns && !choice.wraps);
}

TEST(SwapChoices, OneCopyServesUntilTheNextWrite) {
  AccessProgram program = of({1, 4, 7});
  SwapChoices found = swap_choices(program, Bytes(1));
  ASSERT_EQ(found.versions.size(), 1u);
  EXPECT_EQ(found.versions[0].copied, 2u);
  program.objects[0].accesses[1].writes = true;
  found = swap_choices(program, Bytes(1));
  ASSERT_EQ(found.versions.size(), 2u);
  EXPECT_EQ(found.versions[1].copied, 5u);
}

TEST(SwapChoices, WhatIsOnlyReadHasACopyFromTheBeginning) {
  AccessProgram program = of({1, 4});
  make_persistent(program, 0);
  for (const ContentVersion& version : swap_choices(program, Bytes(1)).versions) EXPECT_TRUE(version.kept);
  program.objects[0].accesses[0].writes = true;
  for (const ContentVersion& version : swap_choices(program, Bytes(1)).versions) EXPECT_FALSE(version.kept);
}

TEST(SwapChoices, TheLastGapOfAPersistentObjectGoesOnInTheFirst) {
  AccessProgram program = of({2, 4});
  program.objects[0].accesses[1].writes = true;
  make_persistent(program, 0);
  const SwapChoices found = swap_choices(program, Bytes(1));
  ASSERT_EQ(found.choices.size(), 3u);
  const AbsenceChoice& between = found.choices[0];
  const AbsenceChoice& wrapped = found.choices[1];
  const AbsenceChoice& head_alone = found.choices[2];
  EXPECT_FALSE(between.wraps);
  EXPECT_TRUE(wrapped.wraps && wrapped.returns && wrapped.next_time());
  EXPECT_EQ(wrapped.from, 5u);
  EXPECT_EQ(wrapped.head_to, 2u);
  EXPECT_TRUE(wrapped.covers(0) && wrapped.covers(7) && !wrapped.covers(2) && !wrapped.covers(4));
  EXPECT_TRUE(wrapped.in_head(1) && !wrapped.in_head(6));
  EXPECT_EQ(wrapped.instead, 2u);
  EXPECT_EQ(head_alone.instead, 1u);
  EXPECT_EQ(head_alone.to, 2u);
}

TEST(SwapChoices, WhatIsNotUsedAgainNeedNotReturn) {
  AccessProgram program = of({1, 2});
  program.objects[0].death = 6;
  complete(program);
  const SwapChoices found = swap_choices(program, Bytes(1));
  ASSERT_EQ(found.choices.size(), 1u);
  EXPECT_EQ(found.choices[0].from, 3u);
  EXPECT_EQ(found.choices[0].to, 6u);
  EXPECT_FALSE(found.choices[0].returns);
}

TEST(SwapChoices, SmallObjectsStay) { EXPECT_TRUE(swap_choices(of({1, 4}), Bytes(101)).choices.empty()); }

}  // namespace
}  // namespace vramlab
