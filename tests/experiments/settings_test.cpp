// Flag, then environment, then file, then default.

#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>

#include "engine/config/settings.h"
#include "experiments/settings.h"
#include "run_program.h"

namespace vramlab::test {
namespace {

using ::testing::HasSubstr;

struct Shown {
  std::string value, source;
};

std::map<std::string, Shown> show(const std::vector<std::string>& flags, const RunSetup& setup) {
  std::vector<std::string> arguments{"config", "show", "--format", "json"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  const Ran ran = run_program(arguments, setup);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  std::map<std::string, Shown> shown;
  for (const auto& row : nlohmann::json::parse(ran.out)) shown[row.at("key")] = {row.at("value"), row.at("source")};
  return shown;
}

TEST(Settings, AreDefaultsWhereNobodySpeaks) {
  const ScratchFolder scratch;
  const auto shown = show({}, {{}, scratch.path()});
  EXPECT_EQ(shown.at("seed").value, "0");
  EXPECT_EQ(shown.at("seed").source, "default");
  EXPECT_EQ(shown.at("pools.pytorch.max_split_size").source, "default");
}

TEST(Settings, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  const ScratchFolder scratch;
  write_file(scratch / "vramlab.yaml", "seed: 1\nmachine: rtx4090\nmin_time: 0.5\n");
  const RunSetup setup{{{"VRAMLAB_SEED", "2"}, {"VRAMLAB_MACHINE", "a100-40g"}}, scratch.path()};
  const auto shown = show({"--seed", "3"}, setup);
  EXPECT_EQ(shown.at("seed").value, "3");
  EXPECT_EQ(shown.at("seed").source, "flag --seed");
  EXPECT_EQ(shown.at("machine").value, "a100-40g");
  EXPECT_EQ(shown.at("machine").source, "environment VRAMLAB_MACHINE");
  EXPECT_EQ(shown.at("min_time").value, "0.5");
  EXPECT_EQ(shown.at("min_time").source, "file vramlab.yaml:3");
}

TEST(Settings, OfPoolsStandInASectionOfTheirOwn) {
  const ScratchFolder scratch;
  write_file(scratch / "mine.yaml", "pools:\n  pytorch:\n    max_split_size: 256MiB\n");
  const auto from_file = show({"--config", "mine.yaml"}, {{}, scratch.path()});
  EXPECT_EQ(from_file.at("pools.pytorch.max_split_size").value, "256MiB");
  EXPECT_EQ(from_file.at("pools.pytorch.max_split_size").source, "file mine.yaml:3");
  const RunSetup setup{{{"VRAMLAB_CONFIG", "mine.yaml"}, {"VRAMLAB_POOLS_PYTORCH_MAX_SPLIT_SIZE", "64MiB"}},
                       scratch.path()};
  EXPECT_EQ(show({}, setup).at("pools.pytorch.max_split_size").value, "64MiB");
  const auto from_flag = show({"--set", "pytorch.max_split_size=32MiB"}, setup);
  EXPECT_EQ(from_flag.at("pools.pytorch.max_split_size").value, "32MiB");
}

TEST(Settings, AnUnknownKeyIsAnErrorWithItsPlaceAndTheNearestKey) {
  const ScratchFolder scratch;
  write_file(scratch / "vramlab.yaml", "seed: 1\nmachin: h200\n");
  const Ran ran = run_program({"config", "show"}, {{}, scratch.path()});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, HasSubstr("vramlab.yaml:2:1"));
  EXPECT_THAT(ran.err, HasSubstr("machine"));
}

TEST(Settings, ABadValueNamesTheVariableItStandsIn) {
  const Ran ran = run_program({"config", "show"}, {{{"VRAMLAB_SEED", "many"}}, ""});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, HasSubstr("VRAMLAB_SEED"));
}

TEST(Settings, AVariableThatNamesNoSettingIsWarnedOf) {
  const Ran ran = run_program({"config", "show"}, {{{"VRAMLAB_SEDE", "1"}}, ""});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_THAT(ran.err, HasSubstr("warning: environment variable VRAMLAB_SEDE names no setting"));
}

TEST(Settings, TheSchemaNamesEverySettingThatShowShows) {
  const Ran ran = run_program({"config", "schema", "--format", "json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  std::vector<std::string> keys;
  for (const auto& row : nlohmann::json::parse(ran.out)) {
    keys.push_back(row.at("key"));
    EXPECT_EQ(row.at("variable"), environment_name(keys.back()));
    EXPECT_NE(row.at("reason"), "") << keys.back();
  }
  std::vector<std::string> known;
  for_each_setting(Settings(), [&known](const std::string& key, const OptionValues::Item&) { known.push_back(key); });
  EXPECT_EQ(keys, known);
}

}  // namespace
}  // namespace vramlab::test
