// Bad usage and missing hardware: one line on stderr that says what would mend it, nothing on stdout, the exit code of
// the contract.

#include <gmock/gmock.h>

#include "run_program.h"

namespace vramlab::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Bad {
  std::vector<std::string> arguments;
  int exit_code;
  std::string says;
};

void PrintTo(const Bad& bad, std::ostream* out) {
  for (const std::string& argument : bad.arguments) *out << argument << ' ';
}

class BadUsage : public ::testing::TestWithParam<Bad> {};

TEST_P(BadUsage, IsOneLineOnStderrWithItsExitCode) {
  const ScratchFolder scratch;
  generate_trace_file(scratch / "t.vlt");
  write_file(scratch / "broken.vlt", "this is no trace at all\n");
  const Ran ran =
      run_program(GetParam().arguments, {{{"CUDA_VISIBLE_DEVICES", ""}}, scratch.path()});  // no GPU for anyone
  EXPECT_EQ(ran.exit_code, GetParam().exit_code) << ran.err;
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(count_lines(ran.err), 1u) << ran.err;
  EXPECT_THAT(ran.err, StartsWith("vramlab: error: "));
  EXPECT_THAT(ran.err, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(CommandLine, BadUsage,
                         ::testing::Values(Bad{{}, 2, "a verb is missing"},
                                           Bad{{"repaly", "t.vlt"}, 2, "did you mean 'replay'"},
                                           Bad{{"trace"}, 2, "a verb of trace is missing"},
                                           Bad{{"trace", "inof", "t.vlt"}, 2, "did you mean 'info'"},
                                           Bad{{"replay"}, 2, "TRACE is required"},
                                           Bad{{"replay", "t.vlt", "--poool", "pytorch"}, 2, "did you mean '--pool'"},
                                           Bad{{"machine", "list", "extra"}, 2, "unexpected argument 'extra'"},
                                           Bad{{"list", "pool"}, 2, "did you mean 'pools'"},
                                           Bad{{"machine", "show", "h201"}, 2, "h200"},
                                           Bad{{"list", "pools", "--format", "xml"}, 2, "table|json|csv"}));

INSTANTIATE_TEST_SUITE_P(
    Replay, BadUsage,
    ::testing::Values(
        Bad{{"replay", "missing.pickle"}, 2, "missing.pickle"}, Bad{{"replay", "broken.vlt"}, 2, "broken.vlt"},
        Bad{{"replay", "t.vlt", "--pool", "pytorhc"}, 2, "did you mean 'pytorch'"},
        Bad{{"replay", "t.vlt", "--pool", ""}, 2, "no pool is named"},
        Bad{{"replay", "t.vlt", "--swap", "lur"}, 2, "did you mean 'lru'"},
        Bad{{"replay", "t.vlt", "--swap", "none:fast"}, 2, "has no variants"},
        Bad{{"replay", "t.vlt", "--codec", "hlaf"}, 2, "did you mean 'half'"},
        Bad{{"replay", "t.vlt", "--codec", "ratio:0"}, 2, "codec ratio '0'"},
        Bad{{"replay", "t.vlt", "--swap-tier", "peer"}, 2, "machine h200 has none"},
        Bad{{"replay", "t.vlt", "--host-memory", "lots"}, 2, "'lots' is not a byte count"},
        Bad{{"replay", "t.vlt", "--max-overhead", "little"}, 2, "max_overhead 'little'"},
        Bad{{"replay", "t.vlt", "--gantt", "g.bmp", "--min-time", "0"}, 2, ".svg or .png"},
        Bad{{"replay", "t.vlt", "--machine", "h20"}, 2, "did you mean 'h200'"},
        Bad{{"replay", "t.vlt", "--limit", "most"}, 2, "limit 'most'"},
        Bad{{"replay", "t.vlt", "--limit", "-5%"}, 2, "limit '-5%'"},
        Bad{{"replay", "t.vlt", "--cap", "lots"}, 2, "'lots' is not a byte count"},
        Bad{{"replay", "t.vlt", "--seed", "-1"}, 2, "seed"}, Bad{{"replay", "t.vlt", "--scale", "0"}, 2, "scale"},
        Bad{{"replay", "t.vlt", "--scale", "1e6", "--gpu", "x"}, 2, "gpu 'x'"},
        Bad{{"replay", "t.vlt", "--gpu", "3"}, 2, "no events of gpu 3"},
        Bad{{"replay", "t.vlt", "--inputs", "missing.log"}, 2, "missing.log"},
        Bad{{"replay", "t.vlt", "--map", "map.bmp", "--min-time", "0"}, 2, ".svg or .png"},
        Bad{{"replay", "t.vlt", "--map", "nowhere/map.svg"}, 2, "no folder 'nowhere'"},
        Bad{{"replay", "t.vlt", "--log", "nowhere/log"}, 2, "no folder 'nowhere'"},
        Bad{{"replay", "t.vlt", "--config", "missing.yaml"}, 2, "missing.yaml"},
        Bad{{"replay", "t.vlt", "--set", "pytorch"}, 2, "NAME.OPTION=VALUE"},
        Bad{{"replay", "t.vlt", "--set", "pytroch.max_split_size=1"}, 2, "did you mean 'pytorch'"},
        Bad{{"replay", "t.vlt", "--set", "pytorch.max_splt_size=1"}, 2, "did you mean 'max_split_size'"},
        Bad{{"replay", "t.vlt", "--pool", "offline", "--set", "pytorch.max_split_size=1GiB"}, 2, "takes no part"},
        Bad{{"replay", "t.vlt", "--device", "cuda"}, 3, "no CUDA device"}));

INSTANTIATE_TEST_SUITE_P(
    Trace, BadUsage,
    ::testing::Values(Bad{{"trace", "convert", "t.vlt", "out.csv"}, 2, ".vlt"},
                      Bad{{"trace", "convert", "t.vlt", "nowhere/out.vlt"}, 2, "no folder 'nowhere'"},
                      Bad{{"trace", "generate", "unifrom", "--out", "u.vlt"}, 2, "did you mean 'uniform'"},
                      Bad{{"trace", "generate", "uniform"}, 2, "--out is required"},
                      Bad{{"trace", "generate", "uniform", "--events", "many", "--out", "u.vlt"}, 2, "many"},
                      Bad{{"trace", "generate", "uniform", "--set", "x", "--out", "u.vlt"}, 2, "OPTION=VALUE"},
                      Bad{{"trace", "info", "broken.vlt"}, 2, "broken.vlt"}));

TEST(Output, ToAClosedPipeEndsQuietly) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  close(ends[0]);
  const Ran ran = run_into(ends[1], {"list", "pools"}, {});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.err, "");
}

TEST(Output, ThatCannotBeWrittenIsAFailure) {
  const int full = open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  const Ran ran = run_into(full, {"list", "pools"}, {});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("standard output cannot be written"));
}

}  // namespace
}  // namespace vramlab::test
