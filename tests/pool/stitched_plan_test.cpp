// Plans over pages that are mapped once, at several addresses.

#include "engine/pool/stitched_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "engine/coloring/solver.h"
#include "engine/core/error.h"
#include "pool_harness.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

using testing::PoolHarness;
using testing::Step;

constexpr std::uint64_t page = StitchedPlan::page.value;

std::uint64_t pages_of_load(const Instance& instance) { return (max_load(instance).bytes.value + page - 1) / page; }

Instance random_instance(std::uint64_t smallest, std::uint64_t last_position) {
  Instance instance;
  instance.name = "random";
  const int count = *rc::gen::inRange(1, 100);
  for (int i = 0; i < count; ++i) {
    const auto lower = *rc::gen::inRange<std::uint64_t>(0, last_position);
    const auto upper = *rc::gen::inRange<std::uint64_t>(lower + 1, last_position + 1);
    const auto magnitude = *rc::gen::inRange(0, 16);
    const auto size = *rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << magnitude);
    instance.buffers.push_back({lower, upper, Bytes(smallest + 512 * (size + 1)), Bytes(512)});
  }
  return instance;
}

bool same(const StitchedPlan& a, const StitchedPlan& b) {
  const auto same_place = [](const StitchedPlace& x, const StitchedPlace& y) {
    return x.view == y.view && x.offset == y.offset;
  };
  return a.pages == b.pages && a.views == b.views &&
         std::equal(a.places.begin(), a.places.end(), b.places.begin(), b.places.end(), same_place);
}

TEST(StitchedPlan, PutsNoTwoLiveObjectsIntoOneByteAndIsDeterministic) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = random_instance(0, *rc::gen::inRange<std::uint64_t>(1, 120));
    const StitchedPlan plan = plan_stitched(instance);
    RC_ASSERT(check_stitched(instance, plan) == "");
    RC_ASSERT(plan.pages >= pages_of_load(instance));
    RC_ASSERT(same(plan, plan_stitched(instance)));
  }));
}

// Objects that all meet follow each other without a gap: only the last page can be filled in part.
TEST(StitchedPlan, NeedsNoMorePagesThanTheLoadWhereAllLargeObjectsMeet) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = random_instance(page, 1);
    RC_ASSERT(plan_stitched(instance).pages <= pages_of_load(instance) + 1);
  }));
}

TEST(StitchedPlan, StaysNearTheLoadOfRandomInstances) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = random_instance(0, *rc::gen::inRange<std::uint64_t>(1, 120));
    const std::uint64_t load = pages_of_load(instance);
    RC_ASSERT(plan_stitched(instance).pages <= load + load / 8 + 3);
  }));
}

// The hole of five pages and that of three lie apart.
Instance instance_with_holes() {
  Instance instance;
  const auto add = [&](std::uint64_t lower, std::uint64_t upper, std::uint64_t pages) {
    instance.buffers.push_back({lower, upper, Bytes(pages * page), Bytes(512)});
  };
  add(0, 4, 5);
  add(1, 9, 2);
  add(2, 5, 3);
  add(3, 9, 2);
  add(6, 9, 8);
  return instance;
}

TEST(StitchedPlan, LaysAnObjectOverHolesThatLieApart) {
  const Instance instance = instance_with_holes();
  const StitchedPlan plan = plan_stitched(instance);
  EXPECT_EQ(plan.pages, 12u);
  EXPECT_EQ(plan.views.size(), 1u);
  EXPECT_NE(plan.places[4].view, no_stitched_view);
  EXPECT_EQ(check_stitched(instance, plan), "");
}

TEST(StitchedPlan, IsCheckedByOneThatFindsEveryDamage) {
  const Instance instance = instance_with_holes();
  const StitchedPlan plan = plan_stitched(instance);
  StitchedPlan bad = plan;
  bad.places[1] = bad.places[0];
  EXPECT_THAT(check_stitched(instance, bad), ::testing::HasSubstr("same physical bytes"));
  bad = plan;
  bad.places[4].offset += 512;
  EXPECT_THAT(check_stitched(instance, bad), ::testing::HasSubstr("beyond its view"));
  bad = plan;
  bad.places[0].offset += 1;
  EXPECT_THAT(check_stitched(instance, bad), ::testing::HasSubstr("misaligned"));
  bad = plan;
  bad.views[0][0].first = bad.pages;
  EXPECT_THAT(check_stitched(instance, bad), ::testing::HasSubstr("beyond the last"));
  bad = plan;
  bad.places[4].view = 7;
  EXPECT_THAT(check_stitched(instance, bad), ::testing::HasSubstr("does not exist"));
  bad = plan;
  bad.places.pop_back();
  EXPECT_THAT(check_stitched(instance, bad), ::testing::HasSubstr("another instance"));
}

TEST(StitchedPlan, RefusesWhatItCannotKeep) {
  Instance instance = instance_with_holes();
  instance.buffers[2].alignment = Bytes(4096);
  EXPECT_THROW(plan_stitched(instance), ConfigError);
  instance = instance_with_holes();
  instance.pins.push_back({0, Bytes(0)});
  EXPECT_THROW(plan_stitched(instance), ConfigError);
}

TEST(StitchedPlan, NeedsAtMostAPageOrTwoBeyondTheLoadOfRecordings) {
  struct Golden {
    const char* file;
    std::uint64_t above;  // pages
  };
  for (const Golden& golden : {Golden{"alexnet-train-b256.ops.csv.xz", 1}, Golden{"unet-train-var.ops.csv.xz", 1},
                               Golden{"resnet50-train-b64.ops.csv.xz", 2}}) {
    const std::string path = std::string(VRAMLAB_SOURCE_DIR) + "/traces/bundled/" + golden.file;
    const Instance instance = to_instance(read_traces(path).front());
    const StitchedPlan plan = plan_stitched(instance);
    EXPECT_EQ(check_stitched(instance, plan), "") << golden.file;
    EXPECT_LE(plan.pages, pages_of_load(instance) + golden.above) << golden.file;
  }
}

// --- The pool --------------------------------------------------------------------------------------------------------

const std::vector<std::pair<std::string, std::string>> stitched{{"layout", "stitched"}};

std::vector<Step> steps_with_holes() {
  return {{.bytes = 5 * page},           {.bytes = 2 * page},           {.bytes = 3 * page}, {.bytes = 2 * page},
          {.alloc = false, .object = 0}, {.alloc = false, .object = 2}, {.bytes = 8 * page}};
}

TEST(OfflineStitched, MapsAllBeforeTheFirstObjectAndNothingAfter) {
  const std::vector<Step> steps = steps_with_holes();
  PoolHarness h("offline", steps, unlimited_bytes, stitched);
  h.run(steps[0]);
  const std::uint64_t maps = h.port.counts().map_calls;
  EXPECT_GE(maps, 3u);  // home, and a view of two runs
  EXPECT_EQ(h.port.reserved(), Bytes(12 * page));
  for (std::size_t i = 1; i < steps.size(); ++i) h.run(steps[i]);
  EXPECT_EQ(h.port.counts().map_calls, maps);
  EXPECT_EQ(h.port.counts().unmap_calls, 0u);
  EXPECT_EQ(h.port.peak_reserved(), Bytes(12 * page));
}

TEST(OfflineStitched, UnmapsOnlyAfterTheStreamsAreDoneAndServesAgainBefore) {
  const std::vector<Step> steps{{.bytes = page}, {.alloc = false, .object = 0}, {.bytes = page}};
  PoolHarness h("offline", steps, unlimited_bytes, stitched);
  h.run(steps[0]);
  h.run(steps[1]);
  h.pool->empty_cache();
  EXPECT_EQ(h.port.reserved(), Bytes(page));
  h.run(steps[2]);  // came before the streams were done: the memory stays
  h.complete_all();
  EXPECT_EQ(h.port.reserved(), Bytes(page));
  h.pool->release(BlockId(1));
  h.pool->empty_cache();
  h.complete_all();
  EXPECT_EQ(h.port.reserved(), Bytes(0));
}

TEST(OfflineStitched, TellsHowManyPagesItWantsAndHowManyMayBe) {
  PoolHarness h("offline", steps_with_holes(), Bytes(11 * page), stitched);
  try {
    h.run({.bytes = 5 * page});
    FAIL() << "twelve pages do not fit in eleven";
  } catch (const OutOfMemory& e) {
    EXPECT_THAT(e.what(), ::testing::HasSubstr("12 pages of 2.00 MiB"));
    EXPECT_THAT(e.what(), ::testing::HasSubstr("22.00 MiB"));
  }
  EXPECT_EQ(h.port.reserved(), Bytes(0));
}

TEST(OfflineStitched, IsTakenByBestOnlyWhereTheContiguousPlanIsWorse) {
  const std::vector<std::pair<std::string, std::string>> best{{"layout", "best"}};
  PoolHarness holes("offline", steps_with_holes(), unlimited_bytes, best);
  holes.run(steps_with_holes()[0]);
  EXPECT_EQ(holes.port.reserved(), Bytes(12 * page));
  PoolHarness plain("offline", {{.bytes = 4096}}, unlimited_bytes, best);
  plain.run({.bytes = 4096});
  EXPECT_EQ(plain.port.reserved(), Bytes(4096));
}

}  // namespace
}  // namespace vramlab
