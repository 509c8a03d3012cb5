#include "traces/iterations.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace vramlab {
namespace {

/// Letters are sizes, all on stream 0.
Repetition found_in(std::string_view letters) {
  std::vector<Bytes> sizes;
  for (const char letter : letters) sizes.emplace_back(static_cast<std::uint64_t>(letter));
  return find_repetition(sizes, std::vector<StreamId>(sizes.size(), StreamId(0)));
}

void expect_found(std::string_view letters, Repetition expected) {
  const Repetition found = found_in(letters);
  EXPECT_EQ(found.begin, expected.begin) << letters;
  EXPECT_EQ(found.length, expected.length) << letters;
  EXPECT_EQ(found.period, expected.period) << letters;
}

TEST(Iterations, AreFoundWhereTheWholeTraceRepeats) {
  expect_found("abcabcabc", {.begin = 0, .length = 9, .period = 3});
  EXPECT_EQ(found_in("abcabcabc").whole_periods(), 3u);
}

TEST(Iterations, AreFoundBehindAWarmUpAndBeforeARest) {
  expect_found("wxyzwabcdabcdabcdabq", {.begin = 5, .length = 14, .period = 4});
}

TEST(Iterations, MayBreakOffInTheirLast) { EXPECT_EQ(found_in("uvabcdabcdabc").whole_periods(), 2u); }

TEST(Iterations, AreNotConfusedWithTheEqualLayersInside) {
  expect_found("xxyyyyyyzqxxyyyyyyzqxxyyyyyyzq", {.begin = 0, .length = 30, .period = 10});
}

TEST(Iterations, NeedTwoFullRepetitions) {
  expect_found("abcdabcd", {.begin = 0, .length = 8, .period = 4});
  expect_found("abcdabc", {});
}

TEST(Iterations, AreNoneWhereEveryStepIsAnother) { expect_found("abcdeabfdeabgdeabhdeabide", {}); }

TEST(Iterations, AreNoneInNothing) {
  expect_found("", {});
  expect_found("a", {});
}

TEST(Iterations, DoNotRepeatOnOtherStreams) {
  const std::vector<Bytes> sizes(4, Bytes(512));
  const std::vector<StreamId> streams{StreamId(0), StreamId(1), StreamId(2), StreamId(3)};
  EXPECT_EQ(find_repetition(sizes, streams).period, 0u);
}

/// The same by trying every period at every place.
Repetition found_by_trying(const std::vector<Bytes>& sizes) {
  Repetition best;
  const std::size_t n = sizes.size();
  for (std::size_t period = 1; 2 * period <= n; ++period) {
    std::size_t agree = 0;
    for (std::size_t end = period; end < n; ++end) {
      agree = sizes[end] == sizes[end - period] ? agree + 1 : 0;
      if (agree >= period && agree + period > best.length) best = {end + 1 - agree - period, agree + period, period};
    }
  }
  return 4 * best.length >= n ? best : Repetition{};
}

void agrees_with_trying(const std::vector<Bytes>& sizes) {
  const Repetition found = find_repetition(sizes, std::vector<StreamId>(sizes.size(), StreamId(0)));
  const Repetition expected = found_by_trying(sizes);
  RC_ASSERT(found.length == expected.length);
  RC_ASSERT(found.period == expected.period);
  for (std::uint64_t i = found.begin; i + found.period < found.begin + found.length; ++i)
    RC_ASSERT(sizes[i] == sizes[i + found.period]);
}

rc::Gen<std::vector<Bytes>> sizes_of(std::uint64_t letters) {
  return rc::gen::container<std::vector<Bytes>>(
      rc::gen::map(rc::gen::inRange<std::uint64_t>(1, letters + 1), [](std::uint64_t size) { return Bytes(size); }));
}

RC_GTEST_PROP(Iterations, AreThoseFoundByTryingEveryPeriod, ()) { agrees_with_trying(*sizes_of(3)); }

RC_GTEST_PROP(Iterations, OfALoopBetweenAnythingAreThoseFoundByTryingEveryPeriod, ()) {
  std::vector<Bytes> sizes = *sizes_of(4);
  const std::vector<Bytes> step = *rc::gen::nonEmpty(sizes_of(4));
  const int steps = *rc::gen::inRange(2, 8);
  for (int i = 0; i < steps; ++i) sizes.insert(sizes.end(), step.begin(), step.end());
  const std::vector<Bytes> rest = *sizes_of(4);
  sizes.insert(sizes.end(), rest.begin(), rest.end());
  agrees_with_trying(sizes);
}

}  // namespace
}  // namespace vramlab
