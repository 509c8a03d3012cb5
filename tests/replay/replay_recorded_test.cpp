#include <gtest/gtest.h>

#include "first_fit_pool.h"

namespace vramlab {
namespace {

using test::first_fit;
using test::request_for;
using test::TraceBuilder;

/// Follows a recording, and keeps what it was given in the report's figures.
constexpr OptionSpec following_options[] = {{"granule", OptionKind::bytes, "512", "for the test"}};
Bytes seen_granule{};

std::unique_ptr<Pool> make_following(Port& port, const OptionValues& options, const PoolContext&) {
  seen_granule = options.bytes("granule");
  return std::make_unique<test::FirstFitPool>(port, test::Flaw::none);
}

PoolInfo following() {
  return {.name = "following",
          .summary = "",
          .options = following_options,
          .follows = Follows::segments,
          .make = make_following};
}

Trace recorded_trace() {
  Trace trace = TraceBuilder()
                    .segment(SegmentAction::alloc, 0x7f0000000000, 1 << 20)
                    .alloc(1000)
                    .alloc(3000)
                    .segment(SegmentAction::alloc, 0x7e0000000000, 2 << 20)
                    .alloc(2 << 20)
                    .free(2)
                    .segment(SegmentAction::free, 0x7e0000000000, 2 << 20)
                    .build();
  trace.addresses = {Address(0x7f0000000000), Address(0x7f0000000400), Address(0x7e0000000000)};
  trace.settings = {{"granule", "1024"}, {"unheard_of", "7"}};
  return trace;
}

TEST(ReplayOfARecording, AModelOfTheRecordedAllocatorFollowsAddressesAndSettings) {
  const PoolInfo pool = following();
  const Report report = replay(recorded_trace(), request_for(pool));
  EXPECT_EQ(report.recorded_address_mismatches, 0);
  EXPECT_EQ(report.recorded_peak_reserved, 3_MiB);
  EXPECT_EQ(seen_granule, 1024_B);
}

TEST(ReplayOfARecording, AnOptionOfTheUsersWinsOverTheRecordedSetting) {
  const PoolInfo pool = following();
  ReplayRequest request = request_for(pool);
  request.pool_options.set("granule", "2048", "flag");
  replay(recorded_trace(), request);
  EXPECT_EQ(seen_granule, 2048_B);
}

TEST(ReplayOfARecording, CountsEveryAddressThatDiffersFromTheRecordedOne) {
  const PoolInfo pool = following();
  Trace trace = recorded_trace();
  trace.addresses[1] += Address(512);
  EXPECT_EQ(replay(trace, request_for(pool)).recorded_address_mismatches, 1);
}

TEST(ReplayOfARecording, AModelOfAnotherAllocatorThanTheRecordedOneTakesSettingsOnly) {
  PoolInfo pool = following();
  pool.follows = Follows::pages;
  const Report report = replay(recorded_trace(), request_for(pool));
  EXPECT_FALSE(report.recorded_address_mismatches);
  EXPECT_EQ(seen_granule, 1024_B);
}

TEST(ReplayOfARecording, OtherPoolsAreNotComparedWithTheRecordedAddresses) {
  const PoolInfo pool = first_fit();
  const Report report = replay(recorded_trace(), request_for(pool));
  EXPECT_FALSE(report.recorded_address_mismatches);
  EXPECT_EQ(report.recorded_peak_reserved, 3_MiB);
}

}  // namespace
}  // namespace vramlab
