#include "engine/replay/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

namespace vramlab {
namespace {

using testing::ElementsAre;

FieldValue field(const Row& row, std::string_view name) {
  for (const Field& f : row)
    if (f.name == name) return f.value;
  ADD_FAILURE() << "no field " << name;
  return nullptr;
}

TEST(Report, HasTheFieldsOfTheContractInOrder) {
  std::vector<std::string> names;
  for (const Field& f : to_row(Report())) names.emplace_back(f.name);
  EXPECT_THAT(names,
              ElementsAre("trace", "pool", "swap", "device", "machine", "seed", "events", "wall_ns_per_event",
                          "peak_requested_bytes", "max_load_bytes", "peak_reserved_bytes", "reserved_over_requested",
                          "segments", "fragmentation", "decisions", "recorded_peak_reserved_bytes",
                          "recorded_address_mismatches", "peak_device_bytes", "memory_reduction", "simulated_ns",
                          "stall_ns", "overhead", "swapped_out_bytes", "swapped_in_bytes", "verified", "device_calls",
                          "device_call_ns", "steady_iterations", "steady_ns", "steady_call_ns",
                          "interval_graph_fragmentation", "pool_fragmentation", "device_fragmentation",
                          "weighted_fragmentation", "external_fragmentation", "largest_free_block_bytes"));
}

TEST(Report, WritesWhatIsNotApplicableAsNull) {
  const Row row = to_row(Report());
  for (const std::string_view name :
       {"recorded_peak_reserved_bytes", "recorded_address_mismatches", "peak_device_bytes", "memory_reduction",
        "simulated_ns", "stall_ns", "overhead", "swapped_out_bytes", "swapped_in_bytes", "verified",
        "steady_iterations", "steady_ns", "steady_call_ns", "interval_graph_fragmentation", "pool_fragmentation",
        "device_fragmentation", "weighted_fragmentation", "external_fragmentation", "largest_free_block_bytes"})
    EXPECT_EQ(field(row, name), FieldValue(nullptr)) << name;
}

TEST(Report, WritesZeroAsZeroWhereItWasFound) {
  Report report;
  report.recorded_address_mismatches = 0;
  report.stall = Nanoseconds(0);
  report.verified = true;
  const Row row = to_row(report);
  EXPECT_EQ(field(row, "recorded_address_mismatches"), FieldValue(std::uint64_t{0}));
  EXPECT_EQ(field(row, "stall_ns"), FieldValue(std::int64_t{0}));
  EXPECT_EQ(field(row, "verified"), FieldValue(true));
}

TEST(Report, AQuotientOfNothingIsNull) {
  Report report;
  report.fragmentation = std::numeric_limits<double>::quiet_NaN();
  report.overhead = std::numeric_limits<double>::infinity();
  EXPECT_EQ(field(to_row(report), "fragmentation"), FieldValue(nullptr));
  EXPECT_EQ(field(to_row(report), "overhead"), FieldValue(nullptr));
}

}  // namespace
}  // namespace vramlab
