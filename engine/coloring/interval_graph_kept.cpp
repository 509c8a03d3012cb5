#include "engine/coloring/interval_graph_kept.h"

#include <algorithm>
#include <boost/graph/connected_components.hpp>
#include <boost/graph/core_numbers.hpp>
#include <boost/graph/sequential_vertex_coloring.hpp>
#include <boost/range/iterator_range.hpp>

#include "engine/coloring/interval_graph_sweep.h"

namespace vramlab {
namespace {

SymmetricRows make_rows(const Instance& instance, const LiveTimes& times, std::uint64_t edges) {
  std::vector<std::uint32_t> sources, targets;
  sources.reserve(2 * edges);
  targets.reserve(2 * edges);
  for_each_meeting(instance, times, [&](std::uint32_t a, std::uint32_t b) {
    sources.insert(sources.end(), {a, b});
    targets.insert(targets.end(), {b, a});
  });
  const auto vertices = static_cast<std::uint32_t>(instance.buffers.size());
  return {boost::construct_inplace_from_sources_and_targets, sources, targets, vertices};
}

}  // namespace

IntervalGraph::Kept::Kept(const Instance& instance, const LiveTimes& times, std::uint64_t edges)
    : rows_(make_rows(instance, times, edges)) {}

template <class Each>
void IntervalGraph::Kept::for_each_neighbour(std::uint32_t buffer, Each&& each) const {
  for (const std::uint32_t other : boost::make_iterator_range(boost::adjacent_vertices(buffer, rows_))) each(other);
}

std::vector<std::uint32_t> IntervalGraph::Kept::components() const {
  std::vector<std::uint32_t> component(boost::num_vertices(rows_));
  boost::connected_components(
      rows_, boost::make_iterator_property_map(component.begin(), boost::get(boost::vertex_index, rows_)));
  return component;
}

// Rose, Tarjan and Lueker 1976: it is enough that the first of the later neighbours is a neighbour of the others.
bool IntervalGraph::Kept::is_perfect_elimination(std::span<const std::uint32_t> order) const {
  const std::vector<std::uint32_t> place = places_in(order);
  std::vector<std::vector<std::uint32_t>> to_check(order.size());  // by the first of the later neighbours
  for (const std::uint32_t v : order) {
    std::uint32_t first = no_buffer;
    for_each_neighbour(v, [&](std::uint32_t other) {
      if (place[other] > place[v] && (first == no_buffer || place[other] < place[first])) first = other;
    });
    if (first != no_buffer) to_check[first].push_back(v);
  }
  std::vector<std::uint32_t> neighbour_of(order.size(), no_buffer);
  bool holds = true;
  for (const std::uint32_t first : order) {
    for_each_neighbour(first, [&](std::uint32_t other) { neighbour_of[other] = first; });
    for (const std::uint32_t v : to_check[first])
      for_each_neighbour(v, [&](std::uint32_t other) {
        holds = holds && (place[other] <= place[first] || neighbour_of[other] == first);
      });
  }
  return holds;
}

std::vector<std::uint32_t> IntervalGraph::Kept::heaviest_clique(std::span<const std::uint32_t> order,
                                                                const Instance& weighted) const {
  const std::vector<std::uint32_t> place = places_in(order);
  const auto for_each_member = [&](std::uint32_t v, auto&& each) {
    each(v);
    for_each_neighbour(v, [&](std::uint32_t other) {
      if (place[other] > place[v]) each(other);
    });
  };
  Bytes heaviest{};
  std::uint32_t first = no_buffer;
  for (const std::uint32_t v : order) {
    Bytes weight{};
    for_each_member(v, [&](std::uint32_t member) { weight += weighted.buffers[member].size; });
    if (weight > heaviest) {
      heaviest = weight;
      first = v;
    }
  }
  std::vector<std::uint32_t> members;
  if (first != no_buffer) for_each_member(first, [&](std::uint32_t member) { members.push_back(member); });
  std::sort(members.begin(), members.end());
  return members;
}

Coloring IntervalGraph::Kept::color(std::span<const std::uint32_t> order) const {
  Coloring coloring;
  coloring.color_of.resize(order.size());
  const auto index = boost::get(boost::vertex_index, rows_);
  const auto color = boost::make_iterator_property_map(coloring.color_of.begin(), index);
  const auto vertex_at = boost::make_iterator_property_map(order.begin(), boost::identity_property_map());
  coloring.colors = static_cast<std::uint32_t>(boost::sequential_vertex_coloring(rows_, vertex_at, color));
  return coloring;
}

std::uint64_t IntervalGraph::Kept::degeneracy() const {
  std::vector<std::uint32_t> core(boost::num_vertices(rows_));
  if (core.empty()) return 0;
  boost::core_numbers(rows_, boost::make_iterator_property_map(core.begin(), boost::get(boost::vertex_index, rows_)));
  return *std::max_element(core.begin(), core.end());
}

}  // namespace vramlab
