// The scripts of results/ that need a GPU: what they make of their runs, and where, is tested by python3 without one.

#include "run_python.h"

namespace vramlab {
namespace {

TEST(ResultScripts, TrainingComparesWhatItsRunsTell) {
  SKIP_WITHOUT_PYTHON;
  testing::expect_unit_tests_pass("tests/experiments/training_script_test.py");
}

TEST(ResultScripts, LiveReplayTimesOnOneCore) {
  SKIP_WITHOUT_PYTHON;
  testing::expect_unit_tests_pass("tests/experiments/live_replay_script_test.py");
}

}  // namespace
}  // namespace vramlab
