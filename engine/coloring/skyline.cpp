#include "engine/coloring/skyline.h"

#include <algorithm>

#include "engine/coloring/mix.h"
#include "engine/core/check.h"

namespace vramlab {
namespace {

// Buffers in more cliques are seldom what fits into a hole, and take long to look at.
constexpr std::uint32_t widest_checked = 32;

std::uint64_t round_up_to(std::uint64_t height, std::uint64_t alignment) {
  return alignment == 1 ? height : (height + alignment - 1) / alignment * alignment;
}

}  // namespace

Skyline::Skyline(const CliquePath& path, std::uint64_t capacity, Rules rules)
    : path_(path),
      capacity_(capacity),
      rules_(rules),
      cliques_(path.cliques()),
      buffers_(path.buffers()),
      crossing_(path.cliques() + 1),
      witness_(path.cliques()),
      watched_(path.buffers()),
      set_key_(path.cliques()) {
  for (std::uint32_t c = 0; c < path.cliques(); ++c) {
    cliques_[c].left = path.weight(c);
    witness_[c] = path.members(c).front();
    ++watched_[witness_[c]];
  }
  for (std::uint32_t i = 0; i < path.buffers(); ++i) {
    const CliquePath::Range hull = path.hull(i);
    for (std::uint32_t c = hull.first + 1; c < hull.last; ++c) ++crossing_[c];
    set_key_[hull.first] += mix(i + 1);
    if (path.pin(i) != CliquePath::free_offset) buffers_[i].lowest = path.pin(i);
  }
}

void Skyline::note(const Change& change) {
  trail_.push_back(change);
  ++changes_;
}

void Skyline::set_height(std::uint32_t clique, std::uint64_t height, std::uint64_t top) {
  Clique& c = cliques_[clique];
  note({c.height, c.top, clique, What::height});
  c.height = height;
  c.top = top;
}

void Skyline::take(std::uint32_t buffer) {
  buffers_[buffer].placed = true;
  const CliquePath::Range hull = path_.hull(buffer);
  for (std::uint32_t c = hull.first + 1; c < hull.last; ++c) --crossing_[c];
  set_key_[hull.first] -= mix(buffer + 1);
  for (const CliquePath::Range& range : path_.ranges(buffer))
    for (std::uint32_t c = range.first; c < range.last; ++c) cliques_[c].left -= path_.size(buffer);
}

void Skyline::give_back(std::uint32_t buffer) {
  buffers_[buffer].placed = false;
  const CliquePath::Range hull = path_.hull(buffer);
  for (std::uint32_t c = hull.first + 1; c < hull.last; ++c) ++crossing_[c];
  set_key_[hull.first] += mix(buffer + 1);
  for (const CliquePath::Range& range : path_.ranges(buffer))
    for (std::uint32_t c = range.first; c < range.last; ++c) cliques_[c].left += path_.size(buffer);
}

bool Skyline::lift(std::uint32_t buffer, std::uint64_t height, Span& touched) {
  State& state = buffers_[buffer];
  if (state.placed || state.lowest >= height) return true;
  if (path_.pin(buffer) != CliquePath::free_offset) return false;  // cannot move
  const std::uint64_t lowest = round_up_to(height, path_.alignment(buffer));
  note({state.lowest, 0, buffer, What::lowest});
  state.lowest = lowest;
  if (watched_[buffer] > 0 || rules_.release_times) {  // else no clique loses its witness
    const CliquePath::Range hull = path_.hull(buffer);
    touched.first = std::min(touched.first, hull.first);
    touched.last = std::max(touched.last, hull.last);
  }
  return lowest + path_.size(buffer) <= capacity_;
}

bool Skyline::place(std::uint32_t buffer) {
  VRAMLAB_DCHECK(!placed(buffer), "a buffer is placed once");
  const std::uint64_t top = lowest(buffer) + path_.size(buffer);
  take(buffer);
  note({0, 0, buffer, What::placed});
  const CliquePath::Range hull = path_.hull(buffer);
  Span touched{hull.first, hull.last};
  for (const CliquePath::Range& range : path_.ranges(buffer))
    for (std::uint32_t c = range.first; c < range.last; ++c) set_height(c, top, top);
  bool fits = top <= capacity_;
  path_.for_neighbours(buffer, [&](std::uint32_t other) { fits = fits && lift(other, top, touched); });
  return fits && check(touched);
}

bool Skyline::raise(std::uint32_t clique, std::uint64_t height) {
  if (height + left(clique) > capacity_) return false;
  set_height(clique, height, top(clique));
  if (leaves_hole(clique)) return false;
  Span touched{clique, clique + 1};
  for (std::uint32_t other : path_.members(clique))
    if (!lift(other, height, touched)) return false;
  return check(touched);
}

bool Skyline::check(Span touched) {
  for (std::uint32_t c = touched.first; c < touched.last; ++c)
    if (!check(c)) return false;
  return true;
}

// All buffers left in a clique begin at their lowest places or above: so does the clique.
bool Skyline::check(std::uint32_t clique) {
  const Clique& c = cliques_[clique];
  if (c.left == 0) return true;
  if (c.height + c.left > capacity_) return false;
  if (rules_.release_times) {
    if (!schedule_fits(clique)) return false;
  } else if (!rules_.raise_floors) {
    return true;
  }
  if (const State& w = buffers_[witness_[clique]]; !w.placed && w.lowest <= c.height) return true;
  std::uint64_t floor = ~std::uint64_t{0};
  std::uint32_t lowest = witness_[clique];
  for (std::uint32_t other : path_.members(clique)) {
    const State& state = buffers_[other];
    if (state.placed || state.lowest >= floor) continue;
    floor = state.lowest;
    lowest = other;
    if (floor <= c.height) break;
  }
  note({witness_[clique], 0, clique, What::witness});
  set_witness(clique, lowest);
  if (floor <= c.height) return true;
  if (floor + c.left > capacity_) return false;
  set_height(clique, floor, c.top);
  return !leaves_hole(clique);
}

// A placement with such a hole has a twin with the buffer in it, which is met on another branch. Pins may forbid it.
bool Skyline::leaves_hole(std::uint32_t clique) const {
  if (!rules_.no_holes || path_.has_pins()) return false;
  const Clique& c = cliques_[clique];
  if (c.top == c.height) return false;
  for (std::uint32_t other : path_.members(clique)) {
    const CliquePath::Range hull = path_.hull(other);
    if (hull.last - hull.first > widest_checked) return false;  // members are sorted by width
    if (!placed(other) && c.top + path_.size(other) <= c.height && fits_below(other)) return true;
  }
  return false;
}

bool Skyline::fits_below(std::uint32_t buffer) const {
  std::uint64_t top = 0, floor = ~std::uint64_t{0};
  for (const CliquePath::Range& range : path_.ranges(buffer))
    for (std::uint32_t c = range.first; c < range.last; ++c) {
      top = std::max(top, cliques_[c].top);
      floor = std::min(floor, cliques_[c].height);
      if (top + path_.size(buffer) > floor) return false;
    }
  return round_up_to(top, path_.alignment(buffer)) + path_.size(buffer) <= floor;
}

void Skyline::set_witness(std::uint32_t clique, std::uint32_t buffer) {
  --watched_[witness_[clique]];
  ++watched_[buffer];
  witness_[clique] = buffer;
}

// One machine, release times, no deadlines: in order of release is optimal (Jackson's rule).
bool Skyline::schedule_fits(std::uint32_t clique) {
  jobs_.clear();
  for (std::uint32_t other : path_.members(clique))
    if (!placed(other)) jobs_.emplace_back(lowest(other), path_.size(other));
  std::sort(jobs_.begin(), jobs_.end());
  std::uint64_t end = 0;
  for (const auto& [release, size] : jobs_) end = std::max(end, release) + size;
  return end <= capacity_;
}

void Skyline::forget_older_half() {
  const std::size_t older = trail_.size() / 2;
  trail_.erase(trail_.begin(), trail_.begin() + static_cast<std::ptrdiff_t>(older));
  forgotten_ += older;
}

void Skyline::undo(std::size_t mark) {
  VRAMLAB_DCHECK(mark >= forgotten_, "what was forgotten cannot be undone");
  while (forgotten_ + trail_.size() > mark) {
    const Change change = trail_.back();
    trail_.pop_back();
    if (change.what == What::height) {
      cliques_[change.index].height = change.height;
      cliques_[change.index].top = change.top;
    } else if (change.what == What::witness) {
      set_witness(change.index, static_cast<std::uint32_t>(change.height));
    } else if (change.what == What::lowest) {
      buffers_[change.index].lowest = change.height;
    } else {
      give_back(change.index);
    }
  }
}

}  // namespace vramlab
