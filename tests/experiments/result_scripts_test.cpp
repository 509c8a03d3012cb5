// The comparison of real training: what it makes of its runs is tested by python3, without a GPU.

#include "run_python.h"

namespace vramlab {
namespace {

TEST(TrainingScript, ComparesWhatItsRunsTell) {
  SKIP_WITHOUT_PYTHON;
  testing::expect_unit_tests_pass("tests/experiments/training_script_test.py");
}

}  // namespace
}  // namespace vramlab
