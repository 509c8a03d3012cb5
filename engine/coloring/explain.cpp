#include "engine/coloring/explain.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <tuple>

#include "engine/coloring/live_times.h"
#include "engine/coloring/sections.h"

namespace vramlab {
namespace {

// Stretches at the greatest load; steps that follow each other at it are one.
std::uint64_t count_stretches(std::span<const LoadStep> profile, Bytes load) {
  std::uint64_t stretches = 0;
  bool inside = false;
  for (const LoadStep& step : profile) {
    stretches += !inside && step.load == load ? 1 : 0;
    inside = step.load == load;
  }
  return stretches;
}

std::uint8_t heap_of(const Plan& plan, std::uint32_t buffer) { return plan.heaps.empty() ? 0 : plan.heaps[buffer]; }

std::vector<CliqueMember> clique_at(const Instance& instance, const Load& load, const Plan* plan) {
  std::vector<CliqueMember> members;
  for (const std::uint32_t i : LiveTimes(instance).live_buffers(load.time)) {
    const auto bytes = static_cast<double>(instance.buffers[i].size.value);
    members.push_back({i, bytes / static_cast<double>(load.bytes.value), {}, 0});
    if (plan == nullptr) continue;
    members.back().offset = plan->offsets[i];
    members.back().heap = heap_of(*plan, i);
  }
  std::sort(members.begin(), members.end(), [&](const CliqueMember& a, const CliqueMember& b) {
    return std::tuple(instance.buffers[b.buffer].size, a.buffer) <
           std::tuple(instance.buffers[a.buffer].size, b.buffer);
  });
  return members;
}

/// What one heap of a plan holds. Buffers are numbered as in `placed`.
class HeapView {
 public:
  HeapView(const Instance& placed, std::span<const Bytes> offsets)
      : placed_(placed), offsets_(offsets), times_(placed), profile_(load_profile(placed)) {}

  Bytes peak() const {
    Bytes peak{};
    for (std::uint32_t i = 0; i < offsets_.size(); ++i) peak = std::max(peak, end(i));
    return peak;
  }

  /// The greatest load while a buffer that ends at `peak` is live, and the first such time; which buffer that is.
  std::pair<Load, std::uint32_t> at_peak(Bytes peak) const {
    Load best;
    std::uint32_t top = 0;
    for (std::uint32_t i = 0; i < offsets_.size(); ++i) {
      if (end(i) != peak) continue;
      const Load load = greatest_load(i);
      if (std::tuple(best.bytes, load.time) < std::tuple(load.bytes, best.time))
        std::tie(best, top) = std::tie(load, i);
    }
    return {best, top};
  }

  std::vector<Hole> holes(std::uint64_t time) const {
    std::vector<std::uint32_t> live = times_.live_buffers(time);
    std::sort(live.begin(), live.end(), [&](std::uint32_t a, std::uint32_t b) { return offsets_[a] < offsets_[b]; });
    std::vector<Hole> holes;
    Bytes top{};
    for (const std::uint32_t i : live) {
      if (top < offsets_[i]) holes.push_back({top, offsets_[i]});
      top = end(i);
    }
    return holes;
  }

  std::vector<TowerBlock> tower(std::uint32_t top) const {
    const std::vector<std::uint32_t> by_end = highest_first();
    std::vector<TowerBlock> blocks;
    for (std::optional<std::uint32_t> block = top; block;) {
      const std::optional<std::uint32_t> below = highest_below(*block, by_end);
      blocks.push_back({*block, offsets_[*block], offsets_[*block] - (below ? end(*below) : Bytes(0))});
      block = below;
    }
    return blocks;
  }

 private:
  Bytes end(std::uint32_t i) const { return offsets_[i] + placed_.buffers[i].size; }

  Load greatest_load(std::uint32_t buffer) const {
    Load best;
    for (const LivePart& part : times_.parts(buffer)) {
      auto step = std::lower_bound(profile_.begin(), profile_.end(), part.lower,
                                   [](const LoadStep& s, std::uint64_t time) { return s.time < time; });
      for (; step != profile_.end() && step->time < part.upper; ++step)
        if (step->load > best.bytes) best = {step->load, step->time};
    }
    return best;
  }

  std::vector<std::uint32_t> highest_first() const {
    std::vector<std::uint32_t> order(offsets_.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::tuple(end(b), placed_.buffers[b].size, a) < std::tuple(end(a), placed_.buffers[a].size, b);
    });
    return order;
  }

  std::optional<std::uint32_t> highest_below(std::uint32_t block, std::span<const std::uint32_t> by_end) const {
    const auto below = std::lower_bound(by_end.begin(), by_end.end(), offsets_[block],
                                        [&](std::uint32_t i, Bytes offset) { return end(i) > offset; });
    const auto found = std::find_if(below, by_end.end(), [&](std::uint32_t i) { return times_.meet(i, block); });
    return found == by_end.end() ? std::nullopt : std::optional(*found);
  }

  const Instance& placed_;
  std::span<const Bytes> offsets_;
  LiveTimes times_;
  std::vector<LoadStep> profile_;
};

HeapExplanation explain_heap(const Instance& placed, std::span<const Bytes> offsets, Bytes bound) {
  HeapExplanation told;
  const HeapView view(placed, offsets);
  told.buffers = offsets.size();
  told.bound = bound;
  told.peak = view.peak();
  if (offsets.empty()) return told;
  const auto [load, top] = view.at_peak(told.peak);
  told.peak_time = load.time;
  told.load_at_peak = load.bytes;
  told.holes = view.holes(load.time);
  if (told.peak > told.bound) told.tower = view.tower(top);
  return told;
}

// Of one heap among several: the explanation of the buffers placed there, under their numbers in the whole.
HeapExplanation explain_heap_of(const Instance& instance, const Plan& plan, std::uint8_t heap) {
  std::vector<std::uint32_t> buffers;
  std::vector<Bytes> offsets;
  for (std::uint32_t i = 0; i < instance.buffers.size(); ++i) {
    if (heap_of(plan, i) != heap) continue;
    buffers.push_back(i);
    offsets.push_back(plan.offsets[i]);
  }
  Instance placed = restrict_to(instance, buffers);
  placed.heaps.clear();
  HeapExplanation told = explain_heap(placed, offsets, lower_bound(placed).bytes);
  told.heap = heap;
  for (TowerBlock& block : told.tower) block.buffer = buffers[block.buffer];
  return told;
}

std::vector<HeapExplanation> explain_heaps(const Instance& instance, const Plan& plan, Bytes bound) {
  if (instance.heaps.empty()) return {explain_heap(instance, plan.offsets, bound)};
  std::vector<HeapExplanation> heaps;
  for (std::size_t h = 0; h < instance.heaps.size(); ++h)
    heaps.push_back(explain_heap_of(instance, plan, static_cast<std::uint8_t>(h)));
  return heaps;
}

}  // namespace

Explanation explain(const Instance& instance, const Plan* plan, Bytes proven) {
  Explanation told;
  told.load = max_load(instance);
  told.load_times = count_stretches(load_profile(instance), told.load.bytes);
  told.clique = clique_at(instance, told.load, plan);
  told.bound = lower_bound(instance);
  if (proven > told.bound.bytes) told.bound = {proven, told.load.time, "proven by the solver"};
  told.graph = IntervalGraph(instance).statistics();
  if (plan != nullptr) told.heaps = explain_heaps(instance, *plan, told.bound.bytes);
  return told;
}

}  // namespace vramlab
