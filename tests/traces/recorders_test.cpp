// The recorders of traces/recorders, as far as they go without PyTorch and a GPU: their own tests, run by python3, and
// what they write, read back.

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>

#include "files.h"
#include "traces/operator_trace.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

using ::testing::ElementsAre;

/// Exit code and output of `python3 WORDS`; 127 where there is no python3.
struct Ran {
  int exit_code;
  std::string output;
};
Ran python(const std::string& words, const test::TemporaryFolder& folder) {
  const std::string output = folder.path("output.txt");
  const int status = std::system(("PYTHONDONTWRITEBYTECODE=1 python3 " + words + " > '" + output + "' 2>&1").c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, test::content_of(output)};
}

const std::string script = "'" VRAMLAB_SOURCE_DIR "/tests/traces/recorders_test.py'";

#define SKIP_WITHOUT_PYTHON(folder) \
  if (python("-c ''", folder).exit_code != 0) GTEST_SKIP() << "there is no python3 here"

TEST(Recorders, TheirOwnTestsPass) {
  const test::TemporaryFolder folder;
  SKIP_WITHOUT_PYTHON(folder);
  const Ran ran = python(script, folder);
  EXPECT_EQ(ran.exit_code, 0) << ran.output;
  EXPECT_THAT(ran.output, ::testing::HasSubstr("\nOK\n"));
}

TEST(Recorders, WhatTheyWriteIsRead) {
  const test::TemporaryFolder folder;
  SKIP_WITHOUT_PYTHON(folder);
  const std::string path = folder.path("trace.csv");
  const Ran ran = python(script + " --write-trace '" + path + "'", folder);
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
  const test::TemporaryFolder folder;
  SKIP_WITHOUT_PYTHON(folder);
  const std::string recorder = "'" VRAMLAB_SOURCE_DIR "/traces/recorders/record_operators.py'";
  EXPECT_EQ(python(recorder + " --out x.csv", folder).exit_code, 2);
  if (python("-c 'import torch'", folder).exit_code == 0) GTEST_SKIP() << "PyTorch is installed here";
  const Ran ran = python(recorder + " --out x.csv -- " + script, folder);
  EXPECT_EQ(ran.exit_code, 3);
  EXPECT_THAT(ran.output, ::testing::StartsWith("record_operators: PyTorch cannot be imported"));
  EXPECT_EQ(std::count(ran.output.begin(), ran.output.end(), '\n'), 1);
}

}  // namespace
}  // namespace vramlab
