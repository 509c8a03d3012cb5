#include "engine/replay/digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xxhash.h>
#include <vector>

namespace vramlab {
namespace {

std::vector<Decision> some_decisions(std::size_t count) {
  std::vector<Decision> decisions;
  for (std::uint32_t i = 0; i < count; ++i)
    decisions.push_back(
        {.kind = DecisionKind::place, .stream = 3, .object = i, .segment = i / 7, .offset = i * 512ull, .bytes = 512});
  return decisions;
}

TEST(Digest, IsXxh3OfTheRecordsAsTheyLieInMemory) {
  const auto decisions = some_decisions(1000);
  DigestSink sink;
  sink.on_decisions(decisions);
  EXPECT_EQ(sink.value(), XXH3_64bits(decisions.data(), decisions.size() * 32));
}

TEST(Digest, DoesNotDependOnTheBatches) {
  const auto decisions = some_decisions(1000);
  DigestSink whole, parts;
  whole.on_decisions(decisions);
  for (std::size_t i = 0; i < decisions.size(); i += 10) parts.on_decisions(std::span(decisions).subspan(i, 10));
  EXPECT_EQ(whole.hex(), parts.hex());
}

TEST(Digest, ChangesWithOneByteOfOneRecord) {
  auto decisions = some_decisions(1000);
  DigestSink before, after;
  before.on_decisions(decisions);
  decisions[999].bytes ^= 1;
  after.on_decisions(decisions);
  EXPECT_NE(before.hex(), after.hex());
}

TEST(Digest, IsSixteenHexadecimalDigitsEvenOfNothing) {
  EXPECT_THAT(DigestSink().hex(), testing::MatchesRegex("[0-9a-f]{16}"));
  EXPECT_EQ(DigestSink().value(), XXH3_64bits(nullptr, 0));
}

TEST(Digest, OfALogBeginsWithItsVersionRecord) {
  DigestSink sink;
  DecisionLog log;
  log.add_sink(sink);
  log.flush();
  const Decision version{.kind = DecisionKind::version, .bytes = decision_format_version};
  EXPECT_EQ(sink.value(), XXH3_64bits(&version, sizeof version));
}

}  // namespace
}  // namespace vramlab
