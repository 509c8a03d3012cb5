#include "engine/replay/plan_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "engine/coloring/solver.h"
#include "engine/core/option.h"
#include "engine/replay/picture_axis.h"

namespace vramlab {
namespace {

std::uint64_t last_time(const Instance& instance) {
  std::uint64_t last = 0;
  for (const Buffer& b : instance.buffers) last = std::max(last, b.upper);
  return last;
}

bool fits_positions(std::uint64_t last) { return last <= std::numeric_limits<std::uint32_t>::max(); }

/// Times as positions of the map: as they are, or by rank among all that occur.
class Positions {
 public:
  Positions(const Instance& instance, const std::vector<LivePart>& parts) : end_(last_time(instance)) {
    if (fits_positions(end_)) return;
    ranks_.reserve(2 * parts.size());
    for (const LivePart& part : parts) ranks_.insert(ranks_.end(), {part.lower, part.upper});
    std::sort(ranks_.begin(), ranks_.end());
    ranks_.erase(std::unique(ranks_.begin(), ranks_.end()), ranks_.end());
    end_ = ranks_.size() - 1;
  }

  std::uint64_t end() const { return end_; }
  std::uint32_t of(std::uint64_t time) const {
    if (ranks_.empty()) return static_cast<std::uint32_t>(time);
    return static_cast<std::uint32_t>(std::lower_bound(ranks_.begin(), ranks_.end(), time) - ranks_.begin());
  }

 private:
  std::uint64_t end_;
  std::vector<std::uint64_t> ranks_;
};

/// Where each heap begins on the address axis, and behind the last one where it ends.
std::vector<Bytes> heap_bases(const Plan& plan) {
  if (plan.heap_peaks.empty()) return {Bytes(0), plan.peak};
  std::vector<Bytes> bases{Bytes(0)};
  for (const Bytes peak : plan.heap_peaks) bases.push_back(bases.back() + peak);
  return bases;
}

MapBlock block_of(const Instance& instance, const Plan& plan, const LivePart& part, const Positions& positions,
                  const std::vector<Bytes>& bases) {
  const std::uint32_t heap = plan.heaps.empty() ? 0U : plan.heaps[part.buffer];
  const Bytes size = instance.buffers[part.buffer].size;
  const Bytes low = bases[heap] + plan.offsets[part.buffer];
  return {
      positions.of(part.lower), positions.of(part.upper), low.value, (low + size).value, size.value, part.buffer, heap};
}

/// One step a position, so that a buffer that takes the place of another leaves no dent. What ends at the very end is
/// not seen to end.
LoadCurve load_of(const Instance& instance, const std::vector<LivePart>& parts, const Positions& positions,
                  std::uint32_t columns) {
  struct Change {
    Bytes begins{}, ends{};
  };
  std::map<std::uint32_t, Change> changes;
  for (const LivePart& part : parts) {
    changes[positions.of(part.lower)].begins += instance.buffers[part.buffer].size;
    changes[positions.of(part.upper)].ends += instance.buffers[part.buffer].size;
  }
  LoadCurve curve(positions.end(), columns);
  changes.erase(static_cast<std::uint32_t>(positions.end()));
  for (const auto& [position, change] : changes) {
    if (change.begins >= change.ends)
      curve.add(position, change.begins - change.ends);
    else
      curve.subtract(position, change.ends - change.begins);
  }
  curve.finish();
  return curve;
}

std::vector<MapLevel> levels_of(const Instance& instance, const std::vector<Bytes>& bases, Bytes load,
                                Bytes lower_bound) {
  std::vector<MapLevel> levels;
  if (instance.heaps.size() > 1) {
    for (std::size_t h = 0; h < instance.heaps.size(); ++h)
      levels.push_back({MapLevelKind::edge, instance.heaps[h].name, bases[h + 1] - bases[h], bases[h + 1]});
    return levels;
  }
  levels.push_back({MapLevelKind::load, "maximum load", load, load});
  if (lower_bound > load) levels.push_back({MapLevelKind::bound, "lower bound", lower_bound, lower_bound});
  return levels;
}

std::string figures(const Instance& instance, const Plan& plan, Bytes lower_bound, const std::string& positions) {
  std::string text = fmt::format("peak {}", format_bytes(heap_bases(plan).back()));
  const bool several = instance.heaps.size() > 1;
  if (several) text += fmt::format(" in {} heaps", instance.heaps.size());
  if (!several && lower_bound > Bytes(0))
    text += fmt::format(", lower bound {}, peak/bound {:.4f}{}", format_bytes(lower_bound),
                        static_cast<double>(plan.peak.value) / static_cast<double>(lower_bound.value),
                        plan.peak == lower_bound ? " (optimal)" : "");
  return text + fmt::format(", {} buffers, {}", grouped(instance.buffers.size()), positions);
}

}  // namespace

MapModel plan_map(const Instance& instance, const Plan& plan, Bytes lower_bound, std::uint32_t columns) {
  const std::vector<LivePart> parts = live_parts(instance);
  const Positions positions(instance, parts);
  const std::vector<Bytes> bases = heap_bases(plan);
  MapModel model;
  model.events = positions.end();
  model.height = bases.back();
  model.blocks.reserve(parts.size());
  for (const LivePart& part : parts) model.blocks.push_back(block_of(instance, plan, part, positions, bases));
  model.levels = levels_of(instance, bases, max_load(instance).bytes, lower_bound);
  model.requested = load_of(instance, parts, positions, columns);
  return model;
}

MapWords plan_map_words(const Instance& instance, const Plan& plan, Bytes lower_bound, PlanPositions positions) {
  const std::uint64_t last = last_time(instance);
  MapWords words{fmt::format("{}, {}", instance.name, plan.solver)};
  words.place = "offset";
  words.object = "buffer";
  words.names = instance.names;
  words.load = "load";
  if (positions == PlanPositions::times) words.position = words.positions = fits_positions(last) ? "time" : "step";
  const std::string extent = positions == PlanPositions::events ? fmt::format("{} events", grouped(last))
                                                                : fmt::format("times below {}", grouped(last));
  words.figures = figures(instance, plan, lower_bound, extent);
  return words;
}

}  // namespace vramlab
