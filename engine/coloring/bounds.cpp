#include <fmt/format.h>
#include <algorithm>
#include <vector>

#include "engine/coloring/solver.h"
#include "engine/core/error.h"

namespace vramlab {
namespace {

std::string name_of(const Instance& instance, std::size_t i) {
  return instance.names.empty() ? std::to_string(i) : instance.names[i];
}

TraceError bad_buffer(const Instance& instance, std::size_t i, std::string_view what, std::string_view mend) {
  return TraceError(fmt::format("instance {}: buffer {} {}", instance.name, name_of(instance, i), what), {},
                    std::string(mend));
}

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

void check_instance(const Instance& instance) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < instance.buffers.size(); ++i) {
    const Buffer& b = instance.buffers[i];
    if (b.size.value == 0) throw bad_buffer(instance, i, "has size 0", "sizes must be positive");
    if (b.upper <= b.lower) throw bad_buffer(instance, i, "ends before it begins", "upper must be above lower");
    if (b.alignment.value == 0) throw bad_buffer(instance, i, "has alignment 0", "alignments must be positive");
    if (__builtin_add_overflow(sum, b.size.value, &sum) || __builtin_add_overflow(sum, b.alignment.value - 1, &sum))
      throw bad_buffer(instance, i, "makes the sum of sizes exceed 2^64", "divide all sizes by a common unit");
  }
}

Load max_load(const Instance& instance) {
  std::vector<Change> changes;
  changes.reserve(instance.buffers.size() * 2);
  for (const Buffer& b : instance.buffers) {
    changes.push_back({b.lower, true, b.size.value});
    changes.push_back({b.upper, false, b.size.value});
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

}  // namespace vramlab
