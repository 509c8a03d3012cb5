// vramlab plan, as scripts and people see it.

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "engine/coloring/solver.h"
#include "run_program.h"

namespace vramlab::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::ordered_json;

const std::string alexnet = VRAMLAB_SOURCE_DIR "/traces/bundled/alexnet-train-b256.pickle.xz";

/// The fields of the contract, in its order; all others come after them.
const std::vector<std::string> contract{
    "instance",           "solver",  "buffers",  "max_load_bytes", "lower_bound_bytes", "peak_bytes",
    "peak_over_max_load", "optimal", "feasible", "stopped",        "seconds",           "valid"};

/// Five buffers that fill 12 bytes without a hole where they are placed well.
constexpr const char* five = "id,lower,upper,size\nb1,0,3,4\nb2,3,9,4\nb3,0,9,4\nb4,9,21,4\nb5,0,21,4\n";

std::vector<std::string> plan_of(const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"plan"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

class PlanVerb : public ::testing::Test {
 protected:
  void SetUp() override { write_file(instance, five); }

  Ran run(const std::vector<std::string>& more) const { return run_program(plan_of(more), {{}, scratch.path()}); }
  Json rows(std::vector<std::string> more, int exit_code = 0) const {
    more.insert(more.end(), {"--format", "json"});
    const Ran ran = run(more);
    EXPECT_EQ(ran.exit_code, exit_code) << ran.err;
    return Json::parse(ran.out);
  }
  std::string file(const std::string& name, const std::string& text) const {
    write_file(scratch / name, text);
    return scratch / name;
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(scratch.path()), {}));
  }

  const ScratchFolder scratch;
  const std::string instance = scratch / "five.csv";
};

TEST_F(PlanVerb, BeginsEveryRowWithTheFieldsOfTheContract) {
  for (const Json& row : rows({instance, alexnet, "--solver", "best-fit"})) {
    std::vector<std::string> names;
    for (const auto& [name, value] : row.items()) {
      EXPECT_TRUE(value.is_primitive()) << name;
      if (names.size() < contract.size()) names.push_back(name);
    }
    EXPECT_EQ(names, contract);
  }
}

TEST_F(PlanVerb, TellsOfASmallInstanceWhatIsKnown) {
  Json row = rows({instance, "--solver", "best-fit", "--seed", "3"}).at(0);
  EXPECT_TRUE(row.at("seconds").is_number_float());
  row.erase("seconds");
  EXPECT_EQ(row.dump(),
            R"({"instance":"five.csv","solver":"best-fit","buffers":5,"max_load_bytes":12,"lower_bound_bytes":12,)"
            R"("peak_bytes":12,"peak_over_max_load":1.0,"optimal":true,"feasible":true,"stopped":false,"valid":true,)"
            R"("mistake":null,"deterministic":true,"steps":0,"seed":3,"time_limit_s":null,"heaps":null,)"
            R"("spilled_bytes":null,"clique_buffers":null,"most_live_buffers":null,"overlaps":null,"components":null,)"
            R"("peak_time":null,"load_at_peak_bytes":null,"max_load_time":0,"lower_bound_name":"maximum load",)"
            R"("capacity_bytes":null})");
}

TEST_F(PlanVerb, PrintsTheSameTwiceApartFromTheTiming) {
  const auto untimed = [this] {
    Json found = rows({instance, "--solver", "all", "--explain"});
    for (Json& row : found) row.erase("seconds");
    return found.dump();
  };
  EXPECT_EQ(untimed(), untimed());
}

TEST_F(PlanVerb, ComparesAllSolversOfTheRegistryInItsOrder) {
  const Json found = rows({instance, "--solver", "all"});
  ASSERT_EQ(found.size(), solvers().size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].at("solver"), solvers()[i].name);
    EXPECT_EQ(found[i].at("valid"), true) << found[i].at("solver");
    EXPECT_GE(found[i].at("peak_bytes"), found[i].at("lower_bound_bytes"));
  }
}

TEST_F(PlanVerb, ListsSolversWithTheirOptions) {
  const Ran ran = run_program({"list", "solvers"});
  for (const SolverInfo& solver : solvers()) {
    EXPECT_THAT(ran.out, HasSubstr(solver.name));
    for (const OptionSpec& option : solver.options) EXPECT_THAT(ran.out, HasSubstr("    " + std::string(option.name)));
  }
}

TEST_F(PlanVerb, RoundsTheSizesOfARecordingUpToTheGranule) {
  const auto load = [this](const std::string& granule) {
    return rows({alexnet, "--solver", "best-fit", "--granule", granule})[0].at("max_load_bytes").get<std::uint64_t>();
  };
  EXPECT_EQ(load("512"), 1'834'697'216u);
  EXPECT_LT(load("1"), load("512"));
  EXPECT_EQ(load("2MiB") % (2u << 20), 0u);
}

TEST_F(PlanVerb, TakesOptionsOfSolvers) {
  const auto peak = [](const Json& found) { return found.at(0).at("peak_bytes"); };
  const Json best = rows({alexnet, "--solver", "by-start"});
  const Json first = rows({alexnet, "--solver", "by-start", "--set", "by-start.fit=first"});
  EXPECT_NE(peak(best), peak(first));
}

TEST_F(PlanVerb, ShowsATableWithoutEscapesInAFile) {
  const Ran ran = run({instance, "--solver", "best-fit,first-fit"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(count_lines(ran.out), 4u) << ran.out;
  EXPECT_THAT(ran.out, AllOf(StartsWith("instance  solver"), HasSubstr("0.000%*"), HasSubstr("optimal"),
                             HasSubstr("12 B"), Not(HasSubstr("\x1b"))));
}

TEST_F(PlanVerb, PrintsCsvWithATitleAndALineARun) {
  const Ran ran = run({instance, "--solver", "all", "--format", "csv"});
  EXPECT_THAT(ran.out, StartsWith("instance,solver,buffers,max_load_bytes,lower_bound_bytes,peak_bytes,"));
  EXPECT_EQ(count_lines(ran.out), solvers().size() + 1);
}

// --- Capacity --------------------------------------------------------------------------------------------------------

/// Size-descending best fit peaks 4.5% above the maximum load here.
TEST_F(PlanVerb, IsFeasibleWithinTheCapacityAndUnknownAboveItWithoutAProof) {
  const Json within = rows({alexnet, "--solver", "best-fit", "--capacity", "2GiB"});
  EXPECT_EQ(within[0].at("feasible"), true);
  EXPECT_EQ(within[0].at("capacity_bytes"), std::uint64_t{2} << 30);
  const Json above = rows({alexnet, "--solver", "best-fit", "--capacity", "100%"}, 1);
  EXPECT_TRUE(above[0].at("feasible").is_null());
  EXPECT_EQ(above[0].at("valid"), true);
  EXPECT_EQ(above[0].at("capacity_bytes"), above[0].at("max_load_bytes"));
}

TEST_F(PlanVerb, SaysWhichSolverDidNotReachTheCapacity) {
  const Ran ran = run({alexnet, "--solver", "best-fit", "--capacity", "100%"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("error: solver best-fit: alexnet-train-b256.pickle was not placed within 1834697216"));
  EXPECT_THAT(ran.out, HasSubstr("above capacity"));
}

TEST_F(PlanVerb, RefusesACapacityBelowALowerBoundWithItsNameAndTime) {
  const Ran ran = run({instance, "--solver", "best-fit", "--capacity", "11"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, AllOf(HasSubstr("capacity 11"), HasSubstr("maximum load"), HasSubstr("12 at time 0")));
}

// --- Files -----------------------------------------------------------------------------------------------------------

TEST_F(PlanVerb, WritesAPlanThatItsCheckFindsValid) {
  const std::string plan = scratch / "plan.csv";
  ASSERT_EQ(run({instance, "--solver", "best-fit", "--out", plan}).exit_code, 0);
  EXPECT_THAT(read_file(plan), AllOf(StartsWith("id,lower,upper,size,offset\nb1,0,3,4,"), HasSubstr("\nb5,0,21,4,")));
  const Ran ran = run({instance, "--check", plan});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "valid: plan.csv places the 5 buffers of five.csv with peak 12 (12 B), 0.000% over the maximum load\n");
}

TEST_F(PlanVerb, WritesPlansOfRecordings) {
  const std::string plan = scratch / "plan.csv";
  ASSERT_EQ(run({alexnet, "--solver", "best-fit", "--out", plan}).exit_code, 0);
  EXPECT_EQ(count_lines(read_file(plan)), 522u);
  EXPECT_EQ(run({alexnet, "--check", plan}).exit_code, 0);
  EXPECT_EQ(run({alexnet, "--check", plan, "--granule", "1"}).exit_code, 1) << "its sizes are others";
}

TEST_F(PlanVerb, LeavesNoPlanWhereNoneWasFoundOrItCannotBeWritten) {
  const std::size_t before = files();
  EXPECT_EQ(run({alexnet, "--solver", "best-fit", "--capacity", "100%", "--out", "plan.csv"}).exit_code, 1);
  EXPECT_EQ(run({instance, "--solver", "best-fit", "--capacity", "3", "--out", "plan.csv"}).exit_code, 2);
  const Ran unwritable = run({instance, "--solver", "best-fit", "--out", scratch.path()});
  EXPECT_EQ(unwritable.exit_code, 2);
  EXPECT_THAT(unwritable.err, HasSubstr("is a folder"));
  EXPECT_EQ(unwritable.out, "");
  EXPECT_EQ(run({instance, "--solver", "best-fit", "--out", "nowhere/plan.csv"}).exit_code, 2);
  EXPECT_EQ(files(), before);
}

TEST_F(PlanVerb, CheckTellsTheFirstMistakeOfAPlan) {
  const auto check = [this](const std::string& rows) {
    return run({instance, "--check", file("plan.csv", "id,lower,upper,size,offset\n" + rows)});
  };
  const std::string rest = "b2,3,9,4,0\nb3,0,9,4,4\nb4,9,21,4,0\nb5,0,21,4,8\n";
  const Ran overlap = check("b1,0,3,4,5\n" + rest);
  EXPECT_EQ(overlap.exit_code, 1);
  EXPECT_EQ(overlap.err, "");
  EXPECT_THAT(overlap.out,
              AllOf(StartsWith("invalid: plan.csv is no plan of five.csv: "), HasSubstr("b1"), HasSubstr("overlap")));
  EXPECT_THAT(check(rest).out, HasSubstr("buffer b1 has no offset"));
  EXPECT_THAT(check("b1,0,3,5,0\n" + rest).out, HasSubstr("buffer b1 is [0, 3) of size 5"));
  EXPECT_EQ(check("b1,0,3,4,0\n" + rest).exit_code, 0);
  EXPECT_EQ(check("b1,0,3,4,none\n" + rest).exit_code, 2) << "no file of a plan";
}

TEST_F(PlanVerb, CheckFillsTheSameFields) {
  const std::string good =
      file("good.csv", "id,lower,upper,size,offset\nb1,0,3,4,0\nb2,3,9,4,0\nb3,0,9,4,4\nb4,9,21,4,0\nb5,0,21,4,9\n");
  const Json row = rows({instance, "--check", good}).at(0);
  EXPECT_EQ(row.at("solver"), "good.csv");
  EXPECT_EQ(row.at("peak_bytes"), 13);
  EXPECT_EQ(row.at("optimal"), false);
  EXPECT_EQ(row.at("valid"), true);
  EXPECT_TRUE(row.at("stopped").is_null());
  EXPECT_TRUE(row.at("seconds").is_null());
  const Json bad = rows({instance, "--check", file("bad.csv", "id,lower,upper,size,offset\n")}, 1).at(0);
  EXPECT_EQ(bad.at("valid"), false);
  EXPECT_EQ(bad.at("mistake"), "buffer b1 has no offset");
  EXPECT_EQ(rows({instance, "--check", good, "--capacity", "12"}, 1).at(0).at("feasible"), nullptr);
}

TEST_F(PlanVerb, DrawsEachRunUnderItsOwnName) {
  ASSERT_EQ(run({instance, "--solver", "best-fit", "--map", scratch / "one.png"}).exit_code, 0);
  EXPECT_THAT(read_file(scratch / "one.png"), StartsWith("\x89PNG"));
  ASSERT_EQ(run({instance, "--solver", "best-fit,first-fit", "--map", scratch / "map.svg"}).exit_code, 0);
  EXPECT_THAT(read_file(scratch / "map-five-best-fit.svg"), HasSubstr("five.csv, best-fit"));
  EXPECT_THAT(read_file(scratch / "map-five-first-fit.svg"), HasSubstr("peak 12 B, lower bound 12 B"));
}

// --- More than buffers -----------------------------------------------------------------------------------------------

TEST_F(PlanVerb, PlacesBuffersWithGapsAndPins) {
  const std::string gaps = file("gaps.csv", "id,lower,upper,size,gaps\na,0,9,8,2-7\nb,3,6,8,\n");
  EXPECT_EQ(rows({gaps, "--solver", "best-fit"})[0].at("peak_bytes"), 8);
  const std::string pins = file("pins.csv", "id,lower,upper,size,pinned\na,0,9,4,8\nb,3,6,4,\n");
  const Json row = rows({pins, "--solver", "best-fit", "--out", "pinned-plan.csv"}).at(0);
  EXPECT_EQ(row.at("peak_bytes"), 12);
  EXPECT_EQ(row.at("lower_bound_bytes"), 12);
  EXPECT_EQ(row.at("lower_bound_name"), "pinned offset");
  EXPECT_THAT(read_file(scratch / "pinned-plan.csv"), HasSubstr("a,0,9,4,8\n"));
}

TEST_F(PlanVerb, RefusesToReplayWhatOnlyAPlanCanHold) {
  const std::string gaps = file("gaps.csv", "id,lower,upper,size,gaps\na,0,9,8,2-7\n");
  const Ran ran = run_program({"replay", gaps, "--min-time", "0"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("buffer a has a gap"), HasSubstr("vramlab plan")));
}

TEST_F(PlanVerb, ExplainsWhatBindsThePeak) {
  const Ran ran = run({instance, "--solver", "best-fit", "--explain"});
  EXPECT_THAT(ran.out, AllOf(HasSubstr("five.csv, best-fit\nmaximum load 12 (12 B) at time 0"), HasSubstr("b5")));
  const Json row = rows({instance, "--solver", "best-fit", "--explain"}).at(0);
  EXPECT_EQ(row.at("clique_buffers"), 3);
  EXPECT_EQ(row.at("most_live_buffers"), 3);
  EXPECT_EQ(row.at("overlaps"), 6);
  EXPECT_EQ(row.at("components"), 1);
  EXPECT_EQ(row.at("load_at_peak_bytes"), 12);
  EXPECT_TRUE(row.at("peak_time").is_number());
}

TEST_F(PlanVerb, HasColoursOnATerminal) {
  const Ran ran = run_on_terminal(plan_of({instance, "--solver", "best-fit"}));
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_THAT(ran.out, HasSubstr("\x1b[1minstance"));
}

// --- Bad input -------------------------------------------------------------------------------------------------------

struct BadPlan {
  std::vector<std::string> arguments;
  std::string says;
  std::string text = five;  ///< of the instance
};

void PrintTo(const BadPlan& bad, std::ostream* out) {
  for (const std::string& argument : bad.arguments) *out << argument << ' ';
  *out << bad.text;
}

class BadPlans : public ::testing::TestWithParam<BadPlan> {};

TEST_P(BadPlans, AreOneLineOnStderrWithExitCodeTwoAndLeaveNothing) {
  const ScratchFolder scratch;
  write_file(scratch / "x.csv", GetParam().text);
  std::vector<std::string> arguments{"plan", "x.csv"};
  const auto& more = GetParam().arguments;
  arguments.insert(arguments.end(), more.begin(), more.end());
  if (std::find(more.begin(), more.end(), "--solver") == more.end() &&
      std::find(more.begin(), more.end(), "--check") == more.end())
    arguments.insert(arguments.end(), {"--solver", "best-fit"});
  const Ran ran = run_program(arguments, {{}, scratch.path()});
  EXPECT_EQ(ran.exit_code, 2) << ran.err;
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(count_lines(ran.err), 1u) << ran.err;
  EXPECT_THAT(ran.err, AllOf(StartsWith("vramlab: error: "), HasSubstr(GetParam().says)));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path()), {}), 1);
}

INSTANTIATE_TEST_SUITE_P(
    Usage, BadPlans,
    ::testing::Values(
        BadPlan{{"--solver", "best-fti"}, "did you mean 'best-fit'"}, BadPlan{{"--solver", ""}, "no solver is named"},
        BadPlan{{"--set", "best-fit.fti=first"}, "did you mean 'fit'"},
        BadPlan{{"--set", "best-ftt.fit=first"}, "did you mean 'best-fit'"},
        BadPlan{{"--set", "fit=first"}, "SOLVER.OPTION=VALUE"},
        BadPlan{{"--set", "by-start.fit=first"}, "solver by-start takes no part"},
        BadPlan{{"--set", "best-fit.fit=worst"}, "best|first"}, BadPlan{{"--capacity", "lots"}, "capacity 'lots'"},
        BadPlan{{"--capacity", "0%"}, "capacity '0%'"}, BadPlan{{"--capacity", "99%"}, "maximum load"},
        BadPlan{{"--time-limit", "-1"}, "time_limit"}, BadPlan{{"--threads", "-1"}, "threads"},
        BadPlan{{"--granule", "0"}, "granule 0"}, BadPlan{{"--map", "map.bmp"}, ".svg or .png"},
        BadPlan{{"--map", "nowhere/map.svg"}, "no folder 'nowhere'"},
        BadPlan{{"--out", "nowhere/plan.csv"}, "no folder 'nowhere'"},
        BadPlan{{"--out", "p.csv", "--solver", "all"}, "--out is for one instance and one solver"},
        BadPlan{{"x.csv", "--out", "p.csv"}, "--out is for one instance and one solver"},
        BadPlan{{"x.csv", "--check", "p.csv"}, "--check is for one instance"}, BadPlan{{"--check", "p.csv"}, "p.csv"},
        BadPlan{{"--check", "p.csv", "--out", "q.csv"}, "--out does nothing with --check"},
        BadPlan{{"--check", "p.csv", "--solver", "best-fit"}, "--solver does nothing with --check"},
        BadPlan{{"--heap", "fast"}, "NAME=BYTES"}, BadPlan{{"--heap", "a=1", "--heap", "a=2"}, "named twice"},
        BadPlan{{"--heap", "a,b=1"}, "'a,b' is not a name"},
        BadPlan{{"--heap", "a=16", "--capacity", "16"}, "heaps have their own capacities"},
        BadPlan{{"missing.csv"}, "missing.csv"}));

INSTANTIATE_TEST_SUITE_P(
    Instances, BadPlans,
    ::testing::Values(BadPlan{{}, "no buffers", "id,lower,upper,size\n"},
                      BadPlan{{}, "x.csv:2: size 0", "id,lower,upper,size\na,0,1,0\n"},
                      BadPlan{{}, "x.csv:2: upper 4 is not above lower 4", "id,lower,upper,size\na,4,4,1\n"},
                      BadPlan{{}, "x.csv:3: id 'a' occurs twice", "id,lower,upper,size\na,0,1,1\na,0,1,1\n"},
                      BadPlan{{}, "this is a plan", "id,lower,upper,size,offset\na,0,1,1,0\n"},
                      BadPlan{{}, "a window of a gap", "id,lower,upper,size,gaps\na,0,9,1,2-3@0:1\n"},
                      BadPlan{{}, "alignment is 4", "id,lower,upper,size,alignment,pinned\na,0,9,1,4,2\n"},
                      BadPlan{{}, "not a trace of any known format", "nothing\n"}, BadPlan{{}, "x.csv", ""}));

}  // namespace
}  // namespace vramlab::test
