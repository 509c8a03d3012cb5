// Periods: found on line whatever came before, and planned so that they can be repeated for ever.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

#include "engine/pool/period_detector.h"
#include "engine/pool/period_plan.h"
#include "properties.h"

namespace vramlab {
namespace {

using testing::pick;

std::uint64_t key_of(std::uint64_t granules, std::uint16_t stream = 0) {
  return request_key(Bytes(granules * 512), StreamId(stream));
}

// Few sizes, so that a period is full of smaller repetitions; streams now and then.
std::vector<std::uint64_t> random_keys(std::uint64_t count, std::uint64_t sizes) {
  std::vector<std::uint64_t> keys;
  for (std::uint64_t i = 0; i < count; ++i)
    keys.push_back(key_of(1 + pick<std::uint64_t>(0, sizes), static_cast<std::uint16_t>(pick(0, 10) == 0)));
  return keys;
}

struct Found {
  std::uint64_t period = 0;
  std::uint64_t after = 0;  // requests of the loop
};

// Warm-up, then `loop` again and again until a period is found, `limit` requests at most. Each object lives for one
// request.
Found search(PeriodDetector& detector, const std::vector<std::uint64_t>& warm_up,
             const std::vector<std::uint64_t>& loop, std::uint64_t limit) {
  for (const std::uint64_t key : warm_up) detector.freed(detector.add(key, Bytes(0)));
  for (std::uint64_t i = 0; i < limit; ++i) {
    detector.freed(detector.add(loop[i % loop.size()], Bytes(0)));
    if (detector.period() > 0) return {detector.period(), i + 1};
  }
  return {};
}

TEST(PeriodDetector, FindsAnyPeriodAfterAnyWarmUp) {
  EXPECT_TRUE(testing::holds_for(300, [] {
    PeriodDetector detector({});
    const auto warm_up = random_keys(pick<std::uint64_t>(0, 1000), 4);
    const auto loop = random_keys(pick<std::uint64_t>(5, 400), 4);
    const std::uint64_t quarter = (warm_up.size() + 4 * loop.size() + 400) / 4;
    const Found found = search(detector, warm_up, loop, 4 * loop.size() + std::max<std::uint64_t>(quarter, 64));
    RC_ASSERT(found.period > 0u);
    RC_ASSERT(loop.size() % found.period == 0u);
    const std::vector<PeriodRequest> requests = detector.requests();
    RC_ASSERT(requests.size() == found.period);
    for (std::uint64_t i = 0; i < found.period; ++i)
      RC_ASSERT((requests[i] == PeriodRequest{loop[(found.after + i) % loop.size()], 1}));
  }));
}

TEST(PeriodDetector, FindsAPeriodTheMomentItHasComeTwice) {
  PeriodDetector detector({});
  std::vector<std::uint64_t> loop;
  for (std::uint64_t i = 0; i < 100; ++i) loop.push_back(key_of(i + 1));
  EXPECT_EQ(search(detector, {}, loop, 1000).after, 200u);
}

TEST(PeriodDetector, WaitsForAsManyRepeatsAsAsked) {
  PeriodDetector detector({.repeats = 5});
  std::vector<std::uint64_t> loop;
  for (std::uint64_t i = 0; i < 100; ++i) loop.push_back(key_of(i + 1));
  EXPECT_EQ(search(detector, {}, loop, 1000).after, 500u);
}

TEST(PeriodDetector, TakesShapesInTurnForOnePeriod) {
  PeriodDetector detector({});
  std::vector<std::uint64_t> loop;
  for (std::uint64_t i = 0; i < 60; ++i) loop.push_back(key_of(i % 12 + 1));  // A
  for (std::uint64_t i = 0; i < 40; ++i) loop.push_back(key_of(i % 9 + 20));  // B
  EXPECT_EQ(search(detector, {key_of(99)}, loop, 400).period, 100u);
}

TEST(PeriodDetector, FindsNothingLongerThanItMayRemember) {
  std::vector<std::uint64_t> loop;
  for (std::uint64_t i = 0; i < 2000; ++i) loop.push_back(key_of(i + 1));
  PeriodDetector small({.max_period = 1000}), large({.max_period = 2000});
  EXPECT_EQ(search(small, {}, loop, 20'000).period, 0u);
  std::vector<std::uint64_t> warm_up;
  for (std::uint64_t i = 0; i < 50'000; ++i) warm_up.push_back(key_of(i * i % 10'007 + 1));
  EXPECT_EQ(search(large, warm_up, loop, 20'000).period, 2000u);
}

TEST(PeriodDetector, FindsNothingWhereEverMoreIsLive) {
  PeriodDetector detector({});
  for (std::uint64_t i = 0; i < 2000; ++i) {
    detector.add(key_of(i % 10 + 1), Bytes(i * 512));
    ASSERT_EQ(detector.period(), 0u);
  }
}

TEST(PeriodDetector, DoesNotTakeAShortLoopWithinAnIterationForIt) {
  std::vector<std::uint64_t> loop;
  for (std::uint64_t i = 0; i < 300; ++i) loop.push_back(key_of(i + 1));
  for (std::uint64_t i = 0; i < 60; ++i) loop.push_back(key_of(1000 + i % 3));
  PeriodDetector detector({});
  EXPECT_EQ(search(detector, {}, loop, 2000).period, 360u);
}

TEST(PeriodDetector, ForgetsAtARestart) {
  PeriodDetector detector({});
  const std::vector<std::uint64_t> loop = {key_of(1), key_of(2), key_of(3), key_of(4), key_of(5)};
  EXPECT_GT(search(detector, {}, loop, 200).period, 0u);
  detector.restart();
  detector.freed(1);  // from before: passed over
  EXPECT_EQ(search(detector, {}, loop, PeriodDetector::shortest_stretch - 1).period, 0u);
  EXPECT_EQ(search(detector, {}, loop, 100).period, 5u);
}

TEST(PeriodDetector, KeepsTheLongerOfTwoLifetimes) {
  PeriodDetector detector({});
  // Of each four, the first is freed before the third in even periods and before the fourth in odd ones; the second
  // lives for a whole period, the third for longer, the fourth ends at once.
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t i = 0; i < 80; ++i) {
    const bool odd = i / 4 % 2 == 1;
    if (i % 4 == (odd ? 3u : 2u)) detector.freed(numbers[i / 4 * 4]);
    if (i % 4 == 1 && i > 4) detector.freed(numbers[i - 4]);
    if (i % 4 == 3 && i > 8) detector.freed(numbers[i - 5]);
    numbers.push_back(detector.add(key_of(i % 4 + 1), Bytes(0)));
    if (i % 4 == 3) detector.freed(numbers[i]);
  }
  ASSERT_EQ(detector.period(), 4u);
  EXPECT_EQ(detector.requests(),
            (std::vector<PeriodRequest>{{key_of(1), 3}, {key_of(2), 4}, {key_of(3), 0}, {key_of(4), 1}}));
}

// --- Plans -----------------------------------------------------------------------------------------------------------

std::vector<PeriodRequest> random_period() {
  std::vector<PeriodRequest> period(pick<std::size_t>(1, 60));
  for (PeriodRequest& request : period)
    request = {key_of(pick<std::uint64_t>(1, 100)), pick<std::uint64_t>(0, period.size() + 1)};
  return period;
}

// Repeats the plan, every object gone when its life is over; no two may meet.
void repeat(const PeriodPlan& plan, const std::vector<std::uint64_t>& lives, std::uint64_t periods) {
  struct Live {
    std::uint64_t begin, end, until;
  };
  std::vector<Live> live;
  for (std::uint64_t t = 0; t < periods * plan.size(); ++t) {
    std::erase_if(live, [&](const Live& l) { return l.until <= t; });
    const auto position = static_cast<std::uint32_t>(t % plan.size());
    const std::uint64_t begin = plan.offset(position);
    if (begin == PeriodPlan::unplanned) continue;
    const Live next{begin, begin + key_bytes(plan.key(position)).value, t + lives[position]};
    RC_ASSERT(next.end <= plan.peak().value);
    for (const Live& l : live) RC_ASSERT(l.end <= next.begin || next.end <= l.begin);
    live.push_back(next);
  }
}

std::vector<std::uint64_t> lives_of(const PeriodPlan& plan, const std::vector<PeriodRequest>& period,
                                    Crossing crossing) {
  std::vector<std::uint64_t> lives;
  for (std::uint32_t i = 0; i < plan.size(); ++i) {
    const PeriodRequest& request = period[(plan.start() + i) % plan.size()];
    RC_ASSERT(plan.key(i) == request.key);
    lives.push_back(crossing == Crossing::cut ? std::min<std::uint64_t>(request.life, plan.size() - i) : request.life);
  }
  return lives;
}

TEST(PeriodPlan, CanBeRepeatedForEver) {
  EXPECT_TRUE(testing::holds_for(200, [] {
    const auto period = random_period();
    const auto crossing = *rc::gen::element(Crossing::automatic, Crossing::left_out, Crossing::planned, Crossing::cut);
    const PeriodPlan plan(period, {.solver = "best-fit", .crossing = crossing});
    const auto lives = lives_of(plan, period, crossing);
    repeat(plan, lives, 4);
    for (std::uint32_t i = 0; i < plan.size(); ++i) {
      const bool planned = plan.offset(i) != PeriodPlan::unplanned;
      const bool crosses = i + lives[i] > plan.size();
      RC_ASSERT(!planned || lives[i] > 0u);
      if (crossing == Crossing::planned || crossing == Crossing::cut) RC_ASSERT(planned == (lives[i] > 0));
      if (crossing == Crossing::left_out) RC_ASSERT(planned == (lives[i] > 0 && !crosses));
      const auto ended = plan.ended(static_cast<std::uint32_t>((i + lives[i]) % plan.size()));
      RC_ASSERT(std::count(ended.begin(), ended.end(), i) == (planned ? 1 : 0));
    }
  }));
}

TEST(PeriodPlan, OpensWhereTheFewestBytesLiveAcross) {
  // The second lives from the third-last request of a period to the first of the next.
  std::vector<PeriodRequest> period(10, PeriodRequest{key_of(8), 1});
  period[7] = {key_of(100), 5};
  const PeriodPlan plan(period, {});
  EXPECT_EQ(plan.start(), 2u);
  EXPECT_EQ(plan.planned(), 10u);
  EXPECT_EQ(plan.peak(), Bytes(108 * 512));
}

TEST(PeriodPlan, LeavesOutWhatLivesAcrossUnlessItIsMost) {
  std::vector<PeriodRequest> period(10, PeriodRequest{key_of(50), 5});
  EXPECT_EQ(PeriodPlan(period, {}).planned(), 10u);
  for (std::size_t i = 0; i < 10; ++i) period[i].life = std::min<std::uint64_t>(5, 10 - i);
  period[1] = {key_of(1), 10};
  const PeriodPlan plan(period, {});
  EXPECT_EQ(plan.start(), 0u);
  EXPECT_EQ(plan.planned(), 9u);
  EXPECT_EQ(plan.offset(1), PeriodPlan::unplanned);
}

TEST(PlanIndex, TellsThePlaceAfterAWindowThatIsFoundOnceOnly) {
  const auto plan_of = [](std::uint64_t first) {
    std::vector<PeriodRequest> period;
    for (std::uint64_t i = 0; i < 40; ++i) period.push_back({key_of(i < 20 ? i + 1 : first + i), 1});
    return PeriodPlan(period, {.crossing = Crossing::cut});
  };
  const std::vector<PeriodPlan> plans{plan_of(100), plan_of(200)};
  PlanIndex index;
  index.rebuild(plans);
  for (std::uint32_t p = 0; p < 2; ++p)
    for (std::uint32_t next = 0; next < 40; ++next) {
      std::uint64_t hash = 0;
      for (std::uint32_t i = 0; i < 16; ++i) hash = extend_hash(hash, plans[p].key((next + 24 + i) % 40));
      const PlanIndex::Place place = index.find(hash);
      const bool in_both = next >= 16 && next <= 20;
      ASSERT_EQ(place.valid(), !in_both) << next;
      ASSERT_TRUE(in_both || (place.plan == p && place.next == next));
    }
  EXPECT_FALSE(index.find(12345).valid());
}

}  // namespace
}  // namespace vramlab
