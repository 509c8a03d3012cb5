#include "engine/coloring/search.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <tuple>
#include <utility>

#include "engine/coloring/mix.h"

namespace vramlab {
namespace {

constexpr std::size_t memory_size = std::size_t{1} << 18;
// 24 bytes each, kept to be undone: with thousands of buffers live at one time, they are what fills memory. A search
// that has more forgets its first decisions; it then finds, but no longer proves.
constexpr std::size_t most_changes = std::size_t{1} << 24;
// Above it, naming a state costs more than meeting it again.
constexpr std::uint32_t widest_remembered = 4096;

// Larger goes first.
using Key = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;

// Up to a half more, by the seed: another order near the one asked for.
std::uint64_t blur(std::uint64_t value, std::uint64_t seed, std::uint32_t buffer) {
  if (seed == 0) return value;
  return value + (value >> 8) * (mix(seed ^ mix(buffer)) % 128) + mix(seed ^ buffer) % (value / 2 % 256 + 1);
}

Key key_for(const CliquePath& path, std::uint32_t buffer, SearchRules::Order order, std::uint64_t seed) {
  using Order = SearchRules::Order;
  const std::uint64_t size = blur(path.size(buffer), seed, buffer), width = blur(path.width(buffer), seed, buffer);
  switch (order) {
    case Order::total_area:
      return {path.heaviest(buffer), width * size, width};
    case Order::total_width:
      return {path.heaviest(buffer), width, size};
    case Order::width_area:
      return {width, size, 0};
    case Order::width_small:
      return {width, ~size, 0};
    case Order::area:
      return {width * size, width, 0};
    case Order::size:
      return {size, width, 0};
    case Order::random:
      break;
  }
  return {0, 0, 0};
}

}  // namespace

Search::Search(const CliquePath& path, std::uint64_t capacity, const SearchRules& rules, std::uint64_t seed,
               const std::atomic<bool>& stop)
    : path_(path), rules_(rules), stop_(stop), skyline_(path, capacity, rules.inference) {
  rank_buffers(seed);
  if (rules_.symmetry && path.plain() && !path.has_pins()) find_twins();
  if (rules_.memory) memory_.assign(memory_size, 0);
}

void Search::rank_buffers(std::uint64_t seed) {
  const std::uint32_t n = path_.buffers();
  std::vector<std::pair<Key, std::uint64_t>> keys(n);
  for (std::uint32_t i = 0; i < n; ++i)
    keys[i] = {key_for(path_, i, rules_.order, seed), seed == 0 ? ~i : mix(seed ^ mix(i))};
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return std::tie(keys[b], a) < std::tie(keys[a], b); });
  rank_.resize(n);
  for (std::uint32_t r = 0; r < n; ++r) rank_[order[r]] = r;
}

void Search::find_twins() {
  const auto key = [this](std::uint32_t i) {
    const CliquePath::Range hull = path_.hull(i);
    return std::tuple(hull.first, hull.last, path_.size(i));
  };
  std::vector<std::uint32_t> order(path_.buffers());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return std::tuple(key(a), a) < std::tuple(key(b), b); });
  twins_.resize(path_.buffers());
  met_.assign(path_.buffers(), 0);
  for (std::size_t k = 0; k < order.size(); ++k)
    twins_[order[k]] = k > 0 && key(order[k]) == key(order[k - 1]) ? twins_[order[k - 1]] : order[k];
}

Search::Outcome Search::run(std::uint64_t budget, std::uint64_t work) {
  if (!fits_at_all()) return Outcome::none;
  std::uint32_t waiting = split({0, path_.cliques()}, nobody, nobody);
  while (waiting != nobody) {
    if (++nodes_ > budget || skyline_.changes() > work || stop_.load(std::memory_order_relaxed))
      return Outcome::stopped;
    if (skyline_.mark() - skyline_.oldest_mark() > most_changes) skyline_.forget_older_half();
    const bool open = enter(waiting_[waiting]);
    const std::uint32_t node = open ? static_cast<std::uint32_t>(nodes_down_.size() - 1) : waiting_[waiting].parent;
    if (!backtrack(node, waiting)) return gave_up_ ? Outcome::stopped : Outcome::none;
  }
  return Outcome::found;
}

bool Search::fits_at_all() const {
  for (std::uint32_t i = 0; i < path_.buffers(); ++i)
    if (skyline_.lowest(i) + path_.size(i) > skyline_.capacity()) return false;
  for (std::uint32_t c = 0; c < path_.cliques(); ++c)
    if (skyline_.left(c) > skyline_.capacity()) return false;
  return true;
}

std::vector<std::uint64_t> Search::offsets() const {
  std::vector<std::uint64_t> offsets(path_.buffers());
  for (std::uint32_t i = 0; i < path_.buffers(); ++i) offsets[i] = skyline_.lowest(i);
  return offsets;
}

// Opens a decision on the part. False: it is known to fail.
bool Search::enter(const Waiting& waiting) {
  Node node{};
  node.part = waiting.part;
  node.parent = waiting.parent;
  node.rest = waiting.next;
  node.key = state_key(node.part);
  if (failed_before(node.key)) return false;
  node.clique = choose(node.part);
  node.height = skyline_.height(node.clique);
  node.next_floor = unreachable;
  node.mark = skyline_.mark();
  node.waiting = waiting_.size();
  gather(node);
  nodes_down_.push_back(node);
  return true;
}

// The next way of the node; where it has none left, of the node that split its part off, for what was decided in other
// parts since cannot help. Sets what waits then; false: no node has a way left.
bool Search::backtrack(std::uint32_t node, std::uint32_t& waiting) {
  while (node != nobody) {
    gave_up_ = nodes_down_[node].mark < skyline_.oldest_mark();
    if (gave_up_) return false;
    rewind(node);
    Node& n = nodes_down_[node];
    if (try_next_way(n)) {
      waiting = split(n, node);
      return true;
    }
    if (n.way > n.candidates_end - n.candidates_begin) {
      remember(n.key);
      node = n.parent;
    }
  }
  return false;
}

void Search::rewind(std::uint32_t node) {
  nodes_down_.resize(node + 1);
  const Node& n = nodes_down_.back();
  skyline_.undo(n.mark);
  waiting_.resize(n.waiting);
  candidates_.resize(n.candidates_end);
}

bool Search::try_next_way(Node& node) {
  const std::uint32_t way = node.way++, candidates = node.candidates_end - node.candidates_begin;
  if (way < candidates) return skyline_.place(candidates_[node.candidates_begin + way]);
  return way == candidates && !node.forced && try_none(node);
}

// Nothing lies in the clique at this height: it goes on where the next buffer could come to lie.
bool Search::try_none(const Node& node) {
  std::uint64_t floor = node.next_floor;
  for (std::uint32_t i : path_.members(node.clique))
    if (!skyline_.placed(i) && skyline_.lowest(i) == node.height && blocked_until(i) == 0)
      floor = std::min(floor, lifted_to(i, node.clique));
  return floor != unreachable && skyline_.raise(node.clique, floor);
}

// Puts what is left of the part in front of `rest`. Only a buffer just placed can have opened a cut: where none of the
// cuts that it crossed is open, the part stays whole.
std::uint32_t Search::split(const Node& node, std::uint32_t parent) {
  const std::uint32_t way = node.way - 1;
  if (way < node.candidates_end - node.candidates_begin) {
    const CliquePath::Range hull = path_.hull(candidates_[node.candidates_begin + way]);
    bool whole = skyline_.left(hull.first) > 0;
    for (std::uint32_t c = hull.first + 1; whole && c < hull.last; ++c) whole = skyline_.crossing(c) > 0;
    if (!whole) return split(node.part, parent, node.rest);
  }
  waiting_.push_back({node.part, parent, node.rest});
  return static_cast<std::uint32_t>(waiting_.size() - 1);
}

// The parts between cuts that no buffer left crosses, the smallest first: it fails the soonest.
std::uint32_t Search::split(Part whole, std::uint32_t parent, std::uint32_t rest) {
  split_.clear();
  for (std::uint32_t c = whole.first; c < whole.last;) {
    std::uint32_t end = c + 1;
    if (skyline_.left(c) > 0) {
      while (end < whole.last && (skyline_.crossing(end) > 0 || (!rules_.decomposition && skyline_.left(end) > 0)))
        ++end;
      split_.push_back({c, end});
    }
    c = end;
  }
  std::sort(split_.begin(), split_.end(), [](const Part& a, const Part& b) {
    return std::tuple(a.last - a.first, a.first) > std::tuple(b.last - b.first, b.first);
  });
  for (const Part& part : split_) {
    waiting_.push_back({part, parent, rest});
    rest = static_cast<std::uint32_t>(waiting_.size() - 1);
  }
  return rest;
}

// The least key among cliques in valleys: lower than both neighbouring stretches of other height. Where gaps or
// alignments let one buffer's place depend on what lies lower elsewhere, only the lowest valleys will do. In the gaps
// of all that crosses it, a clique can have nothing left to decide: a wall.
std::uint32_t Search::choose(Part part) const {
  const auto level = [this](std::uint32_t c) { return skyline_.left(c) == 0 ? unreachable : skyline_.height(c); };
  std::uint64_t lowest = unreachable;
  for (std::uint32_t c = part.first; c < part.last && !path_.plain(); ++c) lowest = std::min(lowest, level(c));
  std::uint32_t best = part.first;
  std::uint64_t best_key = unreachable;
  for (std::uint32_t c = part.first; c < part.last;) {
    const std::uint64_t height = level(c);
    std::uint32_t end = c + 1;
    while (end < part.last && level(end) == height) ++end;
    const bool valley = (c == part.first || level(c - 1) > height) && (end == part.last || level(end) > height) &&
                        height != unreachable && (path_.plain() || height == lowest);
    for (std::uint32_t k = c; valley && k < end; ++k)
      if (const std::uint64_t key = key_of({c, end}, k); key < best_key) {
        best_key = key;
        best = k;
      }
    c = end;
  }
  return best;
}

std::uint64_t Search::key_of(Part valley, std::uint32_t clique) const {
  constexpr std::uint64_t most = (std::uint64_t{1} << 40) - 1;
  const std::uint64_t slack = std::min(skyline_.slack(clique), most);
  if (rules_.choice == SearchRules::Choice::fewest_ways) return std::uint64_t{count_ways(clique)} << 40 | slack;
  return slack << 24 | std::min<std::uint64_t>(valley.last - valley.first, 0xffffff);
}

std::uint32_t Search::count_ways(std::uint32_t clique) const {
  std::uint32_t count = 0;
  for (std::uint32_t i : path_.members(clique))
    count += !skyline_.placed(i) && skyline_.lowest(i) == skyline_.height(clique);
  return count;
}

bool Search::is_flat(Part part) const {
  for (std::uint32_t c = part.first; c < part.last; ++c)
    if (skyline_.height(c) != skyline_.height(part.first)) return false;
  return true;
}

void Search::gather(Node& node) {
  node.candidates_begin = static_cast<std::uint32_t>(candidates_.size());
  for (std::uint32_t i : path_.members(node.clique)) {
    if (skyline_.placed(i)) continue;
    if (skyline_.lowest(i) > node.height) {
      node.next_floor = std::min(node.next_floor, skyline_.lowest(i));
    } else if (const std::uint64_t until = blocked_until(i); until > 0) {
      node.next_floor = std::min(node.next_floor, until);
    } else if (spans(i, node)) {
      candidates_.resize(node.candidates_begin);
      candidates_.push_back(i);
      node.forced = true;
      break;
    } else if (!rules_.canonical || rests(i)) {
      candidates_.push_back(i);
    }
  }
  drop_twins(node);
  std::sort(candidates_.begin() + node.candidates_begin, candidates_.end(),
            [this](std::uint32_t a, std::uint32_t b) { return rank_[a] < rank_[b]; });
  node.candidates_end = static_cast<std::uint32_t>(candidates_.size());
}

// Goes all across a flat part: whatever lies below it there can as well lie above.
bool Search::spans(std::uint32_t buffer, const Node& node) const {
  if (!rules_.spanning_first || !path_.plain() || path_.has_pins()) return false;
  const CliquePath::Range hull = path_.hull(buffer);
  return hull.first == node.part.first && hull.last == node.part.last && is_flat(node.part);
}

// Of buffers alike, one goes first: which does not matter.
void Search::drop_twins(const Node& node) {
  if (twins_.empty()) return;
  const auto begin = candidates_.begin() + node.candidates_begin;
  candidates_.erase(
      std::remove_if(begin, candidates_.end(),
                     [this](std::uint32_t i) { return std::exchange(met_[twins_[i]], nodes_) == nodes_; }),
      candidates_.end());
}

// In a canonical placement nothing can be moved down: each buffer is at the bottom or directly on another.
bool Search::rests(std::uint32_t buffer) const {
  const std::uint64_t lowest = skyline_.lowest(buffer);
  if (lowest == 0 || path_.pin(buffer) != CliquePath::free_offset) return true;
  const std::uint64_t alignment = path_.alignment(buffer);
  for (const CliquePath::Range& range : path_.ranges(buffer))
    for (std::uint32_t c = range.first; c < range.last; ++c)
      if (lowest - skyline_.top(c) < alignment) return true;
  return false;
}

// 0, or the end of a pinned buffer that would be hit.
std::uint64_t Search::blocked_until(std::uint32_t buffer) const {
  if (!path_.has_pins()) return 0;
  std::uint64_t until = 0;
  const std::uint64_t end = skyline_.lowest(buffer) + path_.size(buffer);
  path_.for_neighbours(buffer, [&](std::uint32_t other) {
    if (other != buffer && !skyline_.placed(other) && path_.pin(other) < end)
      until = std::max(until, path_.pin(other) + path_.size(other));
  });
  return until;
}

// A candidate that does not lie here now can come to lie here higher only on another that is put below it, in other
// cliques: the least height where that could be.
std::uint64_t Search::lifted_to(std::uint32_t buffer, std::uint32_t clique) const {
  std::uint64_t least = unreachable;
  const std::uint64_t height = skyline_.height(clique);
  path_.for_neighbours(buffer, [&](std::uint32_t other) {
    if (skyline_.placed(other) || path_.contains(other, clique)) return;
    least = std::min(least, std::max(skyline_.lowest(other), height) + path_.size(other));
  });
  return least;
}

// Heights are mixed as no buffer's number can be: else a set with one buffer more could pass for another height.
std::uint64_t Search::state_key(Part part) const {
  if (!rules_.memory || part.last - part.first > widest_remembered) return 0;
  std::uint64_t key = mix((std::uint64_t{part.first} << 32) | part.last);
  for (std::uint32_t c = part.first; c < part.last; ++c)
    key = std::rotl(key, 5) * 0x9e3779b97f4a7c15u + skyline_.set_key(c) + mix(~skyline_.height(c)) + skyline_.top(c);
  return mix(key) | 1;
}

bool Search::failed_before(std::uint64_t key) const {
  if (key == 0) return false;
  const std::size_t place = (key >> 1) % (memory_size - 1);
  return memory_[place] == key || memory_[place + 1] == key;
}

void Search::remember(std::uint64_t key) {
  if (key == 0) return;
  const std::size_t place = (key >> 1) % (memory_size - 1);
  memory_[memory_[place] == 0 ? place : place + 1] = key;
}

}  // namespace vramlab
