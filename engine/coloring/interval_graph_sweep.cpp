#include "engine/coloring/interval_graph_sweep.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>
#include <utility>

namespace vramlab {
namespace {

// Calls each(buffer, ended) by beginning; ended = the buffers, by end, that have ended since the last call.
template <class Each>
void for_each_beginning(const Instance& instance, Each&& each) {
  const std::vector<std::uint32_t> ends = order_of_ends(instance);
  std::size_t ended = 0;
  for (const std::uint32_t buffer : order_of_beginnings(instance)) {
    const std::size_t from = ended;
    while (instance.buffers[ends[ended]].upper <= instance.buffers[buffer].lower) ++ended;
    each(buffer, std::span(ends).subspan(from, ended - from));
  }
}

// Pairs whose lifetimes, gaps included, overlap.
std::uint64_t count_overlaps(const Instance& instance) {
  std::uint64_t overlaps = 0, live = 0;
  for_each_beginning(instance, [&](std::uint32_t, std::span<const std::uint32_t> ended) {
    live -= ended.size();
    overlaps += live++;
  });
  return overlaps;
}

// Pairs whose lifetimes overlap, but which are never live at one time.
std::uint64_t count_missed(const Instance& instance, const LiveTimes& times) {
  std::uint64_t missed = 0;
  OpenLifetimes whole(instance), with_gaps(instance);
  for (const std::uint32_t later : order_of_beginnings(instance)) {
    const auto check = [&](std::uint32_t earlier) { missed += times.meet(earlier, later) ? 0 : 1; };
    with_gaps.for_each(instance.buffers[later].lower, check);
    if (times.has_gaps(later)) whole.for_each(instance.buffers[later].lower, check);
    (times.has_gaps(later) ? with_gaps : whole).open(later);
  }
  return missed;
}

/// Disjoint sets; the smallest number stands for its set.
class Sets {
 public:
  explicit Sets(std::size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), 0u); }
  std::uint32_t find(std::uint32_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(std::uint32_t a, std::uint32_t b) {
    a = find(a);
    b = find(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::uint32_t> parent_;
};

}  // namespace

std::vector<std::uint32_t> places_in(std::span<const std::uint32_t> order) {
  std::vector<std::uint32_t> place(order.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  return place;
}

std::uint64_t count_edges(const Instance& instance, const LiveTimes& times) {
  const std::uint64_t overlaps = count_overlaps(instance);
  return instance.gaps.empty() ? overlaps : overlaps - count_missed(instance, times);
}

// All that are live at one time are neighbours, so it is enough to join what begins with one that is live.
std::vector<std::uint32_t> sweep_components(const Instance& instance) {
  std::vector<LivePart> parts = live_parts(instance);
  std::sort(parts.begin(), parts.end(), [](const LivePart& a, const LivePart& b) {
    return std::pair(a.lower, a.buffer) < std::pair(b.lower, b.buffer);
  });
  Sets sets(instance.buffers.size());
  const LivePart* last = nullptr;  // to end, of those begun
  for (const LivePart& part : parts) {
    if (last != nullptr && part.lower < last->upper) sets.join(part.buffer, last->buffer);
    if (last == nullptr || part.upper > last->upper) last = &part;
  }
  std::vector<std::uint32_t> component(instance.buffers.size());
  std::uint32_t components = 0;
  for (std::uint32_t i = 0; i < component.size(); ++i) {
    const std::uint32_t first = sets.find(i);
    component[i] = first == i ? components++ : component[first];
  }
  return component;
}

bool sweep_is_perfect(const Instance& instance, const LiveTimes& times, std::span<const std::uint32_t> order) {
  const auto ends_earlier = [&](std::uint32_t a, std::uint32_t b) {
    return instance.buffers[a].upper < instance.buffers[b].upper;
  };
  // The later neighbours of each are all live at its last position.
  if (instance.gaps.empty() && std::is_sorted(order.begin(), order.end(), ends_earlier)) return true;
  const std::vector<std::uint32_t> place = places_in(order);
  const auto by_place = [&](std::uint32_t a, std::uint32_t b) { return place[a] < place[b]; };
  std::vector<std::uint32_t> first(order.size(), no_buffer);  // of each buffer's later neighbours
  for_each_meeting(instance, times, [&](std::uint32_t a, std::uint32_t b) {
    const auto [v, other] = std::minmax(a, b, by_place);
    if (first[v] == no_buffer || by_place(other, first[v])) first[v] = other;
  });
  bool holds = true;
  for_each_meeting(instance, times, [&](std::uint32_t a, std::uint32_t b) {
    const auto [v, other] = std::minmax(a, b, by_place);
    holds = holds && (other == first[v] || times.meet(other, first[v]));
  });
  return holds;
}

Coloring sweep_color(const Instance& instance) {
  Coloring coloring;
  coloring.color_of.resize(instance.buffers.size());
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> free;
  for_each_beginning(instance, [&](std::uint32_t buffer, std::span<const std::uint32_t> ended) {
    for (const std::uint32_t other : ended) free.push(coloring.color_of[other]);
    if (free.empty()) free.push(coloring.colors++);
    coloring.color_of[buffer] = free.top();
    free.pop();
  });
  return coloring;
}

Coloring sweep_color_with_gaps(const Instance& instance, const LiveTimes& times) {
  Coloring coloring;
  coloring.color_of.resize(instance.buffers.size());
  std::vector<std::uint32_t> taken_by;  // by colour: the last buffer that may not have it
  OpenLifetimes open(instance);
  for (const std::uint32_t later : order_of_beginnings(instance)) {
    open.for_each(instance.buffers[later].lower, [&](std::uint32_t earlier) {
      if (times.meet(earlier, later)) taken_by[coloring.color_of[earlier]] = later;
    });
    const auto lowest = std::find_if(taken_by.begin(), taken_by.end(), [&](std::uint32_t by) { return by != later; });
    coloring.color_of[later] = static_cast<std::uint32_t>(lowest - taken_by.begin());
    if (lowest == taken_by.end()) taken_by.push_back(no_buffer);
    open.open(later);
  }
  coloring.colors = static_cast<std::uint32_t>(taken_by.size());
  return coloring;
}

}  // namespace vramlab
