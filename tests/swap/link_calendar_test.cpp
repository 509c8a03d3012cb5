// A calendar of one direction of a link, against a search nanosecond by nanosecond.

#include "engine/swap/link_calendar.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

#include "properties.h"

namespace vramlab {
namespace {

using testing::pick;

constexpr std::int64_t horizon = 300;

/// Every nanosecond taken or not.
using Taken = std::array<bool, horizon>;

bool is_free(const Taken& taken, std::int64_t begin, std::int64_t duration) {
  for (std::int64_t time = begin; time < begin + duration; ++time)
    if (time >= 0 && time < horizon && taken[static_cast<std::size_t>(time)]) return false;
  return true;
}

LinkCalendar drawn_calendar(Taken& taken) {
  LinkCalendar calendar;
  taken.fill(false);
  for (int i = pick(0, 15); i > 0; --i) {
    const auto begin = pick<std::int64_t>(0, 280), duration = pick<std::int64_t>(1, 20);
    if (!is_free(taken, begin, duration)) continue;
    calendar.take(Nanoseconds(begin), Nanoseconds(duration));
    for (std::int64_t time = begin; time < begin + duration; ++time) taken[static_cast<std::size_t>(time)] = true;
  }
  return calendar;
}

TEST(LinkCalendar, IsFreeAtFirst) {
  const LinkCalendar calendar;
  EXPECT_EQ(calendar.earliest(7_ns, 100_ns), 7_ns);
  EXPECT_EQ(calendar.latest(7_ns, 107_ns, 100_ns), 7_ns);
  EXPECT_EQ(calendar.latest(8_ns, 107_ns, 100_ns), std::nullopt);
  EXPECT_EQ(calendar.free_from(5_ns), 5_ns);
}

TEST(LinkCalendar, KnowsWhatIsUnderWay) {
  LinkCalendar calendar;
  calendar.take(10_ns, 20_ns);
  EXPECT_EQ(calendar.free_from(9_ns), 9_ns);
  EXPECT_EQ(calendar.free_from(10_ns), 10_ns);  // begins there
  EXPECT_EQ(calendar.free_from(11_ns), 30_ns);
  EXPECT_EQ(calendar.free_from(30_ns), 30_ns);
}

RC_GTEST_PROP(LinkCalendarProperties, EarliestIsTheFirstFreeStretch, ()) {
  Taken taken{};
  const LinkCalendar calendar = drawn_calendar(taken);
  const auto from = pick<std::int64_t>(0, horizon), duration = pick<std::int64_t>(1, 40);
  std::int64_t expected = from;
  while (!is_free(taken, expected, duration)) ++expected;
  RC_ASSERT(calendar.earliest(Nanoseconds(from), Nanoseconds(duration)) == Nanoseconds(expected));
}

RC_GTEST_PROP(LinkCalendarProperties, LatestIsTheLastFreeStretch, ()) {
  Taken taken{};
  const LinkCalendar calendar = drawn_calendar(taken);
  const auto from = pick<std::int64_t>(0, horizon), until = pick<std::int64_t>(0, horizon);
  const auto duration = pick<std::int64_t>(1, 40);
  std::optional<Nanoseconds> expected;
  for (std::int64_t begin = from; begin + duration <= until; ++begin)
    if (is_free(taken, begin, duration)) expected = Nanoseconds(begin);
  RC_ASSERT(calendar.latest(Nanoseconds(from), Nanoseconds(until), Nanoseconds(duration)) == expected);
}

// What begins from then on, and nothing else; where something is free is found as in a calendar filled like that.
RC_GTEST_PROP(LinkCalendarProperties, PuttingOffMovesWhatBeginsLater, ()) {
  Taken taken{};
  LinkCalendar calendar = drawn_calendar(taken);
  const std::vector<LinkCalendar::Busy> before = calendar.busy();
  const Nanoseconds from(pick<std::int64_t>(0, horizon)), time(pick<std::int64_t>(0, 50));
  calendar.put_off(from, time);
  LinkCalendar expected;
  for (const LinkCalendar::Busy& busy : before)
    expected.take(busy.begin + (busy.begin >= from ? time : Nanoseconds(0)), busy.end - busy.begin);
  RC_ASSERT(calendar.busy().size() == expected.busy().size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    RC_ASSERT(calendar.busy()[i].begin == expected.busy()[i].begin);
    RC_ASSERT(calendar.busy()[i].end == expected.busy()[i].end);
  }
  const Nanoseconds asked(pick<std::int64_t>(0, horizon)), duration(pick<std::int64_t>(1, 30));
  RC_ASSERT(calendar.earliest(asked, duration) == expected.earliest(asked, duration));
  RC_ASSERT(calendar.latest(Nanoseconds(0), asked, duration) == expected.latest(Nanoseconds(0), asked, duration));
}

// Where nothing takes less than 7 ns, stretches of less are as good as taken.
RC_GTEST_PROP(LinkCalendarProperties, WhatIsShorterThanEverythingIsPassedOver, ()) {
  LinkCalendar all, some;
  some.clear(7_ns);
  for (int n = pick(0, 12); n > 0; --n) {
    const Nanoseconds duration(pick<std::int64_t>(7, 30));
    const Nanoseconds begin = all.earliest(Nanoseconds(pick<std::int64_t>(0, horizon)), duration);
    RC_ASSERT(some.earliest(begin, duration) == begin);
    all.take(begin, duration);
    some.take(begin, duration);
  }
  const Nanoseconds asked(pick<std::int64_t>(0, horizon)), duration(pick<std::int64_t>(7, 30));
  RC_ASSERT(all.earliest(asked, duration) == some.earliest(asked, duration));
  RC_ASSERT(all.latest(Nanoseconds(0), asked, duration) == some.latest(Nanoseconds(0), asked, duration));
}

}  // namespace
}  // namespace vramlab
