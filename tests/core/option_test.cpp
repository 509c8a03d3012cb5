#include "engine/core/option.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "engine/core/error.h"
#include "engine/core/registry.h"

namespace vramlab {
namespace {

constexpr OptionSpec table[] = {
    {.name = "size", .kind = OptionKind::bytes, .default_text = "2MiB", .reason = "a size"},
    {.name = "count",
     .kind = OptionKind::integer,
     .default_text = "3",
     .reason = "a count",
     .at_least = 1,
     .at_most = 9},
    {.name = "share",
     .kind = OptionKind::real,
     .default_text = "0.5",
     .reason = "a share",
     .at_least = 0,
     .at_most = 1},
    {.name = "on", .kind = OptionKind::flag, .default_text = "true", .reason = "a switch"},
    {.name = "way", .kind = OptionKind::choice, .default_text = "best", .reason = "a way", .choices = "best|first"},
    {.name = "note", .kind = OptionKind::text, .default_text = "", .reason = "a note"},
};

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "nothing thrown";
}

TEST(Options, StartWithTheirDefaults) {
  const OptionValues values("pool x", table);
  EXPECT_EQ(values.bytes("size"), 2_MiB);
  EXPECT_EQ(values.integer("count"), 3);
  EXPECT_EQ(values.real("share"), 0.5);
  EXPECT_TRUE(values.flag("on"));
  EXPECT_EQ(values.text("way"), "best");
  EXPECT_EQ(values.items()[0].source, "default");
}

TEST(Options, RememberWhereAValueCameFrom) {
  OptionValues values("pool x", table);
  values.set("size", "1GiB", "flag");
  values.set_if_default("size", "4GiB", "recording");
  values.set_if_default("count", "4", "recording");
  EXPECT_EQ(values.bytes("size"), 1_GiB);
  EXPECT_EQ(values.items()[0].source, "flag");
  EXPECT_EQ(values.items()[1].source, "recording");
}

TEST(Options, SuggestTheNearestName) {
  OptionValues values("pool x", table);
  const std::string message = message_of([&] { values.set("cuont", "4", "flag"); });
  EXPECT_NE(message.find("did you mean 'count'"), std::string::npos) << message;
  EXPECT_NE(message.find("pool x"), std::string::npos) << message;
}

TEST(Options, RefuseWhatIsNotOfTheirKind) {
  OptionValues values("pool x", table);
  for (const auto& [name, text] : std::vector<std::pair<const char*, const char*>>{{"size", "2 parsecs"},
                                                                                   {"size", "-1"},
                                                                                   {"size", ""},
                                                                                   {"count", "0"},
                                                                                   {"count", "10"},
                                                                                   {"count", "3x"},
                                                                                   {"share", "nan"},
                                                                                   {"share", "1.5"},
                                                                                   {"on", "yes"},
                                                                                   {"way", "worst"},
                                                                                   {"way", "best|first"}})
    EXPECT_THROW(values.set(name, text, "flag"), ConfigError) << name << "=" << text;
  EXPECT_EQ(values.integer("count"), 3);
}

TEST(Bytes, ParseBinaryAndDecimalSuffixes) {
  EXPECT_EQ(parse_bytes("4096"), Bytes(4096));
  EXPECT_EQ(parse_bytes("512KiB"), 512_KiB);
  EXPECT_EQ(parse_bytes("1.5GiB"), Bytes(1610612736));
  EXPECT_EQ(parse_bytes("2GB"), Bytes(2'000'000'000));
  EXPECT_EQ(parse_bytes("12 MiB"), 12_MiB);
  EXPECT_EQ(parse_bytes("unlimited"), unlimited_bytes);
  EXPECT_THROW(parse_bytes("99999999999999999999"), ConfigError);
  EXPECT_THROW(parse_bytes("9999999999TiB"), ConfigError);
  EXPECT_THROW(parse_bytes("1.2.3MiB"), ConfigError);
}

TEST(Bytes, PrintInReadableUnits) {
  EXPECT_EQ(format_bytes(Bytes(512)), "512 B");
  EXPECT_EQ(format_bytes(1536_MiB), "1.50 GiB");
  EXPECT_EQ(format_bytes(unlimited_bytes), "unlimited");
}

TEST(Bytes, RoundToGranules) {
  EXPECT_TRUE(rc::check([] {
    const Bytes bytes(*rc::gen::inRange<std::uint64_t>(0, max_object_bytes.value));
    const Bytes granule(*rc::gen::inRange<std::uint64_t>(1, 1 << 22));
    RC_ASSERT(round_up(bytes, granule) >= bytes && round_up(bytes, granule) < bytes + granule);
    RC_ASSERT(round_down(bytes, granule) <= bytes && round_down(bytes, granule) + granule > bytes);
    RC_ASSERT(round_up(bytes, granule) % granule == Bytes(0));
  }));
}

TEST(Registry, ListsTheKnownNamesForAnUnknownOne) {
  struct Row {
    std::string_view name;
  };
  static constexpr Row rows[] = {{"lru"}, {"belady"}};
  EXPECT_EQ(find_row(std::span<const Row>(rows), "swap", "lru").name, "lru");
  const std::string message = message_of([] { find_row(std::span<const Row>(rows), "swap", "lur"); });
  EXPECT_NE(message.find("unknown swap 'lur'"), std::string::npos) << message;
  EXPECT_NE(message.find("did you mean 'lru'"), std::string::npos) << message;
  EXPECT_NE(message.find("belady"), std::string::npos) << message;
}

TEST(Errors, SayWhereWhatAndWhatWouldMendIt) {
  EXPECT_STREQ(TraceError("a size is negative", Where::at_line("x.csv", 7), "sizes are bytes").what(),
               "x.csv:7: a size is negative (sizes are bytes)");
  EXPECT_STREQ(TraceError("truncated", Where::at_byte("x.pickle", 12)).what(), "x.pickle: byte 12: truncated");
  EXPECT_STREQ(ConfigError("bad", {.file = "c.yaml", .line = 3, .column = 5, .byte = {}}).what(), "c.yaml:3:5: bad");
  EXPECT_STREQ(ConfigError("bad", Where::at_line("", 3)).what(), "line 3: bad");
}

TEST(Errors, KnowTheirExitCodes) {
  EXPECT_EQ(TraceError("").exit_code(), 2);
  EXPECT_EQ(ConfigError("").exit_code(), 2);
  EXPECT_EQ(HardwareMissing("").exit_code(), 3);
  EXPECT_EQ(OutOfMemory("").exit_code(), 1);
  EXPECT_EQ(InvariantError("").exit_code(), 1);
}

}  // namespace
}  // namespace vramlab
