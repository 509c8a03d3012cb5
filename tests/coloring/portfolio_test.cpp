#include "engine/coloring/portfolio.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "small_instances.h"

namespace vramlab {
namespace {

using testing::pick;
using testing::pick_bool;
using testing::random_instance;
using Outcome = Search::Outcome;

constexpr SearchRules::Order orders[] = {SearchRules::Order::total_area, SearchRules::Order::total_width,
                                         SearchRules::Order::width_area, SearchRules::Order::width_small,
                                         SearchRules::Order::area,       SearchRules::Order::size,
                                         SearchRules::Order::random};

PortfolioRules rules_with(std::uint64_t first_nodes, unsigned threads) {
  PortfolioRules rules;
  rules.first_nodes = first_nodes;
  rules.threads = threads;
  return rules;
}

Instance crowded_instance() { return random_instance({.most_buffers = 60, .gaps = pick_bool(), .pins = pick_bool()}); }

TEST(Portfolio, AnswersTheSameForAnyNumberOfThreads) {
  EXPECT_TRUE(rc::check([] {
    const CliquePath path(crowded_instance());
    const std::uint64_t capacity = path.max_weight() + pick<std::uint64_t>(0, 20);
    const auto nodes = pick<std::uint64_t>(20, 400);
    const auto round = pick(0u, 3u);
    PortfolioRules rules = rules_with(nodes, 1);
    rules.seed = pick<std::uint64_t>(0, 3);
    const PortfolioResult one = search_round(path, capacity, rules, round);
    for (const unsigned threads : {2u, 4u}) {
      rules.threads = threads;
      const PortfolioResult other = search_round(path, capacity, rules, round);
      RC_ASSERT(other.outcome == one.outcome);
      RC_ASSERT(other.offsets == one.offsets);
      RC_ASSERT(other.nodes == one.nodes);
      RC_ASSERT(!other.late);
    }
    RC_TAG(static_cast<int>(one.outcome));
  }));
}

TEST(Portfolio, IsOneSearchWhereOrderAndChoiceAreGiven) {
  EXPECT_TRUE(rc::check([] {
    const CliquePath path(crowded_instance());
    const std::uint64_t capacity = path.max_weight() + pick<std::uint64_t>(0, 20);
    PortfolioRules rules = rules_with(200, 4);
    rules.order = orders[pick<std::size_t>(0, std::size(orders))];
    rules.choice = SearchRules::Choice::fewest_ways;
    rules.seed = pick<std::uint64_t>(0, 3);
    SearchRules alone = rules.search;
    alone.order = *rules.order;
    alone.choice = *rules.choice;
    const std::atomic<bool> stop = false;
    Search search(path, capacity, alone, rules.seed, stop);
    const PortfolioResult result = search_round(path, capacity, rules, 0);
    RC_ASSERT(result.outcome == search.run(200));
    RC_ASSERT(result.nodes == search.nodes());
    if (result.outcome == Outcome::found) RC_ASSERT(result.offsets == search.offsets());
  }));
}

/// The answer of the portfolio if it held but the searches of one choice, each run alone.
PortfolioResult answer_alone(const CliquePath& path, std::uint64_t capacity, PortfolioRules rules,
                             SearchRules::Choice choice, SearchRules::Order order) {
  rules.choice = choice;
  rules.order = order;
  return search_round(path, capacity, rules, 0);
}

// Of the searches that have an answer within the budget, the one first in order gives it: the nodes counted are those
// of the searches before it, which all spent their budget, and its own.
TEST(Portfolio, GivesTheAnswerOfTheFirstSearchInOrderThatHasOne) {
  EXPECT_TRUE(rc::check([] {
    const CliquePath path(crowded_instance());
    const std::uint64_t capacity = path.max_weight() + pick<std::uint64_t>(0, 20);
    const auto nodes = pick<std::uint64_t>(20, 200);
    const PortfolioRules rules = rules_with(nodes, 4);
    const PortfolioResult result = search_round(path, capacity, rules, 0);
    if (result.outcome != Outcome::found) return;
    bool known = false;
    std::uint64_t spent = 0;
    for (const auto choice : {SearchRules::Choice::least_slack, SearchRules::Choice::fewest_ways})
      for (const SearchRules::Order order : orders) {
        const PortfolioResult alone = answer_alone(path, capacity, rules, choice, order);
        known = known || (alone.outcome == Outcome::found && alone.offsets == result.offsets);
        if (alone.outcome == Outcome::stopped) ++spent;
      }
    RC_ASSERT(known);
    RC_ASSERT(result.nodes <= (spent + 1) * (nodes + 1));
    // The first in order is the one that recordings ask for the most; its answer wins whenever it has one.
    const PortfolioResult first =
        answer_alone(path, capacity, rules, SearchRules::Choice::least_slack, SearchRules::Order::width_small);
    if (first.outcome == Outcome::found) RC_ASSERT(result.offsets == first.offsets && result.nodes == first.nodes);
  }));
}

TEST(Portfolio, DoublesTheBudgetWithTheRound) {
  // Too crowded to be decided by so few nodes: eleven sizes without a common divisor, shifted against each other.
  std::vector<Buffer> buffers;
  for (std::uint64_t i = 0; i < 120; ++i) buffers.push_back({i, i + 9 + i * 7 % 11, Bytes(1000 + i * i * 37 % 911)});
  const CliquePath path(testing::make_instance(std::move(buffers)));
  PortfolioRules rules = rules_with(10, 1);
  rules.order = SearchRules::Order::area;
  rules.choice = SearchRules::Choice::least_slack;
  for (const unsigned round : {0u, 1u, 3u}) {
    const PortfolioResult result = search_round(path, path.max_weight(), rules, round);
    EXPECT_EQ(result.outcome, Outcome::stopped);
    EXPECT_EQ(result.nodes, (10u << round) + 1);  // the one too many is seen before it is opened
  }
}

TEST(Portfolio, StopsWithoutAPlanAndSaysLateWhenTheDeadlineIsPast) {
  std::vector<Buffer> buffers;
  for (std::uint64_t i = 0; i < 400; ++i) buffers.push_back({i, i + 30 + i * 7 % 11, Bytes(1000 + i * i * 37 % 911)});
  const CliquePath path(testing::make_instance(std::move(buffers)));
  PortfolioRules rules = rules_with(std::uint64_t{1} << 40, 2);  // would take days
  rules.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  const PortfolioResult result = search_round(path, path.max_weight(), rules, 0);
  EXPECT_EQ(result.outcome, Outcome::stopped);
  EXPECT_TRUE(result.late);
  EXPECT_TRUE(result.offsets.empty());
}

TEST(Portfolio, IsNotLateBeforeItsDeadline) {
  const CliquePath path(testing::make_instance({{0, 1, Bytes(1)}}));
  PortfolioRules rules = rules_with(0, 2);
  rules.deadline = std::chrono::steady_clock::now() + std::chrono::hours(1);
  const PortfolioResult result = search_round(path, 1, rules, 0);
  EXPECT_EQ(result.outcome, Outcome::found);
  EXPECT_FALSE(result.late);
}

}  // namespace
}  // namespace vramlab
