#pragma once
// The interval graph in Boost.Graph, and what its algorithms tell. Private to the interval graph.

#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/coloring/interval_graph.h"

namespace vramlab {

/// Compressed rows that hold every edge in both directions, so that they serve as an undirected graph at 4 bytes an
/// end.
struct SymmetricRows : boost::compressed_sparse_row_graph<boost::directedS, boost::no_property, boost::no_property,
                                                          boost::no_property, std::uint32_t, std::uint64_t> {
  using compressed_sparse_row_graph::compressed_sparse_row_graph;
};

class IntervalGraph::Kept {
 public:
  Kept(const Instance& instance, const LiveTimes& times, std::uint64_t edges);

  std::vector<std::uint32_t> components() const;
  /// Whether the later neighbours of each buffer in `order` form a clique.
  bool is_perfect_elimination(std::span<const std::uint32_t> order) const;
  /// The heaviest clique of a buffer of `order` and its later neighbours; the first of the heaviest. REQUIRES: `order`
  /// is a perfect elimination order. Weights are the sizes in `weighted`.
  std::vector<std::uint32_t> heaviest_clique(std::span<const std::uint32_t> order, const Instance& weighted) const;
  /// Greedy, in `order`.
  Coloring color(std::span<const std::uint32_t> order) const;
  std::uint64_t degeneracy() const;

 private:
  template <class Each>
  void for_each_neighbour(std::uint32_t buffer, Each&& each) const;

  SymmetricRows rows_;
};

}  // namespace vramlab

namespace boost {

/// As its rows, but undirected: what boost::connected_components asks for.
template <>
struct graph_traits<vramlab::SymmetricRows> : graph_traits<vramlab::SymmetricRows::compressed_sparse_row_graph> {
  using directed_category = undirected_tag;
};
template <>
struct property_map<vramlab::SymmetricRows, vertex_index_t>
    : property_map<vramlab::SymmetricRows::compressed_sparse_row_graph, vertex_index_t> {};

}  // namespace boost
