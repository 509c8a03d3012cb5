#include "engine/replay/fragmentation.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/core/error.h"
#include "engine/core/registry.h"
#include "first_fit_pool.h"

namespace vramlab {
namespace {

using test::first_fit;
using test::request_for;
using test::TraceBuilder;

constexpr std::uint64_t page = 4096;

/// Decisions by hand, and what is held after them.
class Script {
 public:
  Script& segment(std::uint32_t id, std::uint64_t bytes, Tier tier = Tier::device) {
    return say({.kind = DecisionKind::segment_take, .tier = tier, .segment = id, .bytes = bytes});
  }
  Script& range(std::uint32_t id, std::uint64_t pages) {
    return say({.kind = DecisionKind::range_reserve, .segment = id, .bytes = pages * page});
  }
  Script& pages(std::uint32_t first, std::uint64_t count) {
    return say({.kind = DecisionKind::pages_create, .object = first, .offset = page, .bytes = count * page});
  }
  Script& map(std::uint32_t range, std::uint64_t at, std::uint32_t first, std::uint64_t count,
              DecisionKind kind = DecisionKind::map) {
    return say({.kind = kind, .object = first, .segment = range, .offset = at * page, .bytes = count * page});
  }
  Script& place(std::uint32_t object, std::uint32_t segment, std::uint64_t offset, std::uint64_t bytes) {
    return say({.kind = DecisionKind::place, .object = object, .segment = segment, .offset = offset, .bytes = bytes});
  }
  Script& release(std::uint32_t object) { return say({.kind = DecisionKind::release, .object = object}); }
  Script& say(Decision d) {
    meter_.on_decisions({&d, 1});
    return *this;
  }
  HeldMemory held(std::uint64_t request = 0) const { return meter_.held(Bytes(request)); }

 private:
  HeldMemoryMeter meter_;
};

TEST(HeldMemory, TellsHolesBetweenObjectsFromFreeSpaceAroundThem) {
  Script script;
  // Free at [0, 100), [200, 250) and [450, 1000); live at [100, 200), [250, 350) and [350, 450).
  script.segment(0, 1000).place(0, 0, 100, 100).place(1, 0, 250, 100).place(2, 0, 350, 100);
  const HeldMemory held = script.held(100);
  EXPECT_EQ(held.held, Bytes(1000));
  EXPECT_EQ(held.live, Bytes(300));
  EXPECT_EQ(held.between, Bytes(50));
  EXPECT_EQ(held.largest_free, Bytes(550));
  EXPECT_EQ(held.unusable, Bytes(50));
}

TEST(HeldMemory, FreeBlocksGrowTogetherWhenWhatLaysBetweenGoes) {
  Script script;
  script.segment(0, 1000).place(0, 0, 100, 100).place(1, 0, 300, 100).place(2, 0, 900, 100).release(1);
  EXPECT_EQ(script.held().between, Bytes(700));
  EXPECT_EQ(script.held().largest_free, Bytes(700));
}

TEST(HeldMemory, NothingReachesFromOneSegmentIntoTheNext) {
  Script script;
  script.segment(0, 1000).segment(1, 1000).place(0, 0, 0, 400).place(1, 1, 600, 400);
  EXPECT_EQ(script.held().between, Bytes(0));
  EXPECT_EQ(script.held().largest_free, Bytes(600));
  EXPECT_EQ(script.held(601).unusable, Bytes(1200));
}

TEST(HeldMemory, CountsTheDeviceOnly) {
  Script script;
  script.segment(0, 1000).segment(1, 5000, Tier::host).place(0, 0, 0, 400).place(1, 1, 0, 4000);
  EXPECT_EQ(script.held().held, Bytes(1000));
  EXPECT_EQ(script.held().live, Bytes(400));
}

TEST(HeldMemory, ForgetsReturnedSegments) {
  Script script;
  script.segment(0, 1000).segment(1, 500).say({.kind = DecisionKind::segment_return, .segment = 0, .bytes = 1000});
  EXPECT_EQ(script.held().held, Bytes(500));
  EXPECT_EQ(script.held().largest_free, Bytes(500));
}

TEST(HeldMemory, ABlockOfARangeEndsWhereNoPageIsMapped) {
  Script script;
  // Pages at 0, 1 and 3 of the range, live in the first half of page 0 and the last quarter of page 3.
  script.range(0, 8).pages(0, 3).map(0, 0, 0, 2).map(0, 3, 2, 1);
  script.place(0, 0, 0, page / 2).place(1, 0, 3 * page + page / 4 * 3, page / 4);
  const HeldMemory held = script.held();
  EXPECT_EQ(held.held, Bytes(3 * page));
  EXPECT_EQ(held.live, Bytes(page / 4 * 3));
  EXPECT_EQ(held.between, Bytes(page / 4 * 9));
  EXPECT_EQ(held.largest_free, Bytes(page / 2 * 3));
}

TEST(HeldMemory, CountsAPageOnceHoweverOftenItIsMapped) {
  Script script;
  // Pages 0 and 1 lie in both ranges; the object in range 1 lives on page 1, so that is not free in range 0 either.
  script.range(0, 4).range(1, 4).pages(0, 2).map(0, 0, 0, 2).map(1, 0, 0, 2, DecisionKind::alias);
  script.place(0, 1, page, page);
  const HeldMemory held = script.held();
  EXPECT_EQ(held.held, Bytes(2 * page));
  EXPECT_EQ(held.live, Bytes(page));
  EXPECT_EQ(held.largest_free, Bytes(page));
}

TEST(HeldMemory, PagesThatAreMappedNowhereAreBlocksByThemselves) {
  Script script;
  script.pages(0, 3);
  EXPECT_EQ(script.held().held, Bytes(3 * page));
  EXPECT_EQ(script.held(page + 1).unusable, Bytes(3 * page));
  EXPECT_EQ(script.held().largest_free, Bytes(page));
}

TEST(HeldMemory, RefusesDecisionsThatCannotBe) {
  EXPECT_THROW(Script().segment(0, 100).segment(0, 100), InvariantError);
}

/// Both moments alike.
FragmentationBasis basis_of(const HeldMemory& held, std::optional<Bytes> memory, std::uint64_t request) {
  return {.at_peak_requested = held, .at_peak_reserved = held, .memory = memory, .request = Bytes(request)};
}

TEST(Fragmentation, IsTheFormulasOfTheHeader) {
  const HeldMemory requested{.held = Bytes(900), .live = Bytes(600), .between = Bytes(200), .largest_free = Bytes(200)};
  const HeldMemory reserved{.held = Bytes(1000),
                            .live = Bytes(300),
                            .between = Bytes(100),
                            .largest_free = Bytes(500),
                            .unusable = Bytes(200)};
  const Fragmentation told = fragmentation_of(
      {.at_peak_requested = requested, .at_peak_reserved = reserved, .memory = Bytes(2000), .request = Bytes(400)});
  EXPECT_DOUBLE_EQ(told.interval_graph, 0.25);
  EXPECT_DOUBLE_EQ(told.pool, 0.7);
  EXPECT_DOUBLE_EQ(told.device.value(), 200.0 / 1700);
  EXPECT_DOUBLE_EQ(told.weighted.value(), 0.4 * 0.25 + 0.3 * 0.7 + 0.3 * (200.0 / 1700));
  EXPECT_DOUBLE_EQ(told.external, 1 - 500.0 / 700);
  EXPECT_EQ(told.largest_free, Bytes(500));
}

TEST(Fragmentation, WhatTheDeviceHasLeftIsUnusableWhereItIsSmallerThanTheRequest) {
  const HeldMemory held{.held = Bytes(1000), .live = Bytes(600), .largest_free = Bytes(400)};
  EXPECT_DOUBLE_EQ(fragmentation_of(basis_of(held, Bytes(1100), 100)).device.value(), 0);
  EXPECT_DOUBLE_EQ(fragmentation_of(basis_of(held, Bytes(1100), 101)).device.value(), 0.2);
}

TEST(Fragmentation, HasNoDevicePartAndNoSumWhereTheDeviceIsNotKnown) {
  const Fragmentation told = fragmentation_of(basis_of({.held = Bytes(10), .live = Bytes(5)}, std::nullopt, 1));
  EXPECT_EQ(told.device, std::nullopt);
  EXPECT_EQ(told.weighted, std::nullopt);
}

TEST(Fragmentation, OfAFullPoolOnAFullDeviceIsNothing) {
  const Fragmentation told = fragmentation_of(basis_of({.held = Bytes(10), .live = Bytes(10)}, Bytes(10), 5));
  EXPECT_EQ(told.weighted, 0.0);
  EXPECT_EQ(told.external, 0.0);
}

TEST(Fragmentation, TakesOtherWeights) {
  const HeldMemory held{.held = Bytes(1000), .live = Bytes(300), .between = Bytes(100)};
  const Fragmentation told =
      fragmentation_of(basis_of(held, Bytes(1000), 1), {.interval_graph = 1, .pool = 0, .device = 0});
  EXPECT_DOUBLE_EQ(told.weighted.value(), told.interval_graph);
}

// Segments of 1 MiB, sizes in quarters of that.
TEST(ReplayFragmentation, IsMeasuredAtPeakRequestedAndAtPeakReserved) {
  const PoolInfo pool = first_fit();
  ReplayRequest request = request_for(pool);
  request.device_memory = 4_MiB;
  constexpr std::uint64_t quarter = 1 << 18;
  TraceBuilder trace;
  trace.alloc(quarter).alloc(quarter * 2).alloc(quarter);  // the first segment is full
  trace.request(1).free(1).alloc(quarter * 3);             // the second: peak reserved, 5 of 8 live, holes of 2 and 1
  trace.alloc(quarter);                                    // peak requested: 6 live, a hole of 1 between
  trace.request(0).free(0).request(2).free(2);
  const Fragmentation parts = replay(trace.build(), request).parts.value();
  EXPECT_DOUBLE_EQ(parts.interval_graph, 1.0 / 7);
  EXPECT_DOUBLE_EQ(parts.pool, 3.0 / 8);
  EXPECT_EQ(parts.largest_free, Bytes(quarter * 2));
  EXPECT_DOUBLE_EQ(parts.external, 1.0 / 3);
  EXPECT_DOUBLE_EQ(parts.device.value(), 3.0 / 11);  // both holes are too small for 3; 8 are unreserved
}

TEST(ReplayFragmentation, MeasuresAPeakRequestedThatComesBeforeThePeakReserved) {
  const PoolInfo pool = first_fit();
  constexpr std::uint64_t quarter = 1 << 18;
  TraceBuilder trace;
  trace.alloc(quarter).alloc(quarter).alloc(quarter).alloc(quarter);   // full
  trace.request(0).free(0).request(2).free(2).alloc(quarter * 3 / 2);  // apart, so a second segment is needed
  const Fragmentation parts = replay(trace.build(), request_for(pool)).parts.value();
  EXPECT_DOUBLE_EQ(parts.interval_graph, 0.0);
  EXPECT_DOUBLE_EQ(parts.pool, 1 - 3.5 / 8);
}

TEST(ReplayFragmentation, CountsAgainstTheConfiguredCapacity) {
  const PoolInfo pool = first_fit();
  ReplayRequest request = request_for(pool);
  request.capacity = 2_MiB;
  const Trace trace = TraceBuilder().alloc(3 << 18).alloc(3 << 18).build();
  EXPECT_DOUBLE_EQ(replay(trace, request).parts->device.value(), 1.0);
  request.capacity = unlimited_bytes;
  request.device_memory = Bytes(0);
  EXPECT_EQ(replay(trace, request).parts->device, std::nullopt);
}

TEST(ReplayFragmentation, IsNullWhereNothingWasReserved) {
  const PoolInfo pool = first_fit();
  const Report report = replay(TraceBuilder().iteration(0).build(), request_for(pool));
  EXPECT_FALSE(report.parts.has_value());
}

TEST(ReplayFragmentation, IsTheSameWhetherTheRunIsWatchedOrTimedOrBoth) {
  const PoolInfo pool = first_fit();
  ReplayRequest request = request_for(pool);
  const Trace trace = TraceBuilder().alloc(3 << 18).alloc(1 << 18).request(0).free(0).alloc(1 << 20).build();
  const Fragmentation once = replay(trace, request).parts.value();
  request.verify = true;
  request.min_seconds = 0.01;
  const Fragmentation again = replay(trace, request).parts.value();
  EXPECT_EQ(once.weighted, again.weighted);
  EXPECT_EQ(once.largest_free, again.largest_free);
}

RC_GTEST_PROP(ReplayFragmentation, LiesBetweenNoneAndAllAndFollowsFromItsParts, ()) {
  TraceBuilder builder;
  std::vector<std::uint32_t> live;
  std::uint32_t objects = 0;
  for (int events = *rc::gen::inRange(1, 60); events > 0; --events) {
    if (live.empty() || *rc::gen::inRange(0, 3) > 0) {
      builder.alloc(*rc::gen::inRange<std::uint64_t>(1, 1 << 20));
      live.push_back(objects++);
    } else {
      const auto which = *rc::gen::inRange<std::size_t>(0, live.size());
      builder.request(live[which]).free(live[which]);
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
    }
  }
  const PoolInfo& pool = find_row(pools(), "pool", *rc::gen::element("pytorch", "cuda-malloc", "segment-block"));
  ReplayRequest request = request_for(pool);
  request.pool_options = OptionValues(pool.name, pool.options);
  const Report report = replay(builder.build(), request);
  const Fragmentation& parts = report.parts.value();
  for (const double part : {parts.interval_graph, parts.pool, *parts.device, *parts.weighted, parts.external}) {
    RC_ASSERT(part >= 0);
    RC_ASSERT(part <= 1);
  }
  RC_ASSERT(parts.pool <= report.fragmentation);  // which counts the pool's rounding too
}

}  // namespace
}  // namespace vramlab
