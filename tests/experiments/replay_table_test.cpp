#include "experiments/replay_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vramlab {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ReplayOutcome outcome(const std::string& pool) {
  ReplayOutcome outcome;
  outcome.report.trace = "net.csv";
  outcome.report.pool = pool;
  outcome.report.device = "cuda";
  outcome.report.pool_options = "slack=0";
  return outcome;
}

Fidelity fidelity() {
  return {.predicted = RunTimes{.window = Nanoseconds(4'000'000),
                                .stall = Nanoseconds(0),
                                .calls = Nanoseconds(900'000),
                                .transfers = Nanoseconds(0)},
          .measured = {.window = Nanoseconds(5'000'000),
                       .stall = Nanoseconds(0),
                       .calls = Nanoseconds(1'000'000),
                       .transfers = Nanoseconds(0)},
          .iterations = 2,
          .pacing = {.late = 7, .held = 11}};
}

TEST(ReplayTable, ShowsPredictionsBesideMeasurementsOfARealDeviceOnly) {
  ReplayOutcome simulated = outcome("vmm"), real = outcome("tiered");
  EXPECT_THAT(replay_table({simulated}, false), Not(HasSubstr("predicted")));
  real.report.fidelity = fidelity();
  const std::string table = replay_table({simulated, real}, false);
  EXPECT_THAT(table, HasSubstr("2.000 / 2.500  -20.0%"));  // iteration
  EXPECT_THAT(table, HasSubstr("0.900 / 1.000  -10.0%"));  // calls
  EXPECT_THAT(table, HasSubstr("0.000 / 0.000   +0.0%"));  // transfers, stall
  EXPECT_THAT(table, HasSubstr("7 / 11"));
}

TEST(ReplayTable, ShowsEachKindOfCallThatWasMade) {
  ReplayOutcome real = outcome("tiered");
  real.report.fidelity = fidelity();
  const auto map = static_cast<std::size_t>(CallKind::map);
  real.report.fidelity->predicted->by_kind[map] = {.calls = 3, .pages = 12, .time = Nanoseconds(600'000)};
  real.report.fidelity->measured.by_kind[map] = {.calls = 3, .pages = 12, .time = Nanoseconds(800'000)};
  const std::string table = replay_table({real}, false);
  EXPECT_THAT(table, HasSubstr("0.600 / 0.800  -25.0%"));
  EXPECT_THAT(table, HasSubstr(" map "));
  EXPECT_THAT(table, Not(HasSubstr("unmap")));
}

TEST(ReplayTable, LeavesOutWhatNobodyPredicted) {
  ReplayOutcome real = outcome("tiered");
  real.report.fidelity = fidelity();
  real.report.fidelity->predicted.reset();
  EXPECT_THAT(replay_table({real}, false), HasSubstr("- / 1.000       -"));
  real.failed = true;
  EXPECT_THAT(replay_table({real}, false), Not(HasSubstr("predicted")));
}

TEST(ReplayTable, ARunThatFailedKeepsItsOptions) {
  ReplayOutcome failed = outcome("tiered");
  failed.failed = true;
  for (const Field& field : outcome_row(failed)) {
    if (field.name == "pool_options") {
      EXPECT_EQ(field.value, FieldValue(std::string("slack=0")));
    } else if (field.name == "events") {
      EXPECT_EQ(field.value, FieldValue(nullptr));
    }
  }
}

}  // namespace
}  // namespace vramlab
