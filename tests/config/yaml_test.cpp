#include "engine/config/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "engine/core/error.h"

namespace vramlab {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// What the error says when `body` reads `text` as a mapping.
std::string error_of(const std::string& text, const std::function<void(YamlMap&)>& body = [](YamlMap&) {}) {
  try {
    YamlFile::parse(text, "m.yaml").root().read_map(body);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "no error";
}

std::string error_taking(const std::string& value, const std::function<void(const YamlValue&)>& read) {
  return error_of("key: " + value, [&](YamlMap& map) { read(map.take("key")); });
}

TEST(Yaml, ReadsEachTypeFromItsKey) {
  const YamlFile file = YamlFile::parse(
      "name: a b\nquoted: \"7\"\ncount: -3\nshare: 0.25\non: true\nmemory: 1.5GiB\nlatency: 0.783 us\n"
      "link: 55.5 GB/s\nlist: [1, 2]\nnested: {deep: {value: 9}}\n",
      "m.yaml");
  file.root().read_map([](YamlMap& map) {
    EXPECT_EQ(map.take("name").text(), "a b");
    EXPECT_EQ(map.take("quoted").text(), "7");
    EXPECT_EQ(map.take("count").integer(), -3);
    EXPECT_EQ(map.take("share").real(), 0.25);
    EXPECT_TRUE(map.take("on").flag());
    EXPECT_EQ(map.take("memory").bytes(), 1536_MiB);
    EXPECT_EQ(map.take("latency").duration(), 783_ns);
    EXPECT_EQ(map.take("link").bandwidth(), 55'500'000'000u);
    EXPECT_EQ(map.take("list").list().at(1).integer(), 2);
    EXPECT_FALSE(map.take_if("absent").has_value());
    map.take("nested").read_map([](YamlMap& nested) {
      nested.take("deep").read_map([](YamlMap& deep) {
        const YamlValue value = deep.take("value");
        EXPECT_EQ(value.path(), "nested.deep.value");
        EXPECT_EQ(value.where().text(), "m.yaml:10:24");
        EXPECT_EQ(value.integer(), 9);
      });
    });
  });
}

TEST(Yaml, NamesAnUnknownKeyItsPlaceAndTheNearestKnownOne) {
  const std::string error = error_of("latency: 1\nbandwith: 2\n", [](YamlMap& map) {
    map.take("latency");
    map.take_if("bandwidth");
  });
  EXPECT_THAT(error, AllOf(HasSubstr("m.yaml:2:1"), HasSubstr("unknown key 'bandwith'"),
                           HasSubstr("did you mean 'bandwidth'")));
}

TEST(Yaml, PointsAtTheMisspeltKeyWhereARequiredOneIsMissing) {
  const std::string error = error_of("a: 1\nlatncy: 2\n", [](YamlMap& map) { map.take("latency"); });
  EXPECT_THAT(error, AllOf(HasSubstr("m.yaml:2:1"), HasSubstr("'latency' is missing"), HasSubstr("'latncy'")));
  EXPECT_THAT(error_of("a: 1\n", [](YamlMap& map) { map.take("latency"); }), HasSubstr("'latency' is missing"));
}

TEST(Yaml, RefusesAKeyWrittenTwice) {
  EXPECT_THAT(error_of("a: 1\nb: 2\na: 3\n"),
              AllOf(HasSubstr("m.yaml:3:1"), HasSubstr("'a' stands twice"), HasSubstr("first at line 1")));
}

TEST(Yaml, RefusesValuesOfAnotherTypeWithTheirPlace) {
  EXPECT_THAT(error_taking("[1]", [](const YamlValue& v) { v.text(); }),
              AllOf(HasSubstr("m.yaml:1:6"), HasSubstr("expected text, found a list")));
  EXPECT_THAT(error_taking("{a: 1}", [](const YamlValue& v) { v.list(); }), HasSubstr("found a mapping"));
  EXPECT_THAT(error_taking("", [](const YamlValue& v) { v.integer(); }), HasSubstr("found nothing"));
  EXPECT_THAT(error_taking("\"7\"", [](const YamlValue& v) { v.integer(); }), HasSubstr("found quoted text"));
  EXPECT_THAT(error_taking("7x", [](const YamlValue& v) { v.integer(); }), HasSubstr("'7x' is not a whole number"));
  EXPECT_THAT(error_taking("9", [](const YamlValue& v) { v.integer(1, 8); }), HasSubstr("9 is outside 1 to 8"));
  EXPECT_THAT(error_taking("nan", [](const YamlValue& v) { v.real(); }), HasSubstr("is not a number"));
  EXPECT_THAT(error_taking("yes", [](const YamlValue& v) { v.flag(); }), HasSubstr("neither true nor false"));
  EXPECT_THAT(error_taking("3 apples", [](const YamlValue& v) { v.bytes(); }),
              AllOf(HasSubstr("m.yaml:1:6"), HasSubstr("key: '3 apples' is not a byte count")));
  EXPECT_THAT(error_taking("3", [](const YamlValue& v) { v.duration(); }), HasSubstr("the unit is missing"));
}

TEST(Yaml, TurnsSyntaxErrorsIntoConfigErrorsWithLineAndColumn) {
  EXPECT_THAT(error_of("a: 1\nb: [1, 2\n"), HasSubstr("m.yaml:3:1"));
  EXPECT_THAT(error_of("a: 'open\n"), HasSubstr("m.yaml:"));
}

TEST(Yaml, RefusesWhatMakesASmallFileALargeOne) {
  EXPECT_THAT(error_of("a: &x [1, 2]\nb: 1\n"), AllOf(HasSubstr("m.yaml:1:"), HasSubstr("anchors are not read")));
  EXPECT_THAT(error_of("a: *x\n"), HasSubstr("m.yaml:1:"));
  EXPECT_THAT(error_of("a: !!binary aGk=\n"), HasSubstr("tags are not read"));
  EXPECT_THAT(error_of("a: 1\n---\nb: 2\n"), HasSubstr("a second document begins"));
  EXPECT_THAT(error_of("[a, b]: 1\n"), HasSubstr("a key must be a plain word"));
  EXPECT_THAT(error_of(std::string((1 << 20) + 1, ' ')), HasSubstr("too large"));
}

TEST(Yaml, RefusesDeepNestingInEveryNotation) {
  const auto repeated = [](const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  for (const char* opening : {"[", "{a: ", "- ", "? ", "[{"})
    EXPECT_THAT(error_of("a: " + repeated(opening, 5000)), HasSubstr("m.yaml:")) << opening;
  std::string indented;
  for (std::size_t level = 0; level < 300; ++level) indented += std::string(level, ' ') + "a:\n";
  EXPECT_THAT(error_of(indented), HasSubstr("nested deeper than 100 levels"));
}

TEST(Yaml, RefusesARootThatIsNoMapping) {
  EXPECT_THAT(error_of(""), HasSubstr("expected a mapping, found nothing"));
  EXPECT_THAT(error_of("- 1\n"), HasSubstr("expected a mapping, found a list"));
}

TEST(Yaml, SaysThatAFileCannotBeOpened) {
  EXPECT_THROW(YamlFile::load("/no/such/file.yaml"), ConfigError);
  EXPECT_THROW(YamlFile::load(std::filesystem::temp_directory_path().string()), ConfigError);
}

TEST(Yaml, HandsOutTheKeysOfTheUsersOwnInOrder) {
  const YamlFile file = YamlFile::parse("known: 1\nzeta: 2\nalpha: 3\n", "m.yaml");
  file.root().read_map([](YamlMap& map) {
    map.take("known");
    const auto rest = map.take_rest();
    ASSERT_EQ(rest.size(), 2u);
    EXPECT_EQ(rest[0].first, "zeta");
    EXPECT_EQ(rest[1].second.integer(), 3);
  });
}

}  // namespace
}  // namespace vramlab
