// What `machine probe` says where the GPU asked for is not there; what it measures is tested in tests/sim.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "run_program.h"

namespace vramlab::test {
namespace {

TEST(MachineProbeVerb, SaysInOneLineThatTheGpuIsMissingAndWritesNothing) {
  const ScratchFolder folder;
  const Ran ran = run_program({"machine", "probe", "--gpu", "99", "--out", folder / "probed.yaml"});
  EXPECT_EQ(ran.exit_code, 3);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(MachineProbeVerb, RefusesAnOptionItDoesNotKnow) {
  EXPECT_EQ(run_program({"machine", "probe", "--fast"}).exit_code, 2);
}

}  // namespace
}  // namespace vramlab::test
