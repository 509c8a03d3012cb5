#include "traces/generate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "engine/core/error.h"
#include "files.h"
#include "generated.h"
#include "trace_values.h"
#include "traces/generate_support.h"
#include "traces/vlt.h"

namespace vramlab {
namespace {

using namespace vramlab::test;

class EveryGenerator : public ::testing::TestWithParam<std::string_view> {};

INSTANTIATE_TEST_SUITE_P(Registry, EveryGenerator, ::testing::ValuesIn(names_of(generators())),
                         [](const auto& parameter) {
                           std::string name(parameter.param);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_P(EveryGenerator, MakesAValidTraceOfAtLeastTheEventsAskedFor) {
  for (const std::uint64_t events : {0, 1, 1000, 50'000})
    EXPECT_GE(unmarked_events(made(GetParam(), events, 3)), events);
}

TEST_P(EveryGenerator, GivesTheSameTraceForTheSameSeed) {
  EXPECT_EQ(digest(made(GetParam(), 30'000, 11)), digest(made(GetParam(), 30'000, 11)));
}

TEST_P(EveryGenerator, GivesAnotherTraceForAnotherSeedUnlessNothingIsDrawn) {
  const bool same = digest(made(GetParam(), 30'000, 11)) == digest(made(GetParam(), 30'000, 12));
  EXPECT_EQ(same, GetParam() == "transformer");
}

TEST_P(EveryGenerator, IsTheBeginningOfItsLongerSelf) {
  const Trace small = made(GetParam(), 10'000, 5);
  const Trace large = made(GetParam(), 90'000, 5);
  ASSERT_LE(small.event_count(), large.event_count());
  EXPECT_TRUE(std::equal(small.kinds.begin(), small.kinds.end(), large.kinds.begin()));
  EXPECT_TRUE(std::equal(small.subjects.begin(), small.subjects.end(), large.subjects.begin()));
  EXPECT_TRUE(std::equal(small.sizes.begin(), small.sizes.end(), large.sizes.begin()));
}

TEST_P(EveryGenerator, HandsOverPartsThatContinueEachOther) {
  const GeneratorInfo& info = generator(GetParam());
  const GenerateRequest request{.events = 2'200'000, .seed = 7};
  std::uint64_t events = 0, objects = 0, ops = 0;
  std::vector<std::size_t> part_sizes;
  info.generate(request, [&](Trace&& part) {
    std::uint64_t next_object = objects, next_op = ops;
    for (std::size_t i = 0; i < part.event_count(); ++i) {
      if (part.kinds[i] == EventKind::alloc) {
        ASSERT_EQ(part.subjects[i], next_object++);
      }
      if (part.kinds[i] == EventKind::op) {
        ASSERT_EQ(part.subjects[i], next_op++);
      }
    }
    events += part.event_count();
    objects += part.object_count();
    ops += part.operators.size();
    ASSERT_EQ(objects, next_object);
    ASSERT_EQ(ops, next_op);
    part_sizes.push_back(part.event_count());
  });
  ASSERT_GE(part_sizes.size(), 3u);
  for (std::size_t i = 0; i + 1 < part_sizes.size(); ++i) EXPECT_EQ(part_sizes[i], PartWriter::part_events);
  const Trace whole = generate_trace(info, request);
  validate(whole);
  EXPECT_EQ(whole.event_count(), events);
  EXPECT_EQ(whole.object_count(), objects);
  EXPECT_EQ(whole.operators.size(), ops);
}

TEST_P(EveryGenerator, SurvivesBeingWrittenPartByPartAndReadBack) {
  const TemporaryFolder folder;
  const GenerateRequest request{.events = 1'200'000, .seed = 8};
  const std::string path = folder.path("trace.vlt");
  VltWriter writer(path, std::string(GetParam()));
  generator(GetParam()).generate(request, [&writer](Trace&& part) { writer.append(part); });
  writer.finish();
  const std::vector<Trace> read = read_vlt(bytes_of(content_of(path)), path);
  ASSERT_EQ(read.size(), 1u);
  expect_same(read.front(), generate_trace(generator(GetParam()), request));
}

TEST_P(EveryGenerator, UsesItsDefaultsWithoutOptions) {
  EXPECT_EQ(digest(generate_trace(generator(GetParam()), {.events = 5000, .seed = 1})),
            digest(made(GetParam(), 5000, 1)));
}

TEST_P(EveryGenerator, RefusesMoreEventsThanObjectsCanBeNumbered) {
  EXPECT_THROW(generator(GetParam()).generate({.events = 4'000'000'001}, [](Trace&&) {}), ConfigError);
}

TEST_P(EveryGenerator, GivesEachOptionADefaultThatItAcceptsAndAReason) {
  OptionValues options(GetParam(), generator(GetParam()).options);
  for (const OptionSpec& spec : generator(GetParam()).options) {
    EXPECT_FALSE(spec.reason.empty()) << spec.name;
    EXPECT_NO_THROW(options.set(spec.name, spec.default_text, "test")) << spec.name;
  }
}

TEST(Generators, MakeTheseVeryTraces) {
  const std::map<std::string_view, std::uint64_t> golden{
      {"uniform", 0x2c7c6d5b42d09776},   {"lognormal", 0x714c2b5241de3cc0},       {"transformer", 0x3bed23ea3391fbd4},
      {"cnn", 0x905015b2e28e12ed},       {"variable-length", 0x5760595cfb80c8be}, {"moe", 0xd575ffa14039de33},
      {"fragmenter", 0x1fb33f033d6c33a1}};
  for (const GeneratorInfo& info : generators())
    EXPECT_EQ(digest(made(info.name, 20'000, 42)), golden.at(info.name)) << info.name;
}

void expect_refused(std::string_view name, const Settings& settings, const std::string& words) {
  const OptionValues options = options_for(generator(name), settings);
  try {
    generator(name).generate({.events = 10, .options = &options}, [](Trace&&) {});
    FAIL() << name << " took them";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr(words));
  }
}

TEST(GeneratorOptions, ThatContradictEachOtherAreRefusedByName) {
  expect_refused("uniform", {{"min_size", "3MiB"}}, "min_size");
  expect_refused("uniform", {{"min_size", "0"}}, "min_size");
  expect_refused("uniform", {{"max_size", "unlimited"}}, "max_size");
  expect_refused("lognormal", {{"live", "5"}, {"burst", "6"}}, "burst");
  expect_refused("variable-length", {{"min_sequence", "2000"}}, "min_sequence");
  expect_refused("moe", {{"top", "9"}}, "top");
  expect_refused("fragmenter", {{"phases", "30"}}, "phases");
  expect_refused("fragmenter", {{"limit", "100TiB"}}, "limit");
}

TEST(GeneratorOptions, ThatLeadToBoundlessTensorsAreRefused) {
  expect_refused("transformer", {{"sequence", "10000000"}, {"batch", "1000000"}, {"heads", "10000"}}, "batch");
  expect_refused("cnn", {{"image", "100000"}, {"batch", "1000000"}}, "batch");
}

}  // namespace
}  // namespace vramlab
