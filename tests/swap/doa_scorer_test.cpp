#include "engine/swap/doa_scorer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "engine/core/error.h"
#include "engine/swap/pressure_level.h"
#include "properties.h"

namespace vramlab {
namespace {

using enum SwapPriority;

TEST(DOAScorer, ScoreIsTheWeightedSumOfFourFactors) {
  DOAScorer scorer;
  scorer.add(ObjectId(7), 16_MiB, medium);
  scorer.record_access(ObjectId(7), Bytes(0), Bytes(0), 10);
  const DOAScorer::Factors factors = scorer.factors(ObjectId(7), 266);
  EXPECT_EQ(factors.recency, 500'000U);    // 256 / (256 + 256)
  EXPECT_EQ(factors.frequency, 800'623U);  // 257 / (257 + 64)
  EXPECT_EQ(factors.pattern, 500'000U);    // random: nothing known
  EXPECT_EQ(factors.size, 500'000U);       // 16 MiB / (16 MiB + 16 MiB)
  EXPECT_EQ(scorer.score(ObjectId(7), 266), 590'186'900U);
}

TEST(DOAScorer, WeightsAreThoseOfTheDocument) {
  const OptionValues values("doa", doa_scorer_options());
  const DOASettings settings = doa_settings(values), defaults;
  EXPECT_EQ(settings.weights, (std::array<std::uint32_t, 4>{300, 300, 200, 200}));
  EXPECT_EQ(settings.weights, defaults.weights);
  EXPECT_EQ(settings.patterns, defaults.patterns);
  EXPECT_EQ(settings.recency_half, defaults.recency_half);
  EXPECT_EQ(settings.frequency_half, defaults.frequency_half);
  EXPECT_EQ(settings.size_half, defaults.size_half);
}

TEST(DOAScorer, AWeightAloneCountsWhole) {
  OptionValues values("doa", doa_scorer_options());
  for (const char* name : {"weight_recency", "weight_frequency", "weight_pattern"}) values.set(name, "0", "test");
  DOAScorer scorer(doa_settings(values));
  scorer.add(ObjectId(0), 48_MiB);
  EXPECT_EQ(scorer.score(ObjectId(0), 5), 750'000'000U);
  values.set("weight_size", "0", "test");
  EXPECT_THROW(doa_settings(values), ConfigError);
}

TEST(DOAScorer, PatternsCountAsConfigured) {
  DOAScorer scorer;
  scorer.add(ObjectId(0), 1_MiB);
  scorer.add(ObjectId(1), 1_MiB);
  for (std::uint64_t i = 0; i < 4; ++i) {
    scorer.record_access(ObjectId(0), Bytes(i * 100), Bytes(100), i);
    scorer.record_access(ObjectId(1), Bytes(0), Bytes(0), i);
  }
  EXPECT_EQ(scorer.access_figures(ObjectId(0)).pattern, AccessPattern::sequential);
  EXPECT_EQ(scorer.access_figures(ObjectId(1)).pattern, AccessPattern::temporal);
  EXPECT_EQ(scorer.factors(ObjectId(0), 9).pattern, 1'000'000U);
  EXPECT_EQ(scorer.factors(ObjectId(1), 9).pattern, 200'000U);
}

TEST(DOAScorer, AbsenceCountsFromTheLastAccessOrFromTheBeginning) {
  DOAScorer scorer;
  scorer.add(ObjectId(0), 1_MiB);
  EXPECT_EQ(scorer.absence(ObjectId(0), 40), 40U);
  scorer.record_access(ObjectId(0), Bytes(0), Bytes(0), 100);
  scorer.add(ObjectId(1), 1_MiB);
  EXPECT_EQ(scorer.absence(ObjectId(0), 130), 30U);
  EXPECT_EQ(scorer.absence(ObjectId(1), 130), 30U);
  EXPECT_EQ(scorer.absence(ObjectId(1), 90), 0U);
  EXPECT_EQ(scorer.expected_access(ObjectId(0)), std::nullopt);
  scorer.record_access(ObjectId(0), Bytes(0), Bytes(0), 120);
  EXPECT_EQ(scorer.expected_access(ObjectId(0)), 140U);
}

TEST(DOAScorer, CheaperPrioritiesGoFirstWhateverTheirScore) {
  DOAScorer scorer;
  scorer.add(ObjectId(0), 1000_MiB, high);
  scorer.add(ObjectId(1), 100_MiB, medium);
  scorer.add(ObjectId(2), 10_MiB, low);
  scorer.add(ObjectId(3), 1_MiB, idle);
  scorer.add(ObjectId(4), 4000_MiB, critical);
  const auto of = [&](PressureLevel level) {
    std::vector<std::uint32_t> ids;
    for (const ObjectId id : scorer.candidates(unlimited_bytes, level, 50)) ids.push_back(id.value);
    return ids;
  };
  EXPECT_EQ(of(PressureLevel::low), (std::vector<std::uint32_t>{}));
  EXPECT_EQ(of(PressureLevel::moderate), (std::vector<std::uint32_t>{3}));
  EXPECT_EQ(of(PressureLevel::high), (std::vector<std::uint32_t>{3, 2}));
  EXPECT_EQ(of(PressureLevel::critical), (std::vector<std::uint32_t>{3, 2, 1}));
  EXPECT_EQ(of(PressureLevel::extreme), (std::vector<std::uint32_t>{3, 2, 1, 0}));
  scorer.set_priority(ObjectId(0), idle);
  EXPECT_EQ(of(PressureLevel::moderate), (std::vector<std::uint32_t>{0, 3}));
}

TEST(DOAScorer, NoMoreGoThanIsWanted) {
  DOAScorer scorer;
  for (std::uint32_t i = 0; i < 5; ++i) scorer.add(ObjectId(i), 4_MiB);
  EXPECT_EQ(scorer.candidates(Bytes(0), PressureLevel::critical, 1).size(), 0U);
  EXPECT_EQ(scorer.candidates(8_MiB, PressureLevel::critical, 1).size(), 2U);
  EXPECT_EQ(scorer.candidates(8_MiB + 1_B, PressureLevel::critical, 1),
            (std::vector{ObjectId(0), ObjectId(1), ObjectId(2)}));
}

TEST(DOAScorer, WhatIsPinnedStays) {
  DOAScorer scorer;
  scorer.add(ObjectId(0), 1_MiB);
  scorer.pin(ObjectId(0));
  scorer.pin(ObjectId(0));
  scorer.unpin(ObjectId(0));
  EXPECT_TRUE(scorer.pinned(ObjectId(0)));
  EXPECT_TRUE(scorer.candidates(1_MiB, PressureLevel::extreme, 1).empty());
  scorer.unpin(ObjectId(0));
  EXPECT_EQ(scorer.candidates(1_MiB, PressureLevel::extreme, 1).size(), 1U);
  EXPECT_THROW(scorer.unpin(ObjectId(0)), InvariantError);
}

TEST(DOAScorer, OthersStayWhereTheCallerSaysSo) {
  DOAScorer scorer;
  for (std::uint32_t i = 0; i < 4; ++i) scorer.add(ObjectId(i), 4_MiB);
  const auto odd = [](ObjectId id) { return id.value % 2 == 1; };
  EXPECT_EQ(scorer.candidates(8_MiB, PressureLevel::critical, 1, odd), (std::vector{ObjectId(1), ObjectId(3)}));
}

TEST(DOAScorer, StrangersAreRefused) {
  DOAScorer scorer;
  scorer.add(ObjectId(3), 1_MiB);
  EXPECT_THROW(scorer.add(ObjectId(3), 1_MiB), InvariantError);
  EXPECT_THROW(scorer.add(ObjectId::none(), 1_MiB), InvariantError);
  EXPECT_THROW(scorer.remove(ObjectId(2)), InvariantError);
  EXPECT_THROW(scorer.record_access(ObjectId(4), Bytes(0), Bytes(0), 1), InvariantError);
  scorer.remove(ObjectId(3));
  EXPECT_THROW(static_cast<void>(scorer.score(ObjectId(3), 1)), InvariantError);
  EXPECT_FALSE(scorer.knows(ObjectId(3)));
  EXPECT_EQ(scorer.objects(), 0U);
}

TEST(DOAScorer, ASettingOutOfBoundsIsRefused) {
  EXPECT_THROW(DOAScorer({.weights = {1001, 0, 0, 0}}), ConfigError);
  EXPECT_THROW(DOAScorer({.recency_half = 0}), ConfigError);
  EXPECT_THROW(DOAScorer({.size_half = Bytes(0)}), ConfigError);
  EXPECT_THROW(DOAScorer({.patterns = {0, 0, 0, 0, 1001}}), ConfigError);
}

// --- Properties ------------------------------------------------------------------------------------------------------

struct DrawnObject {
  Bytes bytes{};
  SwapPriority priority{};
  bool pinned = false;
  std::vector<RecordedAccess> accesses;
};

std::map<std::uint32_t, DrawnObject> drawn_objects() {
  std::map<std::uint32_t, DrawnObject> objects;
  for (int i = testing::pick(1, 40); i > 0; --i) {
    DrawnObject object{.bytes = Bytes(testing::pick<std::uint64_t>(1, 4) << testing::pick(10, 28)),
                       .priority = static_cast<SwapPriority>(testing::pick(0, 5)),
                       .pinned = testing::pick(0, 6) == 0,
                       .accesses = {}};
    for (int k = testing::pick(0, 6); k > 0; --k)
      object.accesses.push_back({testing::pick<std::uint64_t>(0, 300), Bytes(testing::pick<std::uint64_t>(0, 3) * 512),
                                 Bytes(testing::pick<std::uint64_t>(0, 1024))});
    objects[testing::pick(0U, 200U)] = object;
  }
  return objects;
}

/// Objects in the order of `ids`; accesses by position.
DOAScorer scorer_of(const std::map<std::uint32_t, DrawnObject>& objects, const std::vector<std::uint32_t>& ids) {
  DOAScorer scorer;
  std::multimap<std::uint64_t, std::pair<std::uint32_t, RecordedAccess>> accesses;
  for (const std::uint32_t id : ids) {
    const DrawnObject& object = objects.at(id);
    scorer.add(ObjectId(id), object.bytes, object.priority);
    if (object.pinned) scorer.pin(ObjectId(id));
    for (const RecordedAccess& access : object.accesses) accesses.insert({access.position, {id, access}});
  }
  for (const auto& [position, access] : accesses)
    scorer.record_access(ObjectId(access.first), access.second.offset, access.second.length, position);
  return scorer;
}

std::vector<std::uint32_t> ids_of(const std::map<std::uint32_t, DrawnObject>& objects) {
  std::vector<std::uint32_t> ids;
  for (const auto& [id, object] : objects) ids.push_back(id);
  return ids;
}

/// As candidates() promises, by sorting.
std::vector<ObjectId> sorted_candidates(const DOAScorer& scorer, const std::map<std::uint32_t, DrawnObject>& objects,
                                        Bytes wanted, PressureLevel level, std::uint64_t position) {
  using Key = std::tuple<int, std::int64_t, std::uint32_t>;
  std::set<Key> keys;
  for (const auto& [id, object] : objects)
    if (!object.pinned && may_swap(level, object.priority))
      keys.insert({-static_cast<int>(object.priority), -std::int64_t{scorer.score(ObjectId(id), position)}, id});
  std::vector<ObjectId> result;
  Bytes together{};
  for (const Key& key : keys) {
    if (together >= wanted) break;
    result.emplace_back(std::get<2>(key));
    together += objects.at(std::get<2>(key)).bytes;
  }
  return result;
}

TEST(DOAScorer, CandidatesAreThoseThatSortingGives) {
  EXPECT_TRUE(testing::holds_for(300, [] {
    const auto objects = drawn_objects();
    const DOAScorer scorer = scorer_of(objects, ids_of(objects));
    const auto level = static_cast<PressureLevel>(testing::pick(0, 5));
    const Bytes wanted(testing::pick<std::uint64_t>(0, 1ULL << 30));
    const auto position = testing::pick<std::uint64_t>(0, 600);
    RC_ASSERT(scorer.candidates(wanted, level, position) ==
              sorted_candidates(scorer, objects, wanted, level, position));
  }));
}

TEST(DOAScorer, TheOrderOfRegistrationDoesNotMatter) {
  EXPECT_TRUE(testing::holds_for(200, [] {
    const auto objects = drawn_objects();
    std::vector<std::uint32_t> ids = ids_of(objects), others = ids;
    for (std::size_t i = others.size(); i > 1; --i) std::swap(others[i - 1], others[testing::pick<std::size_t>(0, i)]);
    DOAScorer here = scorer_of(objects, ids), there = scorer_of(objects, others);
    const std::uint32_t gone = ids[testing::pick<std::size_t>(0, ids.size())];
    here.remove(ObjectId(gone));
    there.remove(ObjectId(gone));
    for (const std::uint32_t id : ids) {
      if (id == gone) continue;
      RC_ASSERT(here.accesses(ObjectId(id)).total() == objects.at(id).accesses.size());
      RC_ASSERT(here.score(ObjectId(id), 500) == there.score(ObjectId(id), 500));
    }
    RC_ASSERT(here.candidates(unlimited_bytes, PressureLevel::extreme, 500) ==
              there.candidates(unlimited_bytes, PressureLevel::extreme, 500));
  }));
}

TEST(DOAScorer, LongerAbsenceLargerSizeAndRarerUseScoreNoLess) {
  EXPECT_TRUE(testing::holds_for(300, [] {
    DOAScorer scorer;
    const auto bytes = testing::pick<std::uint64_t>(1, 1ULL << 30);
    const auto uses = testing::pick<std::uint64_t>(1, 16);
    scorer.add(ObjectId(0), Bytes(bytes));
    scorer.add(ObjectId(1), Bytes(bytes + testing::pick<std::uint64_t>(0, 1ULL << 30)));
    scorer.add(ObjectId(2), Bytes(bytes));
    // Patterns must be alike: whole accesses from the third on are all temporal.
    for (std::uint64_t i = 0; i < uses + 3; ++i) {
      scorer.record_access(ObjectId(0), Bytes(0), Bytes(1), 1000 + i);
      scorer.record_access(ObjectId(1), Bytes(0), Bytes(1), 1000 + i);
      if (i < 3) scorer.record_access(ObjectId(2), Bytes(0), Bytes(1), 1000 + i);
    }
    const auto now = 1000 + uses + 3 + testing::pick<std::uint64_t>(0, 1000);
    RC_ASSERT(scorer.score(ObjectId(0), now) <= scorer.score(ObjectId(0), now + testing::pick<std::uint64_t>(0, 9999)));
    RC_ASSERT(scorer.score(ObjectId(0), now) <= scorer.score(ObjectId(1), now));
    RC_ASSERT(scorer.score(ObjectId(0), now) < scorer.score(ObjectId(2), now));
    RC_ASSERT(scorer.score(ObjectId(1), ~std::uint64_t{0}) <= 1'000'000'000U);
  }));
}

}  // namespace
}  // namespace vramlab
