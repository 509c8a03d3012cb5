#pragma once
// What binds the peak of an instance, and of a plan for it: the time of maximum load and who is live there, where a
// plan wastes space when it peaks, and the tower of buffers that holds its highest one up.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/coloring/interval_graph.h"
#include "engine/coloring/solver.h"
#include "engine/core/instance.h"

namespace vramlab {

/// A buffer live at the time of maximum load. Size, lifetime and alignment are the instance's.
struct CliqueMember {
  std::uint32_t buffer = 0;
  double share = 0;             ///< of the maximum load
  std::optional<Bytes> offset;  ///< where there is a plan
  std::uint8_t heap = 0;
};

/// Addresses [lower, upper) free between live buffers.
struct Hole {
  Bytes lower{};
  Bytes upper{};
  friend bool operator==(const Hole&, const Hole&) = default;
};

/// A buffer of the tower. It lies where it does because of the next one: the highest of those below it that are live
/// together with it at some time.
struct TowerBlock {
  std::uint32_t buffer = 0;
  Bytes offset{};
  Bytes space_below{};  ///< between it and the next one, or the ground
};

/// One memory of a plan.
struct HeapExplanation {
  std::uint8_t heap = 0;
  std::uint64_t buffers = 0;    ///< placed in it
  Bytes peak{};                 ///< max(offset + size)
  Bytes bound{};                ///< no placement of these buffers has a lower peak
  std::uint64_t peak_time = 0;  ///< the time of greatest load of those at which a buffer that reaches the peak is live
  Bytes load_at_peak{};         ///< INVARIANT: load_at_peak + the holes = peak
  std::vector<Hole> holes;      ///< at peak_time below the peak, ascending
  /// From the buffer that reaches the peak down to the ground. Empty where peak = bound: nothing to explain.
  std::vector<TowerBlock> tower;
};

struct Explanation {
  Load load;                         ///< the maximum load and the first time it is reached
  std::uint64_t load_times = 0;      ///< stretches of time, apart from each other, at maximum load
  std::vector<CliqueMember> clique;  ///< live at that time; by size descending, then by number
  LowerBound bound;                  ///< the best lower bound known
  GraphStatistics graph;
  std::vector<HeapExplanation> heaps;  ///< where there is a plan: one, or one a heap of the instance
};

/// REQUIRES: check_instance() passed; `plan`, where not null, passed check_plan(). `proven` is a lower bound that a
/// solver has proven (0: none); the largest counts. O(n log n) besides the graph's statistics and the bounds.
Explanation explain(const Instance& instance, const Plan* plan = nullptr, Bytes proven = Bytes(0));

/// A line that says where buffer i was allocated, such as its innermost stack frames; "" where nothing is known.
using FrameOf = std::function<std::string(std::size_t buffer)>;

/// For people: a paragraph a question, lists cut to the `rows` largest with the rest summed up. Ends in a newline.
/// `frame_of` may be empty.
std::string explanation_text(const Instance& instance, const Explanation& explanation, const FrameOf& frame_of,
                             std::size_t rows = 20);

}  // namespace vramlab
