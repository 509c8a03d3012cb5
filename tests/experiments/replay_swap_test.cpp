// Swapping, as scripts and people see it.

#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "run_program.h"
#include "traces/tensors/npy.h"

namespace vramlab::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;

const std::string alexnet = VRAMLAB_SOURCE_DIR "/traces/bundled/alexnet-train-b256.ops.csv.xz";
const std::vector<std::string> stall_fields{"stall_operand_ns", "stall_memory_ns", "stall_no_prefetch_ns",
                                            "stall_link_busy_ns", "stall_host_ns"};

Ran replay(const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"replay", "--min-time", "0", "--pool", "vmm"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_program(arguments);
}

Json rows(std::vector<std::string> more) {
  more.insert(more.end(), {"--format", "json"});
  const Ran ran = replay(more);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  return Json::parse(ran.out);
}

TEST(ReplaySwap, NeedsARecordingWithOperatorsAndSaysSo) {
  const ScratchFolder scratch;
  const std::string trace = VRAMLAB_SOURCE_DIR "/traces/bundled/alexnet-train-b256.pickle.xz";
  for (const std::vector<std::string>& asked : {std::vector<std::string>{"--swap", "lru"},
                                                {"--limit", "min"},
                                                {"--explain-stalls"},
                                                {"--gantt", scratch / "g.svg"}}) {
    std::vector<std::string> words{trace};
    words.insert(words.end(), asked.begin(), asked.end());
    const Ran ran = replay(words);
    EXPECT_EQ(ran.exit_code, 2) << asked[0];
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, HasSubstr(trace));
    EXPECT_THAT(ran.err, HasSubstr(asked[0]));
    EXPECT_THAT(ran.err, HasSubstr("record_operators.py"));
    EXPECT_EQ(count_lines(ran.err), 1u) << ran.err;
  }
}

TEST(ReplaySwap, UnknownNamesAndVariantsTellTheNearestOne) {
  const Ran name = replay({alexnet, "--swap", "lur"});
  EXPECT_EQ(name.exit_code, 2);
  EXPECT_THAT(name.err, HasSubstr("lru"));
  const Ran variant = replay({alexnet, "--swap", "lru:fast"});
  EXPECT_EQ(variant.exit_code, 2);
  EXPECT_THAT(variant.err, HasSubstr("no variants"));
  const Ran option = replay({alexnet, "--swap", "lru", "--set", "lru.no_such_option=1"});
  EXPECT_EQ(option.exit_code, 2);
  EXPECT_THAT(option.err, HasSubstr("no_such_option"));
}

TEST(ReplaySwap, ARowATraceAPoolAndAPolicy) {
  const Json all = rows({alexnet, "--pool", "pytorch", "--swap", "none,lru", "--limit", "400%"});
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].at("swap"), "none");
  EXPECT_EQ(all[1].at("swap"), "lru");
  EXPECT_EQ(all[1].at("pool"), "vmm");
  EXPECT_EQ(all[2].at("pool"), "pytorch");
  EXPECT_EQ(all[3].at("limit_bytes"), all[0].at("limit_bytes"));
}

TEST(ReplaySwap, WithoutAPolicyNothingIsSwapped) {
  const Json plain = rows({alexnet})[0], none = rows({alexnet, "--swap", "none"})[0];
  EXPECT_EQ(plain.at("decisions"), none.at("decisions"));
  EXPECT_EQ(none.at("swapped_out_bytes"), 0);
  EXPECT_TRUE(none.at("limit_bytes").is_null());
}

TEST(ReplaySwap, GetsByWithTheLimit) {
  const Json row = rows({alexnet, "--swap", "lru", "--limit", "80%"})[0];
  EXPECT_EQ(row.at("swap"), "lru");
  const auto limit = row.at("limit_bytes").get<std::uint64_t>();
  EXPECT_EQ(limit, row.at("max_load_bytes").get<std::uint64_t>() * 8 / 10);
  EXPECT_LE(row.at("peak_device_bytes").get<std::uint64_t>(), limit);
  EXPECT_GT(row.at("memory_reduction").get<double>(), 0.1);
  EXPECT_GT(row.at("swapped_out_bytes").get<std::uint64_t>(), 0u);
  EXPECT_GT(row.at("overhead").get<double>(), 0.0);
  for (const std::string& field : stall_fields) EXPECT_TRUE(row.at(field).is_null()) << field;
}

TEST(ReplaySwap, CausesExplainTheStallsTheyAreAskedFor) {
  const Json row = rows({alexnet, "--swap", "lru", "--limit", "80%", "--explain-stalls"})[0];
  std::int64_t sum = 0;
  for (const std::string& field : stall_fields) sum += row.at(field).get<std::int64_t>();
  EXPECT_GE(sum, row.at("stall_ns").get<std::int64_t>() * 9 / 10);
  EXPECT_GT(row.at("stall_no_prefetch_ns").get<std::int64_t>() + row.at("stall_memory_ns").get<std::int64_t>(), 0);
}

TEST(ReplaySwap, NothingIsWaitedForWithoutALimit) {
  const Json row = rows({alexnet, "--swap", "none", "--explain-stalls"})[0];
  for (const std::string& field : stall_fields) EXPECT_EQ(row.at(field), 0) << field;
  EXPECT_TRUE(row.at("limit_bytes").is_null());
}

TEST(ReplaySwap, TheLeastLimitKeepsTheOverheadAndIsFoundAgain) {
  const std::vector<std::string> asked{alexnet, "--swap", "lru", "--limit", "min", "--max-overhead", "5%"};
  const Json row = rows(asked)[0];
  const auto limit = row.at("limit_bytes").get<std::uint64_t>();
  EXPECT_LE(row.at("overhead").get<double>(), 0.05);
  EXPECT_LE(row.at("peak_device_bytes").get<std::uint64_t>(), limit);
  EXPECT_EQ(rows(asked)[0].at("limit_bytes"), limit);
  const Json below = rows({alexnet, "--swap", "lru", "--limit", std::to_string(limit - (std::uint64_t{4} << 20))})[0];
  EXPECT_TRUE(below.at("overhead").is_null() || below.at("overhead").get<double>() > 0.05);
}

TEST(ReplaySwap, HalfOfEveryTransferCostsLess) {
  const auto overhead = [](const std::string& codec) {
    return rows({alexnet, "--swap", "lru", "--limit", "80%", "--codec", codec})[0].at("overhead").get<double>();
  };
  EXPECT_LT(overhead("half"), overhead("none"));
  EXPECT_DOUBLE_EQ(overhead("ratio:2"), overhead("half"));
}

TEST(ReplaySwap, AFileOfTensorsTellsHowMuchLessPassesTheLink) {
  const ScratchFolder scratch;
  const std::vector<std::uint64_t> shape{10'000};
  write_file(scratch / "w.npy", npy_header(ElementType::float32, shape) + std::string(40'000, 'w'));
  const auto overhead = [](const std::string& codec) {
    return rows({alexnet, "--swap", "lru", "--limit", "80%", "--codec", codec})[0].at("overhead").get<double>();
  };
  const double none = overhead("none"), fast = overhead("padic-fast:" + scratch / "w.npy");
  EXPECT_LT(fast, none / 2);
  const Ran ran = replay({alexnet, "--swap", "lru", "--limit", "80%", "--codec", "padic-dense:missing.npy"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_EQ(count_lines(ran.err), 1u) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("missing.npy"));
}

TEST(ReplaySwap, ALimitUnderTheLargestOperatorNamesIt) {
  const Ran ran = replay({alexnet, "--swap", "lru", "--limit", "1MiB"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, HasSubstr("operator"));
}

TEST(ReplaySwap, ColumnsOfSwappingStandWhereSomebodySwaps) {
  const Ran plain = replay({alexnet});
  for (const char* title : {"swap ", "reduction", "overhead", "limit"}) {
    EXPECT_THAT(plain.out.substr(0, plain.out.find('\n')), Not(HasSubstr(title)));
  }
  const Ran swapping = replay({alexnet, "--swap", "none,lru", "--limit", "110%", "--explain-stalls"});
  ASSERT_EQ(swapping.exit_code, 0) << swapping.err;
  for (const char* title : {"swap", "limit", "device", "reduction", "overhead", "stall ms", "out", "lru"})
    EXPECT_THAT(swapping.out, HasSubstr(title));
}

TEST(ReplaySwap, PicturesInTimeOfSeveralRunsAreToldApart) {
  const ScratchFolder scratch;
  const Ran ran = replay({alexnet, "--swap", "none,lru", "--limit", "110%", "--gantt", scratch / "g.svg"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(read_file(scratch / "g-alexnet-train-b256.ops-vmm-lru.svg"), HasSubstr("<svg"));
  EXPECT_TRUE(std::filesystem::exists(scratch / "g-alexnet-train-b256.ops-vmm-none.svg"));
}

TEST(ReplaySwap, PoliciesAndCodecsAreListed) {
  const Ran swaps = run_program({"list", "swaps"});
  EXPECT_EQ(swaps.exit_code, 0);
  EXPECT_THAT(swaps.out, HasSubstr("lru"));
  const Ran codecs = run_program({"list", "codecs"});
  EXPECT_EQ(codecs.exit_code, 0);
  for (const char* name : {"ratio:X", "padic-fast:FILE", "padic-dense:FILE", "compress = 1156 GB/s", "error = 0"})
    EXPECT_THAT(codecs.out, HasSubstr(name));
}

}  // namespace
}  // namespace vramlab::test
