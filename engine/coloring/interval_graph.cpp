#include "engine/coloring/interval_graph.h"

#include <algorithm>

#include "engine/coloring/interval_graph_kept.h"
#include "engine/coloring/interval_graph_sweep.h"

namespace vramlab {
namespace {

bool affordable(std::uint64_t edges, std::size_t vertices, Bytes memory) {
  constexpr std::uint64_t edge_bytes = 16, vertex_bytes = 8;
  const std::uint64_t for_vertices = vertices * vertex_bytes;
  return for_vertices <= memory.value && edges <= (memory.value - for_vertices) / edge_bytes;
}

Instance with_unit_sizes(const Instance& instance) {
  Instance units;
  units.buffers = instance.buffers;
  units.gaps = instance.gaps;
  for (Buffer& buffer : units.buffers) buffer.size = Bytes(1);
  return units;
}

double density_of(std::uint64_t edges, std::uint64_t vertices) {
  if (vertices < 2) return 0;
  return static_cast<double>(edges) / (static_cast<double>(vertices) * static_cast<double>(vertices - 1) / 2);
}

}  // namespace

IntervalGraph::IntervalGraph(const Instance& instance, Bytes memory)
    : instance_(instance), times_(instance), edges_(count_edges(instance, times_)) {
  if (affordable(edges_, instance.buffers.size(), memory))
    kept_ = std::make_unique<const Kept>(instance_, times_, edges_);
}

IntervalGraph::~IntervalGraph() = default;

std::vector<std::uint32_t> IntervalGraph::components() const {
  return kept_ ? kept_->components() : sweep_components(instance_);
}

std::optional<std::vector<std::uint32_t>> IntervalGraph::perfect_elimination_order() const {
  std::vector<std::uint32_t> order = order_of_ends(instance_);
  const bool perfect = kept_ ? kept_->is_perfect_elimination(order) : sweep_is_perfect(instance_, times_, order);
  if (!perfect) return std::nullopt;
  return order;
}

// Where the graph is kept and chordal it tells the clique itself; else the load does.
Clique IntervalGraph::clique(const Instance& weighted) const {
  Clique clique;
  if (kept_ && instance_.gaps.empty()) {
    clique.buffers = kept_->heaviest_clique(order_of_ends(instance_), weighted);
    for (const std::uint32_t i : clique.buffers) clique.time = std::max(clique.time, instance_.buffers[i].lower);
  } else {
    clique.time = max_load(weighted).time;
    clique.buffers = times_.live_buffers(clique.time);
  }
  for (const std::uint32_t i : clique.buffers) clique.weight += instance_.buffers[i].size;
  return clique;
}

Clique IntervalGraph::heaviest_clique() const { return clique(instance_); }
Clique IntervalGraph::largest_clique() const { return clique(with_unit_sizes(instance_)); }

Coloring IntervalGraph::color() const {
  const std::vector<std::uint32_t> order = order_of_beginnings(instance_);
  if (kept_) return kept_->color(order);
  return instance_.gaps.empty() ? sweep_color(instance_) : sweep_color_with_gaps(instance_, times_);
}

GraphStatistics IntervalGraph::statistics() const {
  GraphStatistics told;
  told.vertices = instance_.buffers.size();
  told.edges = edges_;
  told.density = density_of(edges_, told.vertices);
  for (const std::uint32_t component : components()) told.components = std::max(told.components, component + 1ul);
  told.clique_number = largest_clique().buffers.size();
  told.clique_weight = heaviest_clique().weight;
  told.colors = color().colors;
  // A chordal graph has a vertex whose neighbours form a clique in every subgraph.
  if (kept_)
    told.degeneracy = kept_->degeneracy();
  else if (instance_.gaps.empty())
    told.degeneracy = std::max<std::uint64_t>(told.clique_number, 1) - 1;
  told.is_explicit = is_explicit();
  return told;
}

std::optional<Plan> plan_equal_sizes(const Instance& instance) {
  Plan plan;
  if (!instance.pins.empty() || !instance.heaps.empty()) return std::nullopt;
  if (instance.buffers.empty()) return plan;
  const Buffer& first = instance.buffers.front();
  const auto like_first = [&](const Buffer& b) { return b.size == first.size && b.alignment == first.alignment; };
  if (!std::all_of(instance.buffers.begin(), instance.buffers.end(), like_first)) return std::nullopt;
  const Coloring coloring = IntervalGraph(instance).color();
  const Bytes stride = round_up(first.size, first.alignment);
  for (const std::uint32_t color : coloring.color_of) plan.offsets.push_back(Bytes(stride.value * color));
  plan.peak = Bytes(stride.value * (coloring.colors - 1)) + first.size;
  return plan;
}

}  // namespace vramlab
