#include "engine/coloring/window.h"

#include <algorithm>

namespace vramlab {

Window::Window(const CliquePath& path, CliquePath::Range stretch, const Plan& plan, Bytes target) : target_(target) {
  std::vector<std::uint32_t> inside;
  for (std::uint32_t i : path.members(stretch.first)) inside.push_back(i);
  for (std::uint32_t c = stretch.first + 1; c < stretch.last; ++c)
    for (std::uint32_t i : path.starters(c)) inside.push_back(i);
  std::sort(inside.begin(), inside.end());
  inside.erase(std::unique(inside.begin(), inside.end()), inside.end());
  const auto is_free = [&](std::uint32_t i) {
    const CliquePath::Range hull = path.hull(i);
    return path.pin(i) == CliquePath::free_offset && hull.first >= stretch.first && hull.last <= stretch.last;
  };
  for (std::uint32_t i : inside)
    if (is_free(i)) add_free(path, i);
  for (std::uint32_t i : inside)
    if (!is_free(i)) add_pinned(path, stretch, i, plan.offsets[i]);
}

void Window::add_free(const CliquePath& path, std::uint32_t buffer) {
  const auto index = static_cast<std::uint32_t>(free_.size());
  const CliquePath::Range hull = path.hull(buffer);
  free_.push_back(buffer);
  instance_.buffers.push_back({hull.first, hull.last, path.unit() * path.size(buffer), path.alignment_bytes(buffer)});
  const auto ranges = path.ranges(buffer);
  for (std::size_t k = 1; k < ranges.size(); ++k)
    if (ranges[k - 1].last < ranges[k].first) instance_.gaps.push_back({index, ranges[k - 1].last, ranges[k].first});
}

void Window::add_pinned(const CliquePath& path, CliquePath::Range stretch, std::uint32_t buffer, Bytes offset) {
  if (offset >= target_) return;
  const Bytes size = std::min(path.unit() * path.size(buffer), target_ - offset);
  for (const CliquePath::Range& range : path.ranges(buffer)) {
    const std::uint32_t first = std::max(range.first, stretch.first), last = std::min(range.last, stretch.last);
    if (first >= last) continue;
    instance_.pins.push_back({static_cast<std::uint32_t>(instance_.buffers.size()), offset});
    instance_.buffers.push_back({first, last, size, Bytes(1)});
  }
}

bool Window::solve(const PortfolioRules& rules, Plan& plan) const {
  const CliquePath path(instance_);
  const PortfolioResult result = search_round(path, target_.value / path.unit().value, rules, 0);
  if (result.outcome != Search::Outcome::found) return false;
  for (std::size_t i = 0; i < free_.size(); ++i) plan.offsets[free_[i]] = path.unit() * result.offsets[i];
  return true;
}

}  // namespace vramlab
