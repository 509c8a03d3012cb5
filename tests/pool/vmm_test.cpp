// What pool vmm does beyond the conformance suite.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "engine/core/error.h"
#include "pool_harness.h"

namespace vramlab {
namespace {

using testing::PoolHarness;
using testing::Step;

constexpr std::uint64_t mib = std::uint64_t{1} << 20;
using Options = std::vector<std::pair<std::string, std::string>>;

// `count` objects of 4 MiB side by side, and every other one freed.
std::vector<Step> comb(std::uint32_t count) {
  std::vector<Step> steps;
  for (std::uint32_t i = 0; i < count; ++i) steps.push_back({.bytes = 4 * mib});
  for (std::uint32_t i = 0; i < count; i += 2) steps.push_back({.alloc = false, .object = i});
  return steps;
}

std::unique_ptr<PoolHarness> after(const std::vector<Step>& steps, const Options& options = {},
                                   Bytes capacity = unlimited_bytes) {
  auto h = std::make_unique<PoolHarness>("vmm", steps, capacity, options);
  h->run_all();
  h->pool->validate();
  return h;
}

TEST(Vmm, StitchesFreePagesInsteadOfGrowing) {
  auto h = after(comb(20), {{"headroom", "0"}});
  const Bytes held = h->port.reserved();
  h->run({.bytes = 40 * mib});
  h->pool->validate();
  EXPECT_EQ(h->port.reserved(), held);
  EXPECT_EQ(h->pool->stats().stitches, 1u);
  EXPECT_EQ(h->pool->stats().cached, Bytes(0));
}

TEST(Vmm, ServesFromAKeptMappingWithoutACall) {
  auto h = after(comb(20), {{"headroom", "0"}});
  h->run({.bytes = 40 * mib});
  h->run({.alloc = false, .object = 20});
  const std::uint64_t calls = h->device.commands;
  h->run({.bytes = 40 * mib});
  h->run({.alloc = false, .object = 21});
  h->run({.bytes = 37 * mib});  // a shorter one fits over the same pages
  EXPECT_EQ(h->device.commands, calls);
  EXPECT_EQ(h->pool->stats().cache_hits, 2u);
  h->pool->validate();
}

TEST(Vmm, DoesNotServeFromAMappingWhosePagesAreInUse) {
  auto h = after(comb(20), {{"headroom", "0"}});
  h->run({.bytes = 40 * mib});
  h->run({.alloc = false, .object = 20});
  h->run({.bytes = 4 * mib});  // takes one of the holes
  h->run({.bytes = 40 * mib});
  h->log.flush();  // the checker compares the memory behind the addresses
  h->pool->validate();
  EXPECT_EQ(h->pool->stats().cache_hits, 0u);
}

TEST(Vmm, WithoutStitchingItGrows) {
  auto h = after(comb(20), {{"headroom", "0"}, {"stitching", "false"}, {"moving", "false"}});
  h->run({.bytes = 40 * mib});
  EXPECT_GT(h->port.reserved().value, 80 * mib);
  EXPECT_EQ(h->pool->stats().stitches, 0u);
}

TEST(Vmm, GrowsRatherThanStitchesWithinTheHeadroom) {
  auto h = after(comb(20), {{"headroom", "1"}});
  h->run({.bytes = 40 * mib});
  EXPECT_EQ(h->pool->stats().stitches, 0u);
  EXPECT_EQ(h->port.reserved().value, 120 * mib - 4 * mib * 0);
}

// The same object again and again, which needs a mapping each time.
std::uint64_t stitches_of_a_hundred(const std::string& patience) {
  auto h = after(comb(20), {{"headroom", "0.05"}, {"patience", patience}, {"view_cache", "0"}, {"moving", "false"}});
  for (std::uint32_t i = 0; i < 100; ++i) {
    h->run({.bytes = 40 * mib});
    h->run({.alloc = false, .object = 20 + i});
    h->complete_all();
  }
  h->pool->validate();
  return h->pool->stats().stitches;
}

TEST(Vmm, HoldsMoreWhenItMapsAnewAgainAndAgain) {
  EXPECT_EQ(stitches_of_a_hundred("1000000"), 100u);
  EXPECT_LT(stitches_of_a_hundred("1"), 50u);
}

TEST(Vmm, MovesAFewIdlePagesToMakeAHole) {
  // 8 MiB are free in two places; 40 MiB more are asked than there is headroom for.
  std::vector<Step> steps{{.bytes = 4 * mib}, {.bytes = 4 * mib}, {.bytes = 4 * mib}, {.bytes = 4 * mib}};
  steps.push_back({.alloc = false, .object = 0});
  steps.push_back({.alloc = false, .object = 2});
  auto h = after(steps, {{"headroom", "0"}});
  h->run({.bytes = 48 * mib});
  h->pool->validate();
  EXPECT_EQ(h->pool->stats().stitches, 0u);
  EXPECT_LE(h->port.reserved().value, 58 * mib);
  EXPECT_EQ(h->port.counts().unmap_calls, 0u) << "the streams are not done with the old addresses";
  h->complete_all();
  EXPECT_GT(h->port.counts().unmap_calls, 0u);
  h->log.flush();
  h->pool->validate();
}

TEST(Vmm, FillsTheCapacityToTheLastPage) {
  auto h = after(comb(20), {}, 80_MiB);
  h->run({.bytes = 40 * mib});
  EXPECT_EQ(h->port.reserved(), 80_MiB);
  EXPECT_THROW(h->run({.bytes = 1}), OutOfMemory);
  h->pool->validate();
  h->run({.alloc = false, .object = 20});
  h->run({.alloc = false, .object = 1});
  h->pool->validate();
}

TEST(Vmm, KeepsNoMoreMappingsThanItMay) {
  auto h = after(comb(20), {{"headroom", "0"}, {"view_cache", "1"}});
  for (std::uint64_t size : {40, 36, 39, 35}) {
    h->run({.bytes = 4 * mib});  // another hole is missing each time
    h->run({.bytes = (size - 20) * mib});
    const std::uint32_t object = static_cast<std::uint32_t>(h->pool->stats().allocations) - 1;
    h->run({.alloc = false, .object = object});
    h->complete_all();
    h->pool->validate();
  }
  h->log.flush();
  EXPECT_GT(h->port.counts().unmap_calls, 0u);
}

TEST(Vmm, TakesPagesBackThatWereOnTheirWayOut) {
  auto h = after(comb(20), {}, 80_MiB);
  h->pool->empty_cache();
  EXPECT_EQ(h->port.reserved(), 80_MiB) << "the streams are not done";
  h->run({.bytes = 40 * mib});
  h->pool->validate();
  h->complete_all();
  h->log.flush();
  h->pool->validate();
  EXPECT_EQ(h->port.reserved(), 80_MiB);
}

TEST(Vmm, KeepsSmallObjectsOutOfTheWayOfLargeOnes) {
  std::vector<Step> steps;
  for (int i = 0; i < 8; ++i) {
    steps.push_back({.bytes = 4 * mib});
    steps.push_back({.bytes = 4096});
  }
  auto h = after(steps);
  EXPECT_LE(h->port.reserved().value, 34 * mib);
  for (std::uint32_t i = 0; i < 16; i += 2) h->run({.alloc = false, .object = i});
  const std::uint64_t calls = h->device.commands;
  h->run({.bytes = 24 * mib});
  EXPECT_EQ(h->device.commands, calls) << "the large ones left one hole";
}

TEST(Vmm, RefusesAPageSizeThatNoDeviceHas) {
  EXPECT_THROW(PoolHarness("vmm", {}, unlimited_bytes, {{"page_size", "3MiB"}}), ConfigError);
}

// Everything at once: sizes around the page, several streams, completions now and then, a capacity, refusals.
TEST(Vmm, StaysValidWhateverComes) {
  EXPECT_TRUE(rc::check([] {
    const std::vector<Step> none;
    const Options options{{"headroom", *rc::gen::element<std::string>("0", "0.01", "1")},
                          {"view_cache", *rc::gen::element<std::string>("0", "2", "100")},
                          {"move_share", *rc::gen::element<std::string>("0", "1")},
                          {"min_stitch", *rc::gen::element<std::string>("512", "1MiB")},
                          {"small_limit", *rc::gen::element<std::string>("0", "64KiB", "2MiB")},
                          {"stitch_order", *rc::gen::element<std::string>("smallest_run", "largest_run")}};
    PoolHarness h("vmm", none, 64_MiB, options);
    std::vector<std::uint32_t> live;
    std::uint32_t objects = 0;
    for (int i = *rc::gen::inRange(1, 150); i > 0; --i) {
      const int what = *rc::gen::inRange(0, 20);
      if (what < 9) {
        const std::uint64_t bytes = *rc::gen::inRange<std::uint64_t>(1, what < 3 ? 100'000 : 12 * mib);
        if (what == 8) h.device.refused.insert(h.device.commands + *rc::gen::inRange<std::uint64_t>(0, 3));
        try {
          h.run({.bytes = bytes, .stream = *rc::gen::inRange<std::uint16_t>(0, 3)});
          live.push_back(objects);
        } catch (const OutOfMemory&) {
        }
        ++objects;
      } else if (what < 17 && !live.empty()) {
        const auto pick = *rc::gen::inRange<std::size_t>(0, live.size());
        h.run({.alloc = false, .object = live[pick]});
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(pick));
      } else if (what == 17) {
        h.pool->empty_cache();
      } else if (what == 18) {
        h.complete_all();
      }
      h.pool->validate();
    }
    h.log.flush();
    RC_ASSERT(h.port.reserved() <= 64_MiB);
    RC_ASSERT(!::testing::Test::HasFailure());
  }));
}

}  // namespace
}  // namespace vramlab
