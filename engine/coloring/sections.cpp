#include "engine/coloring/sections.h"

#include <algorithm>

#include "engine/coloring/live_times.h"

namespace vramlab {
namespace {

// What is said of buffer `from` in `all` (by buffer) is said of buffer `to` in `restricted`.
template <class Note>
void copy_notes(const std::vector<Note>& all, std::uint32_t from, std::uint32_t to, std::vector<Note>& restricted) {
  auto note = std::lower_bound(all.begin(), all.end(), from,
                               [](const Note& n, std::uint32_t buffer) { return n.buffer < buffer; });
  for (; note != all.end() && note->buffer == from; ++note) {
    restricted.push_back(*note);
    restricted.back().buffer = to;
  }
}

}  // namespace

std::vector<Section> sections(const Instance& instance) {
  std::vector<Section> all;
  for (const std::uint32_t i : order_of_beginnings(instance)) {
    const Buffer& buffer = instance.buffers[i];
    if (all.empty() || all.back().upper <= buffer.lower) all.push_back({buffer.lower, buffer.upper, {}});
    all.back().upper = std::max(all.back().upper, buffer.upper);
    all.back().buffers.push_back(i);
  }
  return all;
}

Instance restrict_to(const Instance& instance, std::span<const std::uint32_t> buffers) {
  Instance restricted;
  restricted.name = instance.name;
  restricted.heaps = instance.heaps;
  for (std::uint32_t i = 0; i < buffers.size(); ++i) {
    restricted.buffers.push_back(instance.buffers[buffers[i]]);
    restricted.names.push_back(name_of(instance, buffers[i]));
    copy_notes(instance.gaps, buffers[i], i, restricted.gaps);
    copy_notes(instance.pins, buffers[i], i, restricted.pins);
    if (!instance.priorities.empty()) restricted.priorities.push_back(instance.priorities[buffers[i]]);
  }
  return restricted;
}

}  // namespace vramlab
