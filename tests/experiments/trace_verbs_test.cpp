#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "engine/pool/pool.h"
#include "experiments/kinds.h"
#include "run_program.h"
#include "traces/generate.h"

namespace vramlab::test {
namespace {

using ::testing::HasSubstr;

nlohmann::json rows_of(const std::vector<std::string>& arguments) {
  const Ran ran = run_program(arguments);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  return nlohmann::json::parse(ran.out);
}

TEST(TraceGenerate, EveryGeneratorWritesATraceThatInfoReads) {
  const ScratchFolder scratch;
  for (const GeneratorInfo& generator : generators()) {
    const std::string file = scratch / (std::string(generator.name) + ".vlt");
    const auto written = rows_of(
        {"trace", "generate", std::string(generator.name), "--events", "3000", "--out", file, "--format", "json"});
    const auto read = rows_of({"trace", "info", file, "--format", "json"});
    ASSERT_EQ(read.size(), 1u);
    EXPECT_GE(written[0].at("events").get<std::uint64_t>(), 3000u) << generator.name;
    EXPECT_EQ(read[0].at("allocs"), written[0].at("objects")) << generator.name;
    EXPECT_GT(read[0].at("peak_requested_bytes").get<std::uint64_t>(), 0u) << generator.name;
  }
}

TEST(TraceGenerate, TheSameSeedGivesTheSameBytesAndAnotherSeedOthers) {
  const ScratchFolder scratch;
  const auto bytes_of = [&scratch](const std::string& folder, const std::string& seed) {
    std::filesystem::create_directory(scratch / folder);
    const std::string file = scratch / (folder + "/t.vlt");
    const Ran ran = run_program({"trace", "generate", "uniform", "--events", "5000", "--seed", seed, "--out", file});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    return read_file(file);
  };
  EXPECT_EQ(bytes_of("a", "1"), bytes_of("b", "1"));
  EXPECT_NE(bytes_of("c", "1"), bytes_of("d", "2"));
}

TEST(TraceGenerate, LeavesNothingBehindWhenItFails) {
  const ScratchFolder scratch;
  const Ran ran = run_program({"trace", "generate", "uniform", "--set", "no_such=1", "--out", scratch / "t.vlt"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
}

TEST(TraceConvert, KeepsWhatInfoTells) {
  const ScratchFolder scratch;
  const std::string snapshot = VRAMLAB_SOURCE_DIR "/traces/bundled/alexnet-train-b256.pickle.xz";
  const Ran ran = run_program({"trace", "convert", snapshot, scratch / "t.vlt"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  auto before = rows_of({"trace", "info", snapshot, "--format", "json"});
  auto after = rows_of({"trace", "info", scratch / "t.vlt", "--format", "json"});
  for (auto* rows : {&before, &after}) {
    (*rows)[0].erase("trace");
    (*rows)[0].erase("format");
  }
  EXPECT_EQ(before, after);
}

TEST(TraceInfo, IsReadableAndFlat) {
  const std::string snapshot = VRAMLAB_SOURCE_DIR "/traces/bundled/alexnet-train-b256.pickle.xz";
  const Ran ran = run_program({"trace", "info", snapshot});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  for (const char* part : {"peak requested", "sizes up to", "lifetimes", "streams", "iterations", "##"})
    EXPECT_THAT(ran.out, HasSubstr(part));
  const auto rows = rows_of({"trace", "info", snapshot, "--format", "json"});
  for (const auto& [name, value] : rows[0].items()) EXPECT_TRUE(value.is_primitive()) << name;
}

TEST(List, NamesWhatTheRegistriesHold) {
  const auto rows = rows_of({"list", "pools", "--format", "json"});
  ASSERT_EQ(rows.size(), pools().size());
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].at("name"), pools()[i].name);
}

TEST(List, KnowsEveryKindInEveryFormat) {
  for (const KindInfo& kind : kinds())
    for (const char* format : {"table", "json", "csv"}) {
      const Ran ran = run_program({"list", std::string(kind.name), "--format", format});
      EXPECT_EQ(ran.exit_code, 0) << kind.name << ran.err;
      for (const KindEntry& entry : kind.entries()) EXPECT_THAT(ran.out, HasSubstr(entry.name)) << kind.name;
    }
}

TEST(Machine, ShowsEveryModelThatItLists) {
  const auto machines = rows_of({"machine", "list", "--format", "json"});
  ASSERT_FALSE(machines.empty());
  for (const auto& machine : machines) {
    const auto shown = rows_of({"machine", "show", machine.at("name"), "--format", "json"});
    EXPECT_EQ(shown[0].at("device_memory_bytes"), machine.at("device_memory_bytes"));
  }
}

TEST(Machine, ItsYamlIsAModelAgain) {
  const ScratchFolder scratch;
  const Ran ran = run_program({"machine", "show", "rtx4090", "--yaml"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  write_file(scratch / "mine.yaml", ran.out);
  EXPECT_EQ(rows_of({"machine", "show", scratch / "mine.yaml", "--format", "json"}),
            rows_of({"machine", "show", "rtx4090", "--format", "json"}));
}

}  // namespace
}  // namespace vramlab::test
