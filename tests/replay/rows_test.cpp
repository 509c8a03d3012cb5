#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <limits>

#include "engine/core/error.h"
#include "engine/replay/report.h"

namespace vramlab {
namespace {

using testing::HasSubstr;

const Row every_kind{
    {"text", std::string("a \"quoted\", line\nand \t tab")}, {"none", nullptr},          {"yes", true},
    {"count", std::numeric_limits<std::uint64_t>::max()},    {"time", std::int64_t{-5}}, {"ratio", 0.1 + 0.2}};

TEST(Rows, AreOneArrayOfFlatObjects) {
  EXPECT_EQ(rows_to_json({every_kind, {{"a", 1.0}}}),
            "[\n  {\"text\":\"a \\\"quoted\\\", line\\nand \\t tab\",\"none\":null,\"yes\":true,"
            "\"count\":18446744073709551615,\"time\":-5,\"ratio\":0.30000000000000004},\n  {\"a\":1.0}\n]\n");
  EXPECT_EQ(rows_to_json({}), "[]\n");
}

TEST(Rows, AreReadBackAsTheyWereWritten) {
  const auto rows = read_rows(rows_to_json({every_kind, every_kind}), "results.json");
  ASSERT_EQ(rows.size(), 2u);
  ASSERT_EQ(rows[1].size(), every_kind.size());
  for (std::size_t i = 0; i < every_kind.size(); ++i) {
    EXPECT_EQ(rows[1][i].first, every_kind[i].name);
    EXPECT_EQ(rows[1][i].second, every_kind[i].value) << every_kind[i].name;
  }
}

RC_GTEST_PROP(Rows, KeepEveryDoubleAndEveryText, (double value, const std::string& text)) {
  const std::string ascii = [&] {
    std::string kept;
    for (const char c : text) kept += static_cast<char>(c & 0x7f);
    return kept;
  }();
  const auto rows = read_rows(rows_to_json({{{"value", value}, {"text", ascii}}}), "results.json");
  RC_ASSERT(std::get<double>(rows.at(0).at(0).second) == value);
  RC_ASSERT(std::get<std::string>(rows.at(0).at(1).second) == ascii);
}

TEST(Rows, ATextThatIsNotUtf8StillGivesJson) {
  const auto rows = read_rows(rows_to_json({{{"trace", std::string("\xff.pickle")}}}), "results.json");
  EXPECT_EQ(std::get<std::string>(rows[0][0].second), "\xef\xbf\xbd.pickle");
}

TEST(Rows, AsCsvFollowRfc4180) {
  EXPECT_EQ(rows_to_csv({every_kind}),
            "text,none,yes,count,time,ratio\r\n"
            "\"a \"\"quoted\"\", line\nand \t tab\",,true,18446744073709551615,-5,0.30000000000000004\r\n");
  EXPECT_EQ(rows_to_csv({{{"empty", std::string()}, {"null", nullptr}}}), "empty,null\r\n\"\",\r\n");
  EXPECT_EQ(rows_to_csv({}), "");
}

TEST(Rows, OfOneCsvHaveTheSameFields) { EXPECT_THROW(rows_to_csv({{{"a", true}}, {{"b", true}}}), InvariantError); }

struct Bad {
  const char* json;
  std::uint64_t byte;
  const char* message;
};

TEST(Rows, RefuseWhatIsNotOneArrayOfFlatObjectsAndSayWhere) {
  const Bad bads[] = {{"", 0, "unexpected end"},
                      {"{\"a\":1}", 0, "an object outside the array"},
                      {"3", 0, "a value outside an object"},
                      {"[1]", 2, "a value outside an object"},
                      {"[[]]", 1, "an array inside the array"},
                      {"[{\"a\":{}}]", 6, "an object inside an object"},
                      {"[{\"a\":[1]}]", 6, "an array inside the array"},
                      {"[{\"a\":1,\"a\":2}]", 10, "field 'a' twice"},
                      {"[{\"a\":1}", 8, "not JSON"},
                      {"[{\"a\":1}] 2", 10, "not JSON"},
                      {"[{\"a\":01}]", 7, "not JSON"},
                      {"[{\"a\":1e999}]", 10, "not JSON"},
                      {"[{\"a\":nan}]", 7, "not JSON"},
                      {"[{\"a\":\"\xff\"}]", 7, "not JSON"}};
  for (const Bad& bad : bads) {
    try {
      read_rows(bad.json, "results.json");
      ADD_FAILURE() << "accepted " << bad.json;
    } catch (const TraceError& error) {
      EXPECT_THAT(error.what(), HasSubstr(bad.message)) << bad.json;
      EXPECT_EQ(error.where().byte, bad.byte) << bad.json << ": " << error.what();
    }
  }
}

TEST(Rows, NestingHoweverDeepIsRefusedAtItsBeginning) {
  EXPECT_THROW(read_rows(std::string(10'000'000, '['), "results.json"), TraceError);
}

}  // namespace
}  // namespace vramlab
