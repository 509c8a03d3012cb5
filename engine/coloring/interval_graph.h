#pragma once
// The interval graph of an instance: a vertex a buffer, an edge for two that are live at one time (in their live parts:
// a buffer in a gap holds no space). It tells what colouring can and cannot do with the instance.
//
// Without gaps the graph is chordal: in the order of ends, the later neighbours of a buffer are all live at its last
// position, so they form a clique (Fulkerson and Gross 1965; Golumbic, Algorithmic Graph Theory and Perfect Graphs,
// chapters 4 and 8). Hence the maximum-weight clique weighs exactly the maximum load, greedy colouring in the order of
// beginnings needs as many colours as the largest clique has members, and the degeneracy is one less than that.
//
// Gaps make it a graph of unions of intervals, which need not be chordal: four buffers can meet in a ring, and three
// can meet by pairs and never all at once (they lie apart all the same, so such a clique bounds the peak above the
// maximum load). A heaviest clique is NP-hard to find then, so the cliques told here are those live at one time, the
// greedy colouring stays valid but may use more colours than needed, and the order of ends is told only where it is
// perfect.
//
// The graph is kept (by Boost.Graph, 8 bytes an edge and 8 a vertex; 16 an edge while it is built) where it stays
// within a limit of memory. Where it would not, it stays implicit and sweeps over time answer instead, in O(n) memory.
// Both give the same answers.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/coloring/live_times.h"
#include "engine/coloring/solver.h"
#include "engine/core/instance.h"

namespace vramlab {

/// Buffers that are all live at `time`, ascending.
struct Clique {
  Bytes weight{};  ///< sum of their sizes
  std::uint64_t time = 0;
  std::vector<std::uint32_t> buffers;
};

/// Colours by buffer, from 0 on; two neighbours never have the same.
struct Coloring {
  std::vector<std::uint32_t> color_of;
  std::uint32_t colors = 0;
};

struct GraphStatistics {
  std::uint64_t vertices = 0;
  std::uint64_t edges = 0;
  double density = 0;  ///< edges / pairs of vertices; 0 below two vertices
  std::uint64_t components = 0;
  std::uint64_t clique_number = 0;  ///< most buffers live at one time
  Bytes clique_weight{};            ///< most bytes live at one time: the maximum load
  std::uint64_t colors = 0;         ///< of the greedy colouring in the order of beginnings
  /// The least d such that every subgraph has a vertex of degree at most d; nullopt with gaps while implicit.
  std::optional<std::uint64_t> degeneracy;
  bool is_explicit = false;  ///< whether the graph was kept
};

inline constexpr Bytes default_graph_memory{64 << 20};

/// REQUIRES: check_instance() passed, and `instance` outlives the graph.
class IntervalGraph {
 public:
  /// Kept where building it takes at most `memory`. To find out: O(n log n + pairs of which one has gaps).
  explicit IntervalGraph(const Instance& instance, Bytes memory = default_graph_memory);
  ~IntervalGraph();
  IntervalGraph(const IntervalGraph&) = delete;
  IntervalGraph& operator=(const IntervalGraph&) = delete;

  bool is_explicit() const { return kept_ != nullptr; }
  std::uint64_t edges() const { return edges_; }

  /// The connected component of each buffer, numbered in the order of their first buffers.
  std::vector<std::uint32_t> components() const;
  /// Buffers by end (then by number), verified: the later neighbours of each form a clique. nullopt where they do not,
  /// which only gaps can bring about. O(vertices + edges).
  std::optional<std::vector<std::uint32_t>> perfect_elimination_order() const;
  /// The first clique of the largest weight, and the first with the most members, of those live at one time. Without
  /// gaps these are the maximum-weight and the maximum clique.
  Clique heaviest_clique() const;
  Clique largest_clique() const;
  /// Each buffer, by beginning (then by number), gets the lowest colour that none of its neighbours has.
  Coloring color() const;
  GraphStatistics statistics() const;

 private:
  class Kept;

  /// The heaviest by the sizes in `weighted`, which has the same lifetimes.
  Clique clique(const Instance& weighted) const;

  const Instance& instance_;
  LiveTimes times_;
  std::uint64_t edges_;
  std::unique_ptr<const Kept> kept_;
};

/// A plan that gives each colour its place: optimal without gaps, since the colours are as many as are live at one
/// time. nullopt where the buffers have not all the same size, a multiple of every alignment, or where there are pins
/// or heaps.
std::optional<Plan> plan_equal_sizes(const Instance& instance);

}  // namespace vramlab
