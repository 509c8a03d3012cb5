// vramlab swap bound, as scripts and people see it.

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "run_program.h"

namespace vramlab::test {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

const std::string alexnet = VRAMLAB_SOURCE_DIR "/traces/bundled/alexnet-train-b256.ops.csv.xz";

Json bound(std::vector<std::string> more) {
  std::vector<std::string> words{"swap", "bound",     alexnet, "--format",
                                 "json", "--moments", "160"};  // fewer: a looser bound
  words.insert(words.end(), more.begin(), more.end());
  const Ran ran = run_program(words);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  return Json::parse(ran.out).at(0);
}

TEST(SwapBound, TellsTheLargestOperatorAndNoPlanGoesBelowTheBound) {
  const Json row = bound({});
  EXPECT_EQ(row["max_load_bytes"], 1834698240u);
  EXPECT_EQ(row["largest_operator_bytes"], 771337216u);
  EXPECT_EQ(row["bound_solved"], true);
  EXPECT_GT(row["bound_bytes"], row["largest_operator_bytes"]);
  EXPECT_GE(row["planned_bytes"], row["bound_bytes"]);
  EXPECT_GT(row["planned_share_of_bound"], 0.9);
}

TEST(SwapBound, AFasterLinkACodecAndASlowerGpuAllLowerIt) {
  const auto least = [](const std::vector<std::string>& more) {
    return bound(more)["bound_bytes"].get<std::uint64_t>();
  };
  const std::uint64_t plain = least({});
  EXPECT_LT(least({"--codec", "half"}), plain);
  EXPECT_LT(least({"--compute-scale", "2"}), plain);
  EXPECT_LT(least({"--machine", "h200-x2", "--swap-tier", "peer"}), plain);
  EXPECT_GT(least({"--max-overhead", "0"}), plain);
}

TEST(SwapBound, ARecordingWithoutOperatorsIsRefused) {
  const Ran ran = run_program({"swap", "bound", VRAMLAB_SOURCE_DIR "/traces/bundled/alexnet-train-b256.pickle.xz"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("operators"));
}

}  // namespace
}  // namespace vramlab::test
