#include "engine/coloring/heaps.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <tuple>

#include "engine/coloring/clique_path.h"
#include "engine/coloring/greedy.h"
#include "engine/coloring/sections.h"
#include "engine/core/error.h"

namespace vramlab {
namespace {

// Loads of cliques: adds to a range, tells the largest of a range. A node holds what was added to all of its leaves;
// its max is the largest of its children's with that on top.
class LoadTree {
 public:
  explicit LoadTree(std::uint32_t cliques) : leaves_(std::bit_ceil(std::max(cliques, 1u))), nodes_(2 * leaves_) {}

  void add(CliquePath::Range range, std::uint64_t size) { add(1, {0, leaves_}, range, size); }
  std::uint64_t max(CliquePath::Range range) const { return max(1, {0, leaves_}, range); }

 private:
  struct Node {
    std::uint64_t added = 0;
    std::uint64_t max = 0;
  };

  void add(std::uint32_t node, CliquePath::Range all, CliquePath::Range range, std::uint64_t size) {
    if (range.last <= all.first || all.last <= range.first) return;
    Node& n = nodes_[node];
    if (range.first <= all.first && all.last <= range.last) {
      n.added += size;
      n.max += size;
      return;
    }
    const std::uint32_t middle = (all.first + all.last) / 2;
    add(2 * node, {all.first, middle}, range, size);
    add(2 * node + 1, {middle, all.last}, range, size);
    n.max = n.added + std::max(nodes_[2 * node].max, nodes_[2 * node + 1].max);
  }

  std::uint64_t max(std::uint32_t node, CliquePath::Range all, CliquePath::Range range) const {
    if (range.last <= all.first || all.last <= range.first) return 0;
    if (range.first <= all.first && all.last <= range.last) return nodes_[node].max;
    const std::uint32_t middle = (all.first + all.last) / 2;
    return nodes_[node].added +
           std::max(max(2 * node, {all.first, middle}, range), max(2 * node + 1, {middle, all.last}, range));
  }

  std::uint32_t leaves_;
  std::vector<Node> nodes_;
};

class HeapFiller {
 public:
  HeapFiller(const SolverInfo& solver, const Instance& instance, const SolveRequest& request)
      : solver_(solver), instance_(instance), request_(request) {
    result_.plan.offsets.resize(instance.buffers.size());
    result_.plan.heaps.resize(instance.buffers.size());
  }

  SolveResult run() {
    std::vector<std::uint32_t> left(instance_.buffers.size());
    std::iota(left.begin(), left.end(), 0u);
    for (std::size_t h = 0; h < instance_.heaps.size(); ++h) left = fill(h, left);
    if (!left.empty()) refuse(left);
    result_.plan.peak = result_.plan.heap_peaks.front();
    return std::move(result_);
  }

 private:
  // Returns what spilled.
  std::vector<std::uint32_t> fill(std::size_t heap, std::vector<std::uint32_t> buffers) {
    std::vector<std::uint32_t> spilled;
    Instance part = restrict_to(instance_, buffers);
    part.heaps.clear();
    const std::vector<std::uint32_t> kept = keep_what_loads(part, instance_.heaps[heap].capacity);
    std::vector<std::uint32_t> ids;
    std::vector<bool> is_kept(buffers.size());
    for (std::uint32_t i : kept) is_kept[i] = true;
    for (std::uint32_t i = 0; i < buffers.size(); ++i) (is_kept[i] ? ids : spilled).push_back(buffers[i]);
    place(heap, ids, spilled);
    std::sort(spilled.begin(), spilled.end());
    return spilled;
  }

  // Those that can be live together within the capacity, by priority.
  static std::vector<std::uint32_t> keep_what_loads(const Instance& part, Bytes capacity) {
    std::vector<std::uint32_t> kept;
    if (part.buffers.empty()) return kept;
    const CliquePath path(part);
    std::vector<std::uint32_t> order(part.buffers.size());
    std::iota(order.begin(), order.end(), 0u);
    const std::vector<std::uint64_t> times = live_times(part);
    const auto key = [&](std::uint32_t i) {
      const std::int64_t priority = part.priorities.empty() ? 0 : part.priorities[i];
      return std::tuple(-priority, static_cast<double>(path.size(i)) * static_cast<double>(times[i]), i);
    };
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
    LoadTree load(path.cliques());
    const std::uint64_t room = capacity.value / path.unit().value;
    for (std::uint32_t i : order) {
      const auto ranges = path.ranges(i);
      const bool fits = std::all_of(ranges.begin(), ranges.end(),
                                    [&](CliquePath::Range range) { return load.max(range) + path.size(i) <= room; });
      if (!fits) continue;
      for (const CliquePath::Range& range : ranges) load.add(range, path.size(i));
      kept.push_back(i);
    }
    return kept;
  }

  void place(std::size_t heap, const std::vector<std::uint32_t>& buffers, std::vector<std::uint32_t>& spilled) {
    Bytes peak{};
    if (!buffers.empty()) {
      Instance part = restrict_to(instance_, buffers);
      part.heaps.clear();
      SolveRequest request = request_;
      request.capacity = instance_.heaps[heap].capacity;
      const SolveResult solved = solver_.solve(part, request);
      result_.steps += solved.steps;
      result_.stopped = result_.stopped || solved.stopped;
      for (std::size_t k = 0; k < buffers.size(); ++k) {
        const Bytes end = solved.plan.offsets[k] + part.buffers[k].size;
        if (end > request.capacity) {
          spilled.push_back(buffers[k]);
          continue;
        }
        result_.plan.offsets[buffers[k]] = solved.plan.offsets[k];
        result_.plan.heaps[buffers[k]] = static_cast<std::uint8_t>(heap);
        peak = std::max(peak, end);
      }
    }
    result_.plan.heap_peaks.push_back(peak);
  }

  [[noreturn]] void refuse(const std::vector<std::uint32_t>& left) const {
    Bytes bytes{};
    for (std::uint32_t i : left) bytes += instance_.buffers[i].size;
    throw Error(fmt::format("{}: {} buffers ({} bytes) found no room in any heap, the first is {}", instance_.name,
                            left.size(), bytes.value, name_of(instance_, left.front())),
                {}, "give a heap more capacity, or another heap at the end");
  }

  const SolverInfo& solver_;
  const Instance& instance_;
  const SolveRequest& request_;
  SolveResult result_;
};

void check_capacities(const Instance& instance) {
  const Load load = max_load(instance);
  std::uint64_t all = 0;
  for (const Heap& heap : instance.heaps)
    if (__builtin_add_overflow(all, heap.capacity.value, &all)) return;
  if (load.bytes.value > all)
    throw ConfigError(fmt::format("the heaps hold {} bytes in all, below the maximum load of {}: {} at time {}", all,
                                  instance.name, load.bytes.value, load.time),
                      {}, fmt::format("give at least {} bytes", load.bytes.value));
}

}  // namespace

SolveResult solve_over_heaps(const SolverInfo& solver, const Instance& instance, const SolveRequest& request) {
  check_capacities(instance);
  return HeapFiller(solver, instance, request).run();
}

}  // namespace vramlab
