#include "engine/replay/map_lanes.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "engine/coloring/solver.h"
#include "engine/core/registry.h"

namespace vramlab {
namespace {

/// The free gaps below the height reached so far, never two that touch.
class Gaps {
 public:
  std::uint64_t take(std::uint64_t bytes) {
    const auto fit = by_size_.lower_bound({bytes, 0});
    if (fit == by_size_.end()) return grow(bytes);
    const auto [size, base] = *fit;
    erase(base, size);
    if (size > bytes) insert(base + bytes, size - bytes);
    return base;
  }

  void give(std::uint64_t base, std::uint64_t bytes) {
    auto next = by_base_.lower_bound(base);
    if (next != by_base_.begin()) {
      const auto [before, size] = *std::prev(next);
      if (before + size == base) {
        erase(before, size);
        base = before;
        bytes += size;
      }
    }
    next = by_base_.lower_bound(base);
    if (next != by_base_.end() && next->first == base + bytes) {
      bytes += next->second;
      erase(next->first, next->second);
    }
    insert(base, bytes);
  }

  std::uint64_t height() const { return height_; }

 private:
  /// At the end, using a gap that touches it.
  std::uint64_t grow(std::uint64_t bytes) {
    std::uint64_t base = height_;
    if (!by_base_.empty()) {
      const auto [last, size] = *by_base_.rbegin();
      if (last + size == height_) {
        base = last;
        erase(last, size);
      }
    }
    height_ = base + bytes;
    return base;
  }

  void insert(std::uint64_t base, std::uint64_t size) {
    by_base_.emplace(base, size);
    by_size_.emplace(size, base);
  }

  void erase(std::uint64_t base, std::uint64_t size) {
    by_base_.erase(base);
    by_size_.erase({size, base});
  }

  std::map<std::uint64_t, std::uint64_t> by_base_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> by_size_;
  std::uint64_t height_ = 0;
};

struct Change {
  std::uint64_t step;
  std::uint32_t request;
  bool take;
};

/// In order of steps; at one step what is returned makes room first.
std::vector<Change> changes_of(std::span<const LaneRequest> requests) {
  std::vector<Change> changes;
  changes.reserve(requests.size() * 2);
  for (std::uint32_t i = 0; i < requests.size(); ++i) {
    if (requests[i].taken >= requests[i].returned || requests[i].bytes == Bytes(0)) continue;
    changes.push_back({requests[i].taken, i, true});
    changes.push_back({requests[i].returned, i, false});
  }
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
    return std::tie(a.step, a.take, a.request) < std::tie(b.step, b.take, b.request);
  });
  return changes;
}

/// What the sweep over the changes finds out.
struct Sweep {
  Lanes lanes;
  Bytes most_held{};
  std::uint64_t meetings = 0;  ///< pairs of requests held at once, about: the work of a solver
};

Sweep place_in_order(std::span<const LaneRequest> requests, std::span<const Change> changes) {
  Sweep sweep{{std::vector<Bytes>(requests.size()), {}}, {}, 0};
  Gaps gaps;
  Bytes held{};
  std::uint64_t count = 0;
  for (const Change& change : changes) {
    const Bytes bytes = requests[change.request].bytes;
    Bytes& base = sweep.lanes.bases[change.request];
    if (change.take) {
      base = Bytes(gaps.take(bytes.value));
      held += bytes;
      sweep.most_held = std::max(sweep.most_held, held);
      sweep.meetings += count++;
    } else {
      gaps.give(base.value, bytes.value);
      held -= bytes;
      --count;
    }
  }
  sweep.lanes.height = Bytes(gaps.height());
  return sweep;
}

Lanes place_by_solver(std::span<const LaneRequest> requests, std::span<const Change> changes) {
  Instance instance;
  std::vector<std::uint32_t> numbers;
  for (const Change& change : changes) {
    if (!change.take) continue;
    const LaneRequest& request = requests[change.request];
    instance.buffers.push_back({request.taken, request.returned, request.bytes, Bytes(1)});
    numbers.push_back(change.request);
  }
  const SolverInfo& solver = find_row(solvers(), "solver", "best-fit");
  const Plan plan = solve_instance(solver, instance, default_request(solver)).plan;
  Lanes lanes{std::vector<Bytes>(requests.size()), plan.peak};
  for (std::size_t i = 0; i < numbers.size(); ++i) lanes.bases[numbers[i]] = plan.offsets[i];
  return lanes;
}

}  // namespace

Lanes assign_lanes(std::span<const LaneRequest> requests) {
  constexpr std::uint64_t most_meetings = 200'000'000;
  const std::vector<Change> changes = changes_of(requests);
  Sweep sweep = place_in_order(requests, changes);
  const bool close = sweep.lanes.height <= sweep.most_held + sweep.most_held / 20;
  if (close || sweep.meetings > most_meetings) return std::move(sweep.lanes);
  Lanes solved = place_by_solver(requests, changes);
  return solved.height < sweep.lanes.height ? solved : std::move(sweep.lanes);
}

}  // namespace vramlab
