// The recorders of traces/recorders, as far as they go without PyTorch and a GPU: their own tests, run by python3, and
// what they write, read back.

#include <gmock/gmock.h>

#include <algorithm>

#include "files.h"
#include "run_python.h"
#include "traces/operator_trace.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

using ::testing::ElementsAre;
using testing::in_tree;
using testing::RanPython;
using testing::run_python;

TEST(Recorders, TheirPartsDoWhatTheySay) {
  SKIP_WITHOUT_PYTHON;
  testing::expect_unit_tests_pass("tests/traces/recorders_test.py");
}

TEST(Recorders, ARecordingIsMadeFromItsStartToItsFile) {
  SKIP_WITHOUT_PYTHON;
  testing::expect_unit_tests_pass("tests/traces/recorder_run_test.py");
}

TEST(Recorders, WhatTheyWriteIsRead) {
  SKIP_WITHOUT_PYTHON;
  const test::TemporaryFolder folder;
  const std::string path = folder.path("trace.csv");
  const RanPython ran = run_python(in_tree("tests/traces/recorders_test.py") + " --write-trace '" + path + "'");
  ASSERT_EQ(ran.exit_code, 0) << ran.output;
  const Trace trace = read_traces(path).at(0);
  using enum EventKind;
  EXPECT_THAT(trace.kinds, ElementsAre(iteration, alloc, iteration, alloc, alloc, free_completed, op, free_completed,
                                       op, op, free_completed));
  EXPECT_THAT(trace.sizes, ElementsAre(Bytes(64), Bytes(512), Bytes(128)));
  EXPECT_THAT(trace.operators.gpu_time, ElementsAre(Nanoseconds(1500), Nanoseconds(250), Nanoseconds(2000)));
  EXPECT_THAT(trace.operators.reads.values, ElementsAre(0, 2));
  EXPECT_THAT(trace.operators.writes.values, ElementsAre(2, 2));
}

TEST(Recorders, WithoutPyTorchTheRecorderSaysSoInOneLine) {
  SKIP_WITHOUT_PYTHON;
  const std::string recorder = in_tree("traces/recorders/record_operators.py") + " --out x.csv";
  EXPECT_EQ(run_python(recorder).exit_code, 2);
  if (run_python("-c 'import torch'").exit_code == 0) GTEST_SKIP() << "PyTorch is installed here";
  const RanPython ran = run_python(recorder + " -- " + in_tree("tests/traces/recorders_test.py"));
  EXPECT_EQ(ran.exit_code, 3);
  EXPECT_THAT(ran.output, ::testing::StartsWith("record_operators: PyTorch cannot be imported"));
  EXPECT_EQ(std::count(ran.output.begin(), ran.output.end(), '\n'), 1);
}

}  // namespace
}  // namespace vramlab
