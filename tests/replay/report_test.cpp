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
  EXPECT_THAT(
      names,
      ElementsAre(
          "trace", "pool", "swap", "device", "machine", "seed", "events", "wall_ns_per_event", "peak_requested_bytes",
          "max_load_bytes", "peak_reserved_bytes", "reserved_over_requested", "segments", "fragmentation", "decisions",
          "recorded_peak_reserved_bytes", "recorded_address_mismatches", "peak_device_bytes", "memory_reduction",
          "simulated_ns", "stall_ns", "overhead", "swapped_out_bytes", "swapped_in_bytes", "verified", "device_calls",
          "device_call_ns", "steady_iterations", "steady_ns", "steady_call_ns", "interval_graph_fragmentation",
          "pool_fragmentation", "device_fragmentation", "weighted_fragmentation", "external_fragmentation",
          "largest_free_block_bytes", "pool_options", "iterations", "predicted_ns", "predicted_iteration_ns",
          "measured_iteration_ns", "iteration_error", "predicted_call_ns", "call_error", "predicted_transfer_ns",
          "measured_transfer_ns", "transfer_error", "predicted_stall_ns", "stall_error", "late_completions", "late_ns",
          "held_completions", "held_ns", "runs", "iteration_spread", "call_spread", "segment_take_calls",
          "predicted_segment_take_ns", "measured_segment_take_ns", "segment_return_calls",
          "predicted_segment_return_ns", "measured_segment_return_ns", "range_reserve_calls",
          "predicted_range_reserve_ns", "measured_range_reserve_ns", "range_release_calls",
          "predicted_range_release_ns", "measured_range_release_ns", "page_create_calls", "predicted_page_create_ns",
          "measured_page_create_ns", "page_destroy_calls", "predicted_page_destroy_ns", "measured_page_destroy_ns",
          "map_calls", "predicted_map_ns", "measured_map_ns", "unmap_calls", "predicted_unmap_ns", "measured_unmap_ns",
          "policy_kind", "swap_options", "swap_operations", "spared_transfers", "swap_host_bytes"));
}

TEST(Report, WritesWhatIsNotApplicableAsNull) {
  const Row row = to_row(Report());
  for (const std::string_view name : {"recorded_peak_reserved_bytes",
                                      "recorded_address_mismatches",
                                      "peak_device_bytes",
                                      "memory_reduction",
                                      "simulated_ns",
                                      "stall_ns",
                                      "overhead",
                                      "swapped_out_bytes",
                                      "swapped_in_bytes",
                                      "verified",
                                      "steady_iterations",
                                      "steady_ns",
                                      "steady_call_ns",
                                      "interval_graph_fragmentation",
                                      "pool_fragmentation",
                                      "device_fragmentation",
                                      "weighted_fragmentation",
                                      "external_fragmentation",
                                      "largest_free_block_bytes",
                                      "pool_options",
                                      "policy_kind",
                                      "swap_options",
                                      "swap_operations",
                                      "spared_transfers",
                                      "swap_host_bytes",
                                      "iterations",
                                      "predicted_ns",
                                      "predicted_iteration_ns",
                                      "measured_iteration_ns",
                                      "iteration_error",
                                      "predicted_call_ns",
                                      "call_error",
                                      "predicted_transfer_ns",
                                      "measured_transfer_ns",
                                      "transfer_error",
                                      "predicted_stall_ns",
                                      "stall_error",
                                      "late_completions",
                                      "late_ns",
                                      "held_completions",
                                      "held_ns",
                                      "runs",
                                      "iteration_spread",
                                      "call_spread",
                                      "map_calls",
                                      "predicted_map_ns",
                                      "measured_map_ns"})
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

TEST(Report, TellsWhatWasPredictedAndMeasuredOfARealDevice) {
  Report report;
  report.fidelity = Fidelity{.predicted = RunTimes{.window = Nanoseconds(220),
                                                   .stall = Nanoseconds(0),
                                                   .calls = Nanoseconds(90),
                                                   .transfers = Nanoseconds(5)},
                             .measured = {.window = Nanoseconds(200),
                                          .stall = Nanoseconds(0),
                                          .calls = Nanoseconds(100),
                                          .transfers = Nanoseconds(0)},
                             .iterations = 2,
                             .pacing = {.late = 3}};
  const Row row = to_row(report);
  EXPECT_EQ(field(row, "predicted_iteration_ns"), FieldValue(std::int64_t{110}));
  EXPECT_EQ(field(row, "measured_iteration_ns"), FieldValue(std::int64_t{100}));
  EXPECT_NEAR(std::get<double>(field(row, "iteration_error")), 0.1, 1e-12);
  EXPECT_NEAR(std::get<double>(field(row, "call_error")), -0.1, 1e-12);
  EXPECT_EQ(field(row, "transfer_error"), FieldValue(nullptr));
  EXPECT_EQ(field(row, "stall_error"), FieldValue(0.0));
  EXPECT_EQ(field(row, "late_completions"), FieldValue(std::uint64_t{3}));
  EXPECT_EQ(field(row, "call_spread"), FieldValue(nullptr)) << "of one run";
  const auto map = static_cast<std::size_t>(CallKind::map);
  report.fidelity->predicted->by_kind[map] = {.calls = 3, .pages = 12, .time = Nanoseconds(60)};
  report.fidelity->measured.by_kind[map] = {.calls = 3, .pages = 12, .time = Nanoseconds(70)};
  EXPECT_EQ(field(to_row(report), "map_calls"), FieldValue(std::uint64_t{3}));
  EXPECT_EQ(field(to_row(report), "predicted_map_ns"), FieldValue(std::int64_t{60}));
  EXPECT_EQ(field(to_row(report), "measured_map_ns"), FieldValue(std::int64_t{70}));
  EXPECT_EQ(field(to_row(report), "measured_unmap_ns"), FieldValue(std::int64_t{0}));
  report.fidelity->predicted.reset();
  EXPECT_EQ(field(to_row(report), "predicted_map_ns"), FieldValue(nullptr));
  EXPECT_EQ(field(to_row(report), "late_completions"), FieldValue(nullptr)) << "nothing paced it";
  EXPECT_EQ(field(to_row(report), "measured_iteration_ns"), FieldValue(std::int64_t{100}));
}

TEST(Report, ListsTheOptionsThatAreNotTheDefaults) {
  static constexpr OptionSpec table[] = {{"a", OptionKind::integer, "1", "for a test"},
                                         {"b", OptionKind::flag, "false", "for a test"},
                                         {"c", OptionKind::text, "x", "for a test"}};
  OptionValues options("test", table);
  EXPECT_EQ(changed_options(options), "");
  options.set("c", "y", "test");
  options.set("a", "5", "test");
  options.set("b", "false", "test");
  EXPECT_EQ(changed_options(options), "a=5,c=y");
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
