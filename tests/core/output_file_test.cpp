#include "engine/core/output_file.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/core/error.h"

namespace vramlab {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class OutputFiles : public ::testing::Test {
 protected:
  OutputFiles() { fs::create_directory(folder_); }
  ~OutputFiles() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(folder_), {}); }
  std::string content(const std::string& name) const {
    std::ifstream in(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  const fs::path folder_ = fs::temp_directory_path() / ("vramlab_output_file_" + std::to_string(::getpid()));
};

TEST_F(OutputFiles, AppearWholeUnderTheirName) {
  write_output_file(path("a"), "one");
  write_output_file(path("a"), "two");
  EXPECT_EQ(content("a"), "two");
  EXPECT_EQ(files(), 1);
}

TEST_F(OutputFiles, WithoutACommitLeaveWhatWasThere) {
  write_output_file(path("a"), "old");
  {
    OutputFile file(path("a"));
    file.write("new");
    EXPECT_EQ(content("a"), "old");
  }
  EXPECT_EQ(content("a"), "old");
  EXPECT_EQ(files(), 1);
}

TEST_F(OutputFiles, WithBadPathsAreRefusedBeforeAnythingIsWritten) {
  fs::create_directory(path("folder"));
  for (const std::string& bad : {path("missing/a"), path("folder"), std::string("/dev/null"), std::string()}) {
    try {
      const OutputFile file(bad);
      ADD_FAILURE() << bad;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr(bad));
      EXPECT_THAT(error.what(), HasSubstr("cannot write"));
    }
  }
  EXPECT_EQ(files(), 1);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

}  // namespace
}  // namespace vramlab
