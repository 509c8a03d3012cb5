#include "engine/device/input_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/core/error.h"

namespace vramlab {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

const std::string header = "vramlab-inputs 1\n";

std::string error_of(const std::string& text) {
  try {
    parse_input_log(text, "x.log");
  } catch (const TraceError& e) {
    return e.what();
  }
  return "no error";
}

class InputLogFile : public ::testing::Test {
 protected:
  InputLogFile() { fs::create_directory(folder_); }
  ~InputLogFile() override { fs::remove_all(folder_); }
  const fs::path folder_ = fs::temp_directory_path() / ("vramlab_input_log_" + std::to_string(::getpid()));
};

InputLog random_log() {
  InputLog log;
  std::uint64_t position = 0, failed = 0;
  const int count = *rc::gen::inRange(0, 30);
  for (int i = 0; i < count; ++i) {
    const auto kind = static_cast<InputKind>(*rc::gen::inRange(0, 5));
    Input input{kind, position += *rc::gen::inRange<std::uint64_t>(0, 1000), 0, 0};
    if (kind == InputKind::failed) input.subject = failed += *rc::gen::inRange<std::uint64_t>(1, 1'000'000);
    if (kind == InputKind::completed || kind == InputKind::measured)
      input.subject = *rc::gen::inRange<std::uint64_t>(0, 0xFFFFFFFF);
    if (kind == InputKind::measured || kind == InputKind::pressure)
      input.value = *rc::gen::inRange<std::int64_t>(0, std::numeric_limits<std::int64_t>::max());
    log.inputs.push_back(input);
  }
  return log;
}

TEST_F(InputLogFile, IsReadAsItWasWritten) {
  const std::string path = (folder_ / "run.log").string();
  EXPECT_TRUE(rc::check("write, then read", [&] {
    const InputLog log = random_log();
    write_input_log(log, path);
    RC_ASSERT(read_input_log(path).inputs == log.inputs);
  }));
}

TEST_F(InputLogFile, ReplacesAnOlderOneAndLeavesNothingElseBehind) {
  const std::string path = (folder_ / "run.log").string();
  write_input_log({{{InputKind::tick, 1, 0, 0}}}, path);
  write_input_log({}, path);
  EXPECT_TRUE(read_input_log(path).inputs.empty());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

TEST_F(InputLogFile, ThatCannotBeWrittenIsAnErrorAndLeavesNothingBehind) {
  EXPECT_THROW(write_input_log({}, (folder_ / "no" / "run.log").string()), Error);
  fs::create_directory(folder_ / "taken");
  EXPECT_THROW(write_input_log({}, (folder_ / "taken").string()), Error);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

TEST_F(InputLogFile, ThatIsMissingIsAnError) {
  EXPECT_THROW(read_input_log((folder_ / "absent").string()), TraceError);
}

TEST(InputLog, HasOneRecordALine) {
  const InputLog log = parse_input_log(header + "completed,3,7,0\nfailed,3,12,0\nmeasured,9,7,1500\ntick,9,0,0\n", "x");
  ASSERT_EQ(log.inputs.size(), 4u);
  EXPECT_EQ(log.inputs[1], (Input{InputKind::failed, 3, 12, 0}));
  EXPECT_EQ(log.inputs[2], (Input{InputKind::measured, 9, 7, 1500}));
}

TEST(InputLog, ErrorsNameTheLine) {
  EXPECT_THAT(error_of("something else\n"), AllOf(HasSubstr("x.log:1"), HasSubstr("not an input log")));
  EXPECT_THAT(error_of(""), HasSubstr("x.log:1"));
  EXPECT_THAT(error_of(header + "tick,1,0,0\ntick,1,0"), AllOf(HasSubstr("x.log:3"), HasSubstr("truncated")));
  EXPECT_THAT(error_of(header + "tock,1,0,0\n"), AllOf(HasSubstr("x.log:2"), HasSubstr("unknown kind 'tock'")));
  EXPECT_THAT(error_of(header + "tick,1,0\n"), HasSubstr("3 fields instead of 4"));
  EXPECT_THAT(error_of(header + "tick,1,0,0,5\n"), HasSubstr("is not a whole number"));
  EXPECT_THAT(error_of(header + "tick,-1,0,0\n"), HasSubstr("position '-1'"));
  EXPECT_THAT(error_of(header + "tick,5,0,0\ntick,4,0,0\n"), HasSubstr("position 4 comes after position 5"));
  EXPECT_THAT(error_of(header + "failed,1,3,0\nfailed,1,3,0\n"), HasSubstr("command 3 comes after command 3"));
  EXPECT_THAT(error_of(header + "completed,1,4294967295,0\n"), HasSubstr("too large"));
  EXPECT_THAT(error_of(header + "tick,1,1,0\n"), HasSubstr("no subject"));
  EXPECT_THAT(error_of(header + "completed,1,1,1\n"), HasSubstr("value 1 is not allowed"));
  EXPECT_THAT(error_of(header + "measured,1,1,-1\n"), HasSubstr("value -1 is not allowed"));
  EXPECT_THAT(error_of(header + "\n"), HasSubstr("x.log:2"));
}

}  // namespace
}  // namespace vramlab
