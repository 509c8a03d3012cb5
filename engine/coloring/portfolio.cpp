#include "engine/coloring/portfolio.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "engine/coloring/mix.h"

namespace vramlab {
namespace {

using Order = SearchRules::Order;
using Choice = SearchRules::Choice;

struct Member {
  Choice choice;
  Order order;
};

// The pairs that found the most on recordings of training and on hardware compilers' instances, the best first.
constexpr Member members[] = {
    {Choice::least_slack, Order::width_small}, {Choice::fewest_ways, Order::total_width},
    {Choice::least_slack, Order::width_area},  {Choice::fewest_ways, Order::total_area},
    {Choice::least_slack, Order::size},        {Choice::fewest_ways, Order::width_small},
    {Choice::least_slack, Order::total_area},  {Choice::fewest_ways, Order::size},
    {Choice::least_slack, Order::area},        {Choice::fewest_ways, Order::random},
};

// Changes of the skyline in round 0: enough to place 30,000 buffers of which 3000 are live at one time.
constexpr std::uint64_t most_work = 300'000'000;
// Above it, only a few of the quick kind search in early rounds: each takes seconds.
constexpr std::uint32_t large = 10'000;

std::vector<SearchRules> lineup(const CliquePath& path, const PortfolioRules& rules, unsigned round) {
  const bool few = path.buffers() > large;
  std::vector<SearchRules> all;
  for (const Member& member : members) {
    SearchRules search = rules.search;
    search.choice = rules.choice.value_or(member.choice);
    search.order = rules.order.value_or(member.order);
    const bool known = std::any_of(all.begin(), all.end(), [&](const SearchRules& other) {
      return other.choice == search.choice && other.order == search.order;
    });
    const bool slow = few && round < 3 && !rules.choice && search.choice == Choice::fewest_ways;
    if (!known && !slow) all.push_back(search);
  }
  if (few) all.resize(std::min(all.size(), std::size_t{2} << std::min(round, 8u)));
  return all;
}

// One round: workers take searches in order; an answer stops those behind it, so that the first in order wins.
class Round {
 public:
  Round(const CliquePath& path, std::uint64_t capacity, const PortfolioRules& rules, unsigned round)
      : path_(path),
        capacity_(capacity),
        rules_(rules),
        round_(round),
        lineup_(lineup(path, rules, round)),
        answers_(lineup_.size()) {
    for (std::size_t i = 0; i < lineup_.size(); ++i) stops_.emplace_back(false);
    // A search that is never wrong takes a node a buffer.
    budget_ = rules.first_nodes > 0 ? rules.first_nodes << std::min(round, 30u)
                                    : path.buffers() + (std::uint64_t{2000} << std::min(round, 30u));
  }

  PortfolioResult run() {
    const unsigned machine = std::max(1u, std::thread::hardware_concurrency());
    const unsigned threads =
        std::min<unsigned>(rules_.threads > 0 ? rules_.threads : machine, static_cast<unsigned>(lineup_.size()));
    {
      std::jthread watch;
      if (rules_.deadline) watch = std::jthread([this](const std::stop_token& token) { wait_for_deadline(token); });
      std::vector<std::jthread> workers;
      for (unsigned t = 1; t < threads; ++t) workers.emplace_back([this] { work(); });
      work();
    }
    return answer();
  }

 private:
  struct Answer {
    Search::Outcome outcome = Search::Outcome::stopped;
    std::vector<std::uint64_t> offsets;
    std::uint64_t nodes = 0;
  };

  void work() {
    for (std::size_t i = next_++; i < lineup_.size(); i = next_++)
      if (!stops_[i]) search(i);
  }

  void search(std::size_t i) {
    const std::uint64_t seed = round_ == 0 ? rules_.seed : mix(rules_.seed ^ (std::uint64_t{round_} << 32 | i)) | 1;
    Search search(path_, capacity_, lineup_[i], seed, stops_[i]);
    Answer& answer = answers_[i];
    answer.outcome = search.run(budget_, most_work << std::min(round_, 20u));
    answer.nodes = search.nodes();
    if (answer.outcome == Search::Outcome::stopped) return;
    for (std::size_t k = i + 1; k < stops_.size(); ++k) stops_[k] = true;
    if (answer.outcome == Search::Outcome::found) answer.offsets = search.offsets();
  }

  void wait_for_deadline(const std::stop_token& token) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any never;
    if (never.wait_until(lock, token, *rules_.deadline, [] { return false; }) || token.stop_requested()) return;
    late_ = true;
    for (std::atomic<bool>& stop : stops_) stop = true;
  }

  PortfolioResult answer() {
    PortfolioResult result;
    for (Answer& answer : answers_) {
      result.nodes += answer.nodes;
      if (answer.outcome == Search::Outcome::stopped) continue;
      result.outcome = answer.outcome;
      result.offsets = std::move(answer.offsets);
      return result;
    }
    result.late = late_;
    return result;
  }

  const CliquePath& path_;
  std::uint64_t capacity_;
  const PortfolioRules& rules_;
  unsigned round_;
  std::vector<SearchRules> lineup_;
  std::vector<Answer> answers_;
  std::deque<std::atomic<bool>> stops_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> late_ = false;
  std::uint64_t budget_ = 0;
};

}  // namespace

PortfolioResult search_round(const CliquePath& path, std::uint64_t capacity, const PortfolioRules& rules,
                             unsigned round) {
  return Round(path, capacity, rules, round).run();
}

}  // namespace vramlab
