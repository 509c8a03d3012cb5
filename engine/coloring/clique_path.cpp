#include "engine/coloring/clique_path.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace vramlab {
namespace {

struct Edge {
  std::uint64_t time;
  bool begins;  // ends before beginnings: lifetimes are half-open
  std::uint32_t part;
};

// Heights are sums of sizes, rounded up to an alignment now and then: where neither divides the other, an alignment
// brings heights between the multiples of the sizes' divisor.
std::uint64_t unit_of(const Instance& instance) {
  std::uint64_t unit = 0;
  for (const Buffer& b : instance.buffers) unit = std::gcd(unit, b.size.value);
  for (const Pin& pin : instance.pins) unit = std::gcd(unit, pin.offset.value);
  const auto between = [&unit](const Buffer& b) {
    return unit % b.alignment.value != 0 && b.alignment.value % unit != 0;
  };
  for (auto b = instance.buffers.begin(); b != instance.buffers.end();) {
    b = std::find_if(instance.buffers.begin(), instance.buffers.end(), between);
    if (b != instance.buffers.end()) unit = std::gcd(unit, b->alignment.value);
  }
  return std::max<std::uint64_t>(unit, 1);
}

std::vector<Edge> sorted_edges(const std::vector<LivePart>& parts) {
  std::vector<Edge> edges;
  edges.reserve(parts.size() * 2);
  for (std::uint32_t p = 0; p < parts.size(); ++p) {
    edges.push_back({parts[p].lower, true, p});
    edges.push_back({parts[p].upper, false, p});
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
    return std::tie(a.time, a.begins, a.part) < std::tie(b.time, b.begins, b.part);
  });
  return edges;
}

}  // namespace

CliquePath::CliquePath(const Instance& instance) {
  scale(instance);
  arrange(instance);
  gather();
}

void CliquePath::scale(const Instance& instance) {
  unit_ = unit_of(instance);
  const std::size_t n = instance.buffers.size();
  size_.resize(n);
  alignment_.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    size_[i] = instance.buffers[i].size.value / unit_;
    // One that divides the unit asks for nothing; any other is a multiple of it.
    alignment_[i] = std::max<std::uint64_t>(1, instance.buffers[i].alignment.value / unit_);
    if (alignment_[i] > 1) plain_ = false;
  }
  if (!instance.gaps.empty()) plain_ = false;
  if (instance.pins.empty()) return;
  pins_.assign(n, free_offset);
  for (const Pin& pin : instance.pins) pins_[pin.buffer] = pin.offset.value / unit_;
}

CliquePath::Shape CliquePath::shape_of(const Instance& instance) {
  Shape shape;
  std::uint64_t live = 0;
  bool grew = false;
  for (const Edge& edge : sorted_edges(live_parts(instance))) {
    if (grew && !edge.begins) {
      ++shape.cliques;
      shape.members += live;
    }
    live = edge.begins ? live + 1 : live - 1;
    grew = edge.begins;
  }
  return shape;
}

// A clique is maximal just before the first end that follows a beginning.
void CliquePath::arrange(const Instance& instance) {
  const std::vector<LivePart> parts = live_parts(instance);
  ranges_.resize(parts.size());
  std::uint32_t clique = 0;
  bool grew = false;
  for (const Edge& edge : sorted_edges(parts)) {
    if (edge.begins) {
      ranges_[edge.part].first = clique;
    } else {
      clique += grew;
      ranges_[edge.part].last = clique;
    }
    grew = edge.begins;
  }
  weight_.assign(clique, 0);
  range_begin_.assign(size_.size() + 1, 0);
  for (std::uint32_t p = 0; p < parts.size(); ++p) range_begin_[parts[p].buffer + 1] = p + 1;
}

void CliquePath::gather() {
  member_begin_.assign(weight_.size() + 1, 0);
  starter_begin_.assign(weight_.size() + 1, 0);
  for (const Range& range : ranges_) {
    ++starter_begin_[range.first + 1];
    for (std::uint32_t c = range.first; c < range.last; ++c) ++member_begin_[c + 1];
  }
  std::partial_sum(member_begin_.begin(), member_begin_.end(), member_begin_.begin());
  std::partial_sum(starter_begin_.begin(), starter_begin_.end(), starter_begin_.begin());
  members_.resize(member_begin_.back());
  starters_.resize(starter_begin_.back());
  std::vector<std::size_t> member = member_begin_, starter = starter_begin_;
  for (std::uint32_t i : by_width())
    for (const Range& range : ranges(i)) {
      starters_[starter[range.first]++] = i;
      for (std::uint32_t c = range.first; c < range.last; ++c) {
        members_[member[c]++] = i;
        weight_[c] += size_[i];
      }
    }
}

std::vector<std::uint32_t> CliquePath::by_width() const {
  std::vector<std::uint32_t> order(buffers());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
    const Range x = hull(a), y = hull(b);
    return std::tuple(x.last - x.first, a) < std::tuple(y.last - y.first, b);
  });
  return order;
}

std::uint64_t CliquePath::width(std::uint32_t buffer) const {
  std::uint64_t width = 0;
  for (const Range& range : ranges(buffer)) width += range.last - range.first;
  return width;
}

std::uint64_t CliquePath::heaviest(std::uint32_t buffer) const {
  std::uint64_t total = 0;
  for (const Range& range : ranges(buffer))
    for (std::uint32_t c = range.first; c < range.last; ++c) total = std::max(total, weight_[c]);
  return total;
}

std::uint64_t CliquePath::max_weight() const {
  return weight_.empty() ? 0 : *std::max_element(weight_.begin(), weight_.end());
}

}  // namespace vramlab
