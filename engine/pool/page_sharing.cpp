#include "engine/pool/page_sharing.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <span>

#include "engine/pool/page_columns.h"

namespace vramlab {
namespace {

constexpr std::uint64_t granule = 512;
// Placements in all, so that a plan takes seconds at most.
constexpr std::uint64_t placements = 240'000;

// What a page in use costs where the load is at least so many thousandths of the highest.
struct Step {
  std::uint64_t load;
  std::uint64_t weight;
};
using Weights = std::array<Step, 3>;
constexpr Weights steep{{{980, 512}, {950, 64}, {900, 8}}};
constexpr Weights gentle{{{950, 512}, {850, 64}, {700, 8}}};
constexpr Weights top{{{995, 1000}, {995, 1}, {995, 1}}};
constexpr Weights even{{{0, 1}, {0, 1}, {0, 1}}};

// One way to go through the objects. Which is best differs from trace to trace; the first serve large ones.
struct Way {
  bool by_time;
  const Weights* weights;
};
constexpr std::array<Way, 8> ways{{{true, &steep},
                                   {false, &steep},
                                   {false, &even},
                                   {false, &top},
                                   {true, &even},
                                   {false, &gentle},
                                   {true, &top},
                                   {true, &gentle}}};

class Search {
 public:
  Search(const Instance& instance, std::uint64_t page);
  PageSharing run();

 private:
  void set_weights(const Weights& steps);
  std::vector<std::uint32_t> order(bool by_time) const;
  void attempt(const std::vector<std::uint32_t>& order);
  std::vector<std::uint64_t> pages_by_time(const PageSharing& sharing, const PageColumns& columns) const;
  std::uint64_t weight(std::uint32_t i) const { return sums_[lives_[i].last] - sums_[lives_[i].first]; }

  std::uint64_t page_;
  std::uint32_t times_ = 0;
  std::vector<Life> lives_;
  std::vector<std::uint64_t> sizes_;
  std::vector<std::uint64_t> load_;  // bytes, by time
  std::vector<std::uint64_t> sums_;  // of the weights, up to each time
  std::uint64_t bound_ = 0;          // pages that the load alone needs
  PageSharing best_;
};

Search::Search(const Instance& instance, std::uint64_t page) : page_(page) {
  std::vector<std::uint64_t> positions;
  for (const Buffer& b : instance.buffers) positions.insert(positions.end(), {b.lower, b.upper});
  std::sort(positions.begin(), positions.end());
  positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
  const auto time_of = [&](std::uint64_t position) {
    return static_cast<std::uint32_t>(std::lower_bound(positions.begin(), positions.end(), position) -
                                      positions.begin());
  };
  times_ = static_cast<std::uint32_t>(positions.size());
  load_.resize(times_ + 1);
  for (const Buffer& b : instance.buffers) {
    lives_.push_back({time_of(b.lower), time_of(b.upper)});
    sizes_.push_back((b.size.value + granule - 1) / granule * granule);
    load_[lives_.back().first] += sizes_.back();
    load_[lives_.back().last] -= sizes_.back();
  }
  std::partial_sum(load_.begin(), load_.end(), load_.begin());
  bound_ = (*std::max_element(load_.begin(), load_.end()) + page - 1) / page;
}

void Search::set_weights(const Weights& steps) {
  const std::uint64_t most = *std::max_element(load_.begin(), load_.end());
  sums_.assign(1, 0);
  for (const std::uint64_t load : load_) {
    const auto step =
        std::find_if(steps.begin(), steps.end(), [&](const Step& s) { return load * 1000 >= most * s.load; });
    sums_.push_back(sums_.back() + (step == steps.end() ? 1 : step->weight));
  }
}

// By beginning, or the longest lived first, counted in weights: what comes later finds room beside it.
std::vector<std::uint32_t> Search::order(bool by_time) const {
  std::vector<std::uint32_t> order(lives_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    if (by_time) return lives_[a].first < lives_[b].first;
    return weight(a) != weight(b) ? weight(a) > weight(b) : sizes_[a] > sizes_[b];
  });
  return order;
}

std::vector<std::uint64_t> Search::pages_by_time(const PageSharing& sharing, const PageColumns& columns) const {
  std::vector<std::uint64_t> pages(load_.size());
  const auto add = [&](const Life& life, std::uint64_t count) {
    pages[life.first] += count;
    pages[life.last] -= count;
  };
  for (std::size_t i = 0; i < lives_.size(); ++i) add(lives_[i], sharing.shares[i].whole_pages);
  columns.for_each_use([&](const Life& life) { add(life, 1); });
  std::partial_sum(pages.begin(), pages.end(), pages.begin());
  return pages;
}

void Search::attempt(const std::vector<std::uint32_t>& order) {
  PageColumns columns(page_, sums_, lives_.size());
  PageSharing sharing;
  sharing.shares.resize(lives_.size());
  for (const std::uint32_t i : order) sharing.shares[i] = columns.place(sizes_[i], lives_[i]);
  const std::vector<std::uint64_t> pages = pages_by_time(sharing, columns);
  sharing.columns = columns.count();
  sharing.peak_pages = *std::max_element(pages.begin(), pages.end());
  if (best_.shares.empty() || sharing.peak_pages < best_.peak_pages) best_ = std::move(sharing);
}

PageSharing Search::run() {
  if (lives_.empty()) return {};
  const std::uint64_t tried = std::clamp<std::uint64_t>(placements / lives_.size(), 1, ways.size());
  for (const Way& way : std::span(ways).first(tried)) {
    set_weights(*way.weights);
    attempt(order(way.by_time));
    if (best_.peak_pages == bound_) break;
  }
  return std::move(best_);
}

}  // namespace

PageSharing share_pages(const Instance& instance, std::uint64_t page) { return Search(instance, page).run(); }

}  // namespace vramlab
