// The main job, as scripts and people see it.

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "engine/pool/pool.h"
#include "run_program.h"

namespace vramlab::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;

const std::string alexnet = VRAMLAB_SOURCE_DIR "/traces/bundled/alexnet-train-b256.pickle.xz";

/// The fields of the contract, in its order.
const std::vector<std::string> contract{"trace",
                                        "pool",
                                        "swap",
                                        "device",
                                        "machine",
                                        "seed",
                                        "events",
                                        "wall_ns_per_event",
                                        "peak_requested_bytes",
                                        "max_load_bytes",
                                        "peak_reserved_bytes",
                                        "reserved_over_requested",
                                        "segments",
                                        "fragmentation",
                                        "decisions",
                                        "recorded_peak_reserved_bytes",
                                        "recorded_address_mismatches",
                                        "peak_device_bytes",
                                        "memory_reduction",
                                        "simulated_ns",
                                        "stall_ns",
                                        "overhead",
                                        "swapped_out_bytes",
                                        "swapped_in_bytes",
                                        "verified"};

std::vector<std::string> replay_of(const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"replay", "--min-time", "0"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

Json rows_of(std::vector<std::string> more, int exit_code = 0) {
  more.insert(more.end(), {"--format", "json"});
  const Ran ran = run_program(replay_of(more));
  EXPECT_EQ(ran.exit_code, exit_code) << ran.err;
  return Json::parse(ran.out);
}

class Replay : public ::testing::Test {
 protected:
  void SetUp() override { generate_trace_file(trace); }
  const ScratchFolder scratch;
  const std::string trace = scratch / "made.vlt";
};

TEST_F(Replay, EveryRowHasTheFieldsOfTheContractInOrder) {
  const Json rows = rows_of({trace, "--pool", "all"});
  ASSERT_EQ(rows.size(), pools().size());
  for (const Json& row : rows) {
    std::vector<std::string> names;
    for (const auto& [name, value] : row.items()) {
      EXPECT_TRUE(value.is_primitive()) << name;
      if (std::find(contract.begin(), contract.end(), name) != contract.end()) names.push_back(name);
    }
    EXPECT_EQ(names, contract);
    EXPECT_TRUE(row.at("verified").is_null());
    EXPECT_TRUE(row.at("recorded_peak_reserved_bytes").is_null());
    EXPECT_EQ(row.at("swap"), "none");
    EXPECT_EQ(row.at("decisions").get<std::string>().size(), 16u);
  }
}

TEST_F(Replay, TwoRunsPrintTheSameApartFromTheTiming) {
  const auto untimed = [this] {
    Json rows = rows_of({trace, alexnet, "--pool", "all", "--verify"});
    for (Json& row : rows) row.erase("wall_ns_per_event");
    return rows.dump();
  };
  EXPECT_EQ(untimed(), untimed());
}

TEST_F(Replay, VerifyHoldsForEveryPool) {
  for (const Json& row : rows_of({trace, "--verify"})) EXPECT_EQ(row.at("verified"), true) << row.at("pool");
}

TEST_F(Replay, NoPoolReservesLessThanTheMaxLoad) {
  for (const Json& row : rows_of({trace}))
    EXPECT_GE(row.at("peak_reserved_bytes").get<std::uint64_t>(), row.at("max_load_bytes").get<std::uint64_t>());
}

TEST_F(Replay, ARunOutOfMemoryLeavesItsRowEmptyAndTheOthersGoOn) {
  const Json free = rows_of({trace, "--pool", "offline,cuda-malloc"});
  const auto reserved = free[0].at("peak_reserved_bytes").get<std::uint64_t>();
  const Ran ran = run_program(
      replay_of({trace, "--pool", "pytorch,offline", "--cap", std::to_string(reserved), "--format", "json"}));
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("vramlab: error: pool pytorch: made"));
  const Json rows = Json::parse(ran.out);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].at("pool"), "pytorch");
  EXPECT_EQ(rows[0].at("machine"), "h200");
  EXPECT_TRUE(rows[0].at("events").is_null());
  EXPECT_TRUE(rows[0].at("decisions").is_null());
  EXPECT_EQ(rows[0].size(), free[0].size());
  EXPECT_EQ(rows[1].at("peak_reserved_bytes"), reserved);
}

TEST_F(Replay, ARowTellsWhatDiffersFromThePoolsDefaults) {
  EXPECT_TRUE(rows_of({trace, "--pool", "tiered"})[0].at("pool_options").is_null());
  const Json rows =
      rows_of({trace, "--pool", "tiered,pytorch", "--set", "tiered.slack=0", "--set", "tiered.hints=recorded"});
  EXPECT_EQ(rows[0].at("pool_options"), "slack=0,hints=recorded");
  EXPECT_TRUE(rows[1].at("pool_options").is_null());
}

TEST_F(Replay, ALimitIsACapInBytesOrAsShareOfTheMaxLoad) {
  EXPECT_EQ(run_program(replay_of({trace, "--pool", "cuda-malloc", "--limit", "50%"})).exit_code, 1);
  EXPECT_EQ(run_program(replay_of({trace, "--pool", "cuda-malloc", "--limit", "4KiB"})).exit_code, 1);
  EXPECT_EQ(run_program(replay_of({trace, "--pool", "cuda-malloc", "--limit", "400%"})).exit_code, 0);
}

TEST_F(Replay, AMachineTooSmallForTheTraceRunsOutOfMemoryWhenItsMemoryIsTheCap) {
  std::vector<std::string> words{trace, "--pool", "cuda-malloc", "--machine", "gtx1080ti-pcie3", "--scale", "500"};
  EXPECT_EQ(run_program(replay_of(words)).exit_code, 0);
  words.insert(words.end(), {"--cap", "machine"});
  const Ran ran = run_program(replay_of(words));
  EXPECT_EQ(ran.exit_code, 1) << ran.out;
}

TEST_F(Replay, ScaleMultipliesSizes) {
  const auto requested = [this](const std::string& scale) {
    return rows_of({trace, "--pool", "cuda-malloc", "--scale", scale})[0]
        .at("peak_requested_bytes")
        .get<std::uint64_t>();
  };
  EXPECT_EQ(requested("1"), rows_of({trace, "--pool", "cuda-malloc"})[0].at("peak_requested_bytes"));
  EXPECT_EQ(requested("2"), 2 * requested("1"));
  EXPECT_LT(requested("0.25"), requested("1"));
}

TEST_F(Replay, PoolOptionsChangeDecisions) {
  const auto decisions = [](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{alexnet, "--pool", "pytorch"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return rows_of(arguments)[0].at("decisions").get<std::string>();
  };
  EXPECT_NE(decisions({}), decisions({"--set", "pytorch.max_split_size=20MiB"}));
}

TEST_F(Replay, TheTableHasOneLineARunAndNoEscapesInAFile) {
  const Ran ran = run_program(replay_of({trace, "--pool", "pytorch,offline"}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, Not(HasSubstr("\x1b")));
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(count_lines(ran.out), 4u) << ran.out;
  for (const char* title :
       {"trace", "pool", "requested", "reserved", "ratio", "fragmentation", "segments", "Mevents/s", "*"})
    EXPECT_THAT(ran.out, HasSubstr(title));
}

TEST_F(Replay, ATerminalHasColoursUnlessTheUserRefusesThem) {
  EXPECT_THAT(run_on_terminal(replay_of({trace})).out, HasSubstr("\x1b["));
  const Ran plain = run_on_terminal(replay_of({trace}), {{{"NO_COLOR", "1"}}, ""});
  EXPECT_EQ(plain.exit_code, 0);
  EXPECT_THAT(plain.out, Not(HasSubstr("\x1b[1")));
}

TEST_F(Replay, CsvHasATitleAndALineARun) {
  const Ran ran = run_program(replay_of({trace, "--format", "csv"}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, ::testing::StartsWith("trace,pool,swap,device,machine,seed,events,"));
  EXPECT_EQ(count_lines(ran.out), pools().size() + 1);
}

TEST_F(Replay, MapsOfSeveralRunsAreToldApartByTraceAndPool) {
  const Ran ran = run_program(replay_of({trace, "--pool", "pytorch,offline", "--map", scratch / "map.svg"}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(read_file(scratch / "map-made-pytorch.svg"), HasSubstr("<svg"));
  EXPECT_TRUE(std::filesystem::exists(scratch / "map-made-offline.svg"));
  EXPECT_FALSE(std::filesystem::exists(scratch / "map.svg"));
}

TEST_F(Replay, TheMapOfOneRunHasTheNameGiven) {
  const Ran ran = run_program(replay_of({trace, "--pool", "pytorch", "--map", scratch / "map.png"}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(read_file(scratch / "map.png"), ::testing::StartsWith("\x89PNG"));
}

TEST_F(Replay, ALogOfInputsGivesTheSameDecisions) {
  const Json made = rows_of({trace, "--pool", "pytorch", "--log", scratch / "inputs.log"});
  const Json again = rows_of({trace, "--pool", "pytorch", "--inputs", scratch / "inputs.log"});
  EXPECT_EQ(made[0].at("decisions"), again[0].at("decisions"));
}

TEST_F(Replay, ALogOfInputsIsForOneRun) {
  const Ran logged = run_program(replay_of({trace, "--pool", "pytorch", "--log", scratch / "inputs.log"}));
  ASSERT_EQ(logged.exit_code, 0) << logged.err;
  const Ran ran = run_program(replay_of({trace, "--pool", "all", "--inputs", scratch / "inputs.log"}));
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, HasSubstr("one trace under one pool"));
}

TEST(ReplayOfARecording, PytorchReproducesEveryRecordedAddress) {
  const Json rows = rows_of({alexnet, "--pool", "pytorch"});
  EXPECT_EQ(rows[0].at("recorded_address_mismatches"), 0);
  EXPECT_EQ(rows[0].at("peak_reserved_bytes"), rows[0].at("recorded_peak_reserved_bytes"));
}

TEST(ReplayOfARecording, OtherSizesHaveNoRecordedAddresses) {
  const Json rows = rows_of({alexnet, "--pool", "pytorch", "--scale", "0.5"});
  EXPECT_TRUE(rows[0].at("recorded_address_mismatches").is_null());
  EXPECT_TRUE(rows[0].at("recorded_peak_reserved_bytes").is_null());
}

}  // namespace
}  // namespace vramlab::test
