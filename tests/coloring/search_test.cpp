#include "engine/coloring/search.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "small_instances.h"

namespace vramlab {
namespace {

using testing::BruteForce;
using testing::holds_for;
using testing::pick;
using testing::pick_bool;
using testing::small_instance;
using testing::SmallShape;
using Outcome = Search::Outcome;

constexpr std::uint64_t unlimited_nodes = ~std::uint64_t{0};

SearchRules any_rules() {
  SearchRules rules;
  rules.order = static_cast<SearchRules::Order>(pick(0, 7));
  rules.choice = static_cast<SearchRules::Choice>(pick(0, 2));
  for (bool* rule : {&rules.canonical, &rules.symmetry, &rules.decomposition, &rules.spanning_first, &rules.memory,
                     &rules.inference.raise_floors, &rules.inference.no_holes, &rules.inference.release_times})
    *rule = pick_bool();
  return rules;
}

std::string text_of(const SearchRules& r) {
  return fmt::format(
      "order {} choice {} canonical {} symmetry {} decomposition {} spanning_first {} memory {} raise_floors {} "
      "no_holes {} release_times {} ",
      static_cast<int>(r.order), static_cast<int>(r.choice), r.canonical, r.symmetry, r.decomposition, r.spanning_first,
      r.memory, r.inference.raise_floors, r.inference.no_holes, r.inference.release_times);
}

/// Searches for a plan within `capacity` bytes; a plan that was found is valid and within it.
Outcome outcome_within(const Instance& instance, Bytes capacity, const SearchRules& rules, std::uint64_t seed) {
  const CliquePath path(instance);
  const std::uint64_t units = capacity.value / path.unit().value;
  const std::atomic<bool> stop = false;
  Search search(path, units, rules, seed, stop);
  const Outcome outcome = search.run(unlimited_nodes);
  if (outcome != Outcome::found) return outcome;
  Plan plan;
  for (const std::uint64_t offset : search.offsets()) plan.offsets.push_back(path.unit() * offset);
  for (std::size_t i = 0; i < plan.offsets.size(); ++i)
    plan.peak = std::max(plan.peak, plan.offsets[i] + instance.buffers[i].size);
  RC_ASSERT(check_plan(instance, plan) == "");
  RC_ASSERT(plan.peak <= capacity);
  return outcome;
}

/// With any of the rules on and off: something at the least peak, nothing one byte below it.
template <class MakeInstance>
void expect_exact(const MakeInstance& make) {
  EXPECT_TRUE(holds_for(1000, [&] {
    const Instance instance = make();
    const Bytes least = BruteForce(instance).least_peak();
    const SearchRules rules = any_rules();
    const auto seed = pick<std::uint64_t>(0, 4);
    RC_LOG() << testing::text_of(instance) << text_of(rules) << "seed " << seed << ", least peak " << least.value;
    RC_ASSERT(outcome_within(instance, least, rules, seed) == Outcome::found);
    RC_ASSERT(outcome_within(instance, least - Bytes(1), rules, seed) == Outcome::none);
    RC_ASSERT(outcome_within(instance, least + Bytes(pick<std::uint64_t>(1, 6)), rules, seed) == Outcome::found);
  }));
}

void expect_exact(const SmallShape& shape) {
  expect_exact([&] { return small_instance(shape); });
}

TEST(Search, ProvesThatTheMaximumLoadIsOutOfReachWhateverTheRules) { expect_exact(testing::near_above_its_load); }
TEST(Search, FindsTheLeastPeakOfPlainInstancesAndNothingBelowWhateverTheRules) { expect_exact({}); }
TEST(Search, FindsTheLeastPeakWithAlignmentsAndNothingBelowWhateverTheRules) { expect_exact({.alignments = true}); }
TEST(Search, FindsTheLeastPeakWithGapsAndNothingBelowWhateverTheRules) { expect_exact({.gaps = true}); }
TEST(Search, FindsTheLeastPeakWithPinsAndNothingBelowWhateverTheRules) { expect_exact({.pins = true}); }
TEST(Search, FindsTheLeastPeakWithAllTogetherAndNothingBelowWhateverTheRules) {
  expect_exact({.alignments = true, .gaps = true, .pins = true});
}

}  // namespace
}  // namespace vramlab
