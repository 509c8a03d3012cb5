// What every pool must do. A new row of the registry is tested here without a line being added.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "engine/core/error.h"
#include "pool_harness.h"

namespace vramlab {
namespace {

using testing::PoolHarness;
using testing::Step;

// A pool with its options; one of several rows where options change what it is.
struct PoolRow {
  std::string pool;
  std::vector<std::pair<std::string, std::string>> options;
};
void PrintTo(const PoolRow& row, std::ostream* out) {
  *out << row.pool;
  for (const auto& [name, text] : row.options) *out << ' ' << name << '=' << text;
}

class RowHarness : public PoolHarness {
 public:
  RowHarness(const PoolRow& row, const std::vector<Step>& steps, Bytes capacity = unlimited_bytes)
      : PoolHarness(row.pool, steps, capacity, row.options) {}
};

class EveryPool : public ::testing::TestWithParam<PoolRow> {};

std::vector<PoolRow> pool_rows() {
  std::vector<PoolRow> rows;
  for (const PoolInfo& info : pools()) rows.push_back({std::string(info.name), {}});
  rows.push_back({"offline", {{"layout", "stitched"}}});
  return rows;
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryPool, ::testing::ValuesIn(pool_rows()), [](const auto& row) {
  std::string name = row.param.pool;
  for (const auto& [option, text] : row.param.options) name += "_" + text;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

// Random sequences that free only what is live; sizes from bytes to tens of MiB.
std::vector<Step> random_steps(std::uint16_t streams) {
  const int count = *rc::gen::inRange(1, 120);
  std::vector<Step> steps;
  std::vector<std::uint32_t> live;
  std::uint32_t objects = 0;
  for (int i = 0; i < count; ++i) {
    if (!live.empty() && *rc::gen::inRange(0, 5) < 2) {
      const auto pick = static_cast<std::size_t>(*rc::gen::inRange<int>(0, static_cast<int>(live.size())));
      steps.push_back({.alloc = false, .object = live[pick]});
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(pick));
      continue;
    }
    const auto magnitude = *rc::gen::inRange(0, 26);
    const auto bytes = *rc::gen::inRange<std::uint64_t>(1, (std::uint64_t{2} << magnitude) + 1);
    steps.push_back({.alloc = true, .bytes = bytes, .stream = *rc::gen::inRange<std::uint16_t>(0, streams)});
    live.push_back(objects++);
  }
  return steps;
}

void run_and_validate(const PoolRow& row, const std::vector<Step>& steps) {
  RowHarness h(row, steps);
  std::uint64_t requested = 0;
  std::vector<std::uint64_t> sizes;
  for (const Step& step : steps) {
    h.run(step);
    h.pool->validate();
    if (step.alloc) sizes.push_back(step.bytes);
    requested = step.alloc ? requested + step.bytes : requested - sizes[step.object];
    RC_ASSERT(h.pool->stats().allocated.value >= requested);
    RC_ASSERT(h.port.reserved() >= h.pool->stats().allocated);
  }
  h.log.flush();
  const PoolStats stats = h.pool->stats();
  RC_ASSERT(stats.allocations == h.checker.places);
  RC_ASSERT(stats.frees == h.checker.releases);
  RC_ASSERT(stats.allocated + stats.cached == h.port.reserved());
  RC_ASSERT(h.checker.live.size() == stats.allocations - stats.frees);
  RC_ASSERT(!::testing::Test::HasFailure());
}

TEST_P(EveryPool, StaysValidUnderRandomSequences) {
  EXPECT_TRUE(rc::check([&] { run_and_validate(GetParam(), random_steps(1)); }));
}

TEST_P(EveryPool, WaitsBeforeItReusesAnotherStreamsMemory) {
  EXPECT_TRUE(rc::check([&] { run_and_validate(GetParam(), random_steps(3)); }));
}

TEST_P(EveryPool, AlignsTo512Bytes) {
  const std::vector<Step> steps{{.bytes = 1}, {.bytes = 513}, {.bytes = 3'000'001}, {.bytes = 700}};
  RowHarness h(GetParam(), steps);
  h.run_all();
  for (std::uint32_t i = 0; i < 4; ++i) EXPECT_EQ(h.pool->address_of(BlockId(i)).value % 512, 0u);
}

TEST_P(EveryPool, RefusesSizesThatCannotBe) {
  RowHarness h(GetParam(), {{.bytes = 4096}});
  EXPECT_THROW(h.pool->allocate({BlockId(0), ObjectId(0), Bytes(0), StreamId(0)}), PoolError);
  EXPECT_THROW(h.pool->allocate({BlockId(0), ObjectId(0), max_object_bytes, StreamId(0)}), PoolError);
  h.pool->validate();
  h.run_all();
  EXPECT_EQ(h.checker.places, 1u);
}

TEST_P(EveryPool, RefusesToFreeTwiceAndGoesOn) {
  RowHarness h(GetParam(), {{.bytes = 4096}, {.alloc = false, .object = 0}, {.bytes = 8192}});
  h.run({.bytes = 4096});
  h.run({.alloc = false, .object = 0});
  EXPECT_THROW(h.pool->release(BlockId(0)), PoolError);
  EXPECT_THROW(h.pool->release(BlockId(77)), PoolError);
  h.pool->validate();
  h.run({.bytes = 8192});
  EXPECT_EQ(h.pool->stats().frees, 1u);
}

TEST_P(EveryPool, RefusesASlotThatIsLive) {
  RowHarness h(GetParam(), {{.bytes = 4096}, {.bytes = 4096}});
  h.run({.bytes = 4096});
  EXPECT_THROW(h.pool->allocate({BlockId(0), ObjectId(1), Bytes(4096), StreamId(0)}), PoolError);
  h.pool->validate();
  EXPECT_EQ(h.pool->stats().allocations, 1u);
}

TEST_P(EveryPool, KeepsWithinTheCapacityAndServesAgainAfterAFree) {
  const std::uint64_t half = (48_MiB).value;
  const std::vector<Step> steps{{.bytes = half}, {.bytes = half}, {.alloc = false, .object = 0}, {.bytes = half}};
  RowHarness h(GetParam(), steps, 64_MiB);
  if (find_row(pools(), "pool", GetParam().pool)
          .needs_instance) {  // a planned pool knows at once that the plan does not fit
    EXPECT_THROW(h.run(steps[0]), OutOfMemory);
    return;
  }
  h.run(steps[0]);
  EXPECT_THROW(h.run(steps[1]), OutOfMemory);
  h.pool->validate();
  EXPECT_EQ(h.pool->stats().allocations, 1u);
  h.run(steps[2]);
  h.run(steps[3]);
  h.pool->validate();
  EXPECT_LE(h.port.peak_reserved(), 64_MiB);
}

// `count` requests of 20 MiB for the slots from `first` on.
std::vector<AllocRequest> batch_for(PoolHarness& h, std::uint32_t first, std::uint32_t count) {
  std::vector<AllocRequest> batch;
  for (std::uint32_t i = first; i < first + count; ++i) {
    h.port.bind(BlockId(i), ObjectId(i));
    batch.push_back({BlockId(i), ObjectId(i), 20_MiB, StreamId(0)});
  }
  return batch;
}

TEST_P(EveryPool, ServesABatchWhollyOrNotAtAll) {
  const std::vector<Step> steps(5, Step{.bytes = (20_MiB).value});
  RowHarness h(GetParam(), steps, 80_MiB);
  h.pool->allocate_batch({});
  EXPECT_THROW(h.pool->allocate_batch(batch_for(h, 0, 5)), OutOfMemory);
  h.pool->validate();
  h.log.flush();
  EXPECT_TRUE(h.checker.live.empty());
  EXPECT_EQ(h.pool->stats().allocated, Bytes(0));
  if (find_row(pools(), "pool", GetParam().pool).needs_instance)
    return;  // the plan of five does not fit for two either
  h.pool->allocate_batch(batch_for(h, 0, 2));
  h.pool->validate();
  h.log.flush();
  EXPECT_EQ(h.checker.live.size(), 2u);
  for (std::uint32_t i = 0; i < 2; ++i) h.pool->release(BlockId(i));
  h.pool->validate();
}

TEST_P(EveryPool, SurvivesARefusalOfAnyOneCommand) {
  EXPECT_TRUE(rc::check([&] {
    const std::vector<Step> steps = random_steps(2);
    RowHarness h(GetParam(), steps);
    h.device.refused.insert(*rc::gen::inRange<std::uint64_t>(0, 12));
    std::vector<bool> served;
    for (const Step& step : steps) {
      if (!step.alloc && !served[step.object]) continue;
      try {
        h.run(step);
        if (step.alloc) served.push_back(true);
      } catch (const OutOfMemory&) {
        served.push_back(false);
      }
      h.pool->validate();
    }
    h.log.flush();
    RC_ASSERT(!::testing::Test::HasFailure());
  }));
}

TEST_P(EveryPool, GivesAllMemoryBackWhenNothingIsLive) {
  const std::vector<Step> steps{{.bytes = 4096},
                                {.bytes = 30'000'000},
                                {.bytes = 5'000'000},
                                {.alloc = false, .object = 1},
                                {.alloc = false, .object = 0},
                                {.alloc = false, .object = 2}};
  RowHarness h(GetParam(), steps);
  h.run_all();
  h.pool->empty_cache();
  h.pool->validate();
  h.complete_all();  // pages go once the streams are done with them
  h.pool->validate();
  EXPECT_EQ(h.port.reserved(), Bytes(0));
}

TEST_P(EveryPool, DecidesTheSameTwice) {
  EXPECT_TRUE(rc::check([&] {
    const std::vector<Step> steps = random_steps(2);
    std::vector<std::uint64_t> first;
    for (int run = 0; run < 2; ++run) {
      RowHarness h(GetParam(), steps);
      h.run_all();
      std::vector<std::uint64_t> places;
      for (const auto& [object, live] : h.checker.live)
        places.insert(places.end(), {object, live.segment, live.begin, live.end});
      if (run == 0) first = places;
      RC_ASSERT(places == first);
    }
  }));
}

}  // namespace
}  // namespace vramlab
