#include "engine/config/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>

#include "engine/core/error.h"

namespace vramlab {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::array<OptionSpec, 3> table{{{"limit", OptionKind::bytes, "1GiB", "memory to use"},
                                           {"seed", OptionKind::integer, "0", "of the generator", {}, 0, 100},
                                           {"log-level", OptionKind::choice, "info", "what is said", "info|debug"}}};

// A YAML file that is gone with the test.
class Settings : public ::testing::Test {
 protected:
  ~Settings() override { std::filesystem::remove(path_); }

  SettingsSources sources(const std::string& yaml) {
    std::ofstream(path_) << yaml;
    return {.yaml_path = path_, .environment = [this](const char* name) { return look_up(name); }, .flags = {}};
  }
  std::string error(const SettingsSources& given) {
    try {
      resolve_settings("vramlab", table, given);
    } catch (const ConfigError& e) {
      return e.what();
    }
    return "no error";
  }

  std::map<std::string, std::string> environment_;
  std::string path_ =
      (std::filesystem::temp_directory_path() / ("vramlab_settings_" + std::to_string(::getpid()) + ".yaml")).string();

 private:
  const char* look_up(const char* name) const {
    const auto found = environment_.find(name);
    return found == environment_.end() ? nullptr : found->second.c_str();
  }
};

TEST_F(Settings, TakeTheStrongestSourceAndRememberIt) {
  environment_ = {{"VRAMLAB_SEED", "2"}, {"VRAMLAB_LOG_LEVEL", "debug"}};
  SettingsSources given = sources("# mine\nlimit: 2GiB\nseed: 1\n");
  given.flags = {{"seed", "3"}};
  const OptionValues values = resolve_settings("vramlab", table, given);
  EXPECT_EQ(values.bytes("limit"), 2_GiB);
  EXPECT_EQ(values.integer("seed"), 3);
  EXPECT_EQ(values.text("log-level"), "debug");
  EXPECT_EQ(values.items()[0].source, "file " + path_ + ":2");
  EXPECT_EQ(values.items()[1].source, "flag");
  EXPECT_EQ(values.items()[2].source, "environment VRAMLAB_LOG_LEVEL");
}

TEST_F(Settings, AreTheDefaultsWhereNothingIsGiven) {
  const OptionValues values = resolve_settings("vramlab", table, {});
  EXPECT_EQ(values.bytes("limit"), 1_GiB);
  for (const auto& item : values.items()) EXPECT_EQ(item.source, "default");
  EXPECT_EQ(error(sources("# only a comment\n")), "no error");
}

TEST_F(Settings, NameThePlaceOfABadValueEvenWhereItIsOverridden) {
  SettingsSources given = sources("limit: 2GiB\nseed: 101\n");
  given.flags = {{"seed", "3"}};
  EXPECT_THAT(error(given), AllOf(HasSubstr(path_ + ":2:7"), HasSubstr("option seed"), HasSubstr("outside")));
  environment_ = {{"VRAMLAB_SEED", "many"}};
  EXPECT_THAT(error(sources("limit: 2GiB\n")), AllOf(HasSubstr("VRAMLAB_SEED"), HasSubstr("not a whole number")));
}

TEST_F(Settings, NameTheNearestKnownOption) {
  EXPECT_THAT(error(sources("sead: 1\n")), AllOf(HasSubstr(":1:1"), HasSubstr("did you mean 'seed'")));
  EXPECT_THAT(error({.yaml_path = {}, .environment = {}, .flags = {{"limt", "1GiB"}}}), HasSubstr("'limit'"));
}

TEST_F(Settings, FailWhereTheFileIsMissing) {
  EXPECT_THAT(error({.yaml_path = "/no/such.yaml", .environment = {}, .flags = {}}), HasSubstr("/no/such.yaml"));
}

}  // namespace
}  // namespace vramlab
