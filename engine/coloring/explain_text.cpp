#include <fmt/format.h>
#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

#include "engine/coloring/explain.h"
#include "engine/core/option.h"

namespace vramlab {
namespace {

std::string amount(Bytes bytes) { return fmt::format("{} ({})", bytes.value, format_bytes(bytes)); }

std::string plural(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

/// Writes the paragraphs of one explanation.
class Writer {
 public:
  Writer(const Instance& instance, const Explanation& told, const FrameOf& frame_of, std::size_t rows)
      : instance_(instance), told_(told), frame_of_(frame_of), rows_(rows) {}

  std::string text() {
    load();
    clique();
    graph();
    for (const HeapExplanation& heap : told_.heaps) {
      peak(heap);
      holes(heap);
      tower(heap);
    }
    return fmt::to_string(out_);
  }

 private:
  template <class... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
    out_.push_back('\n');
  }

  void load() {
    line("maximum load {} at time {}, reached in {}", amount(told_.load.bytes), told_.load.time,
         plural(told_.load_times, "stretch of time", "stretches of time"));
    line("lower bound {} at time {}: {}", amount(told_.bound.bytes), told_.bound.time, told_.bound.name);
  }

  void clique() {
    line("\nlive at time {}: {}", told_.load.time, plural(told_.clique.size(), "buffer", "buffers"));
    line("  {:>14} {:>7} {:>16} {:>24}  buffer", "size", "share", "offset", "lifetime");
    const std::size_t shown = std::min(rows_, told_.clique.size());
    for (std::size_t i = 0; i < shown; ++i) {
      const CliqueMember& member = told_.clique[i];
      line("  {:>14} {:>6.2f}% {:>16} {:>24}  {}", size(member.buffer).value, 100 * member.share, place(member),
           lifetime(member.buffer), buffer_text(member.buffer));
    }
    Bytes rest{};
    for (std::size_t i = shown; i < told_.clique.size(); ++i) rest += size(told_.clique[i].buffer);
    if (shown < told_.clique.size()) line("  {:>14}  in {} more", rest.value, told_.clique.size() - shown);
  }

  void graph() {
    const GraphStatistics& graph = told_.graph;
    line("\ninterval graph: {}, {}, density {:.4f}, {}", plural(graph.vertices, "vertex", "vertices"),
         plural(graph.edges, "edge", "edges"), graph.density, plural(graph.components, "component", "components"));
    line("  at most {} live at one time, degeneracy {}, {} in the order of beginnings",
         plural(graph.clique_number, "buffer", "buffers"),
         graph.degeneracy ? fmt::format("{}", *graph.degeneracy) : "not known",
         plural(graph.colors, "colour", "colours"));
  }

  void peak(const HeapExplanation& heap) {
    const std::string where = instance_.heaps.empty() ? "the plan" : "heap " + instance_.heaps[heap.heap].name;
    const Bytes gap = heap.peak - std::min(heap.bound, heap.peak);
    line("\n{} peaks at {}: {} buffers, {}", where, amount(heap.peak), heap.buffers,
         gap == Bytes(0) ? "no plan is lower" : fmt::format("{} above the lower bound", amount(gap)));
  }

  void holes(const HeapExplanation& heap) {
    if (heap.buffers == 0) return;
    line("  at time {}: {} live, {} free in {}", heap.peak_time, amount(heap.load_at_peak),
         amount(heap.peak - heap.load_at_peak), plural(heap.holes.size(), "hole", "holes"));
    const auto hole_size = [](const Hole& hole) { return hole.upper - hole.lower; };
    for (const Hole& hole : largest(heap.holes, hole_size))
      line("  {:>14} free at [{}, {})", hole_size(hole).value, hole.lower.value, hole.upper.value);
    if (rows_ < heap.holes.size()) line("  and {} smaller", heap.holes.size() - rows_);
  }

  void tower(const HeapExplanation& heap) {
    if (heap.tower.empty()) return;
    line("  what holds the highest buffer up, each resting on the next:");
    line("  {:>14} {:>16} {:>14} {:>24}  buffer", "size", "offset", "space below", "lifetime");
    for (const TowerBlock& block : largest(heap.tower, [&](const TowerBlock& b) { return size(b.buffer); }))
      line("  {:>14} {:>16} {:>14} {:>24}  {}", size(block.buffer).value, block.offset.value, block.space_below.value,
           lifetime(block.buffer), buffer_text(block.buffer));
    if (rows_ < heap.tower.size()) line("  and {} smaller between them", heap.tower.size() - rows_);
  }

  // As many as are shown, in their own order.
  template <class Item, class Size>
  std::vector<Item> largest(const std::vector<Item>& items, Size&& size_of) const {
    std::vector<std::size_t> chosen(items.size());
    std::iota(chosen.begin(), chosen.end(), std::size_t{0});
    std::sort(chosen.begin(), chosen.end(), [&](std::size_t a, std::size_t b) {
      return std::pair(size_of(items[b]), a) < std::pair(size_of(items[a]), b);
    });
    chosen.resize(std::min(rows_, chosen.size()));
    std::sort(chosen.begin(), chosen.end());
    std::vector<Item> shown;
    for (const std::size_t i : chosen) shown.push_back(items[i]);
    return shown;
  }

  Bytes size(std::uint32_t buffer) const { return instance_.buffers[buffer].size; }
  std::string lifetime(std::uint32_t buffer) const {
    return fmt::format("[{}, {})", instance_.buffers[buffer].lower, instance_.buffers[buffer].upper);
  }
  std::string place(const CliqueMember& member) const {
    if (!member.offset) return "-";
    const std::string heap = instance_.heaps.empty() ? "" : instance_.heaps[member.heap].name + ":";
    return heap + std::to_string(member.offset->value);
  }
  std::string buffer_text(std::uint32_t buffer) const {
    const std::string frame = frame_of_ ? frame_of_(buffer) : "";
    return name_of(instance_, buffer) + (frame.empty() ? "" : "  " + frame);
  }

  const Instance& instance_;
  const Explanation& told_;
  const FrameOf& frame_of_;
  std::size_t rows_;
  fmt::memory_buffer out_;
};

}  // namespace

std::string explanation_text(const Instance& instance, const Explanation& explanation, const FrameOf& frame_of,
                             std::size_t rows) {
  return Writer(instance, explanation, frame_of, rows).text();
}

}  // namespace vramlab
