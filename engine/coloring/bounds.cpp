#include <algorithm>
#include <vector>

#include "engine/coloring/solver.h"

namespace vramlab {
namespace {

struct Change {
  std::uint64_t time;
  bool begins;
  std::uint64_t size;
  // Ends before beginnings: lifetimes are half-open.
  friend bool operator<(const Change& a, const Change& b) {
    return a.time != b.time ? a.time < b.time : a.begins < b.begins;
  }
};

}  // namespace

Load max_load(const Instance& instance) {
  std::vector<Change> changes;
  changes.reserve((instance.buffers.size() + instance.gaps.size()) * 2);
  for (const LivePart& part : live_parts(instance)) {
    const std::uint64_t size = instance.buffers[part.buffer].size.value;
    changes.push_back({part.lower, true, size});
    changes.push_back({part.upper, false, size});
  }
  std::sort(changes.begin(), changes.end());
  Load best;
  std::uint64_t load = 0;
  for (const Change& change : changes) {
    load = change.begins ? load + change.size : load - change.size;
    if (Bytes(load) > best.bytes) best = {Bytes(load), change.time};
  }
  return best;
}

LowerBound lower_bound(const Instance& instance) {
  const Load load = max_load(instance);
  LowerBound bound{load.bytes, load.time, "maximum load"};
  for (const Pin& pin : instance.pins) {
    const Buffer& b = instance.buffers[pin.buffer];
    if (pin.offset + b.size > bound.bytes) bound = {pin.offset + b.size, b.lower, "pinned offset"};
  }
  return bound;
}

}  // namespace vramlab
