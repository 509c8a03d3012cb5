#pragma once
// When each buffer of an instance holds its space, and which two do so at one time; and the sweep that meets all pairs.

#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/instance.h"

namespace vramlab {

/// The live parts of each buffer. REQUIRES: check_instance() passed.
class LiveTimes {
 public:
  explicit LiveTimes(const Instance& instance);

  std::span<const LivePart> parts(std::uint32_t buffer) const {
    return std::span(parts_).subspan(first_[buffer], first_[buffer + 1] - first_[buffer]);
  }
  bool has_gaps(std::uint32_t buffer) const { return first_[buffer + 1] - first_[buffer] > 1; }
  /// Whether both are live at some time. O(parts of both).
  bool meet(std::uint32_t a, std::uint32_t b) const;
  /// Ascending. O(n + gaps).
  std::vector<std::uint32_t> live_buffers(std::uint64_t time) const;

 private:
  std::vector<LivePart> parts_;
  std::vector<std::size_t> first_;  ///< of each buffer's parts, and their end
};

/// Buffers by (lower, number), and by (upper, number).
std::vector<std::uint32_t> order_of_beginnings(const Instance& instance);
std::vector<std::uint32_t> order_of_ends(const Instance& instance);

/// Buffers whose lifetimes, gaps included, have not ended in a sweep by beginning.
class OpenLifetimes {
 public:
  explicit OpenLifetimes(const Instance& instance) : instance_(instance) {}
  void open(std::uint32_t buffer) { open_.push_back(buffer); }
  /// Calls each(buffer) for those that end after `time`, and forgets the others: `time` must not fall.
  template <class Each>
  void for_each(std::uint64_t time, Each&& each) {
    for (std::size_t i = 0; i < open_.size();) {
      if (instance_.buffers[open_[i]].upper <= time) {
        open_[i] = open_.back();
        open_.pop_back();
      } else {
        each(open_[i++]);
      }
    }
  }

 private:
  const Instance& instance_;
  std::vector<std::uint32_t> open_;
};

/// Calls each(earlier, later) once for every two that are live at one time: by the later one's place in the order of
/// beginnings, and in no particular order for one later. O(n log n + pairs whose lifetimes overlap).
template <class Each>
void for_each_meeting(const Instance& instance, const LiveTimes& times, Each&& each) {
  OpenLifetimes open(instance);
  for (const std::uint32_t later : order_of_beginnings(instance)) {
    open.for_each(instance.buffers[later].lower, [&](std::uint32_t earlier) {
      if (times.meet(earlier, later)) each(earlier, later);
    });
    open.open(later);
  }
}

/// The load from `time` on until the next step's time.
struct LoadStep {
  std::uint64_t time = 0;
  Bytes load{};
};
/// By time, one step for each time at which a live part begins or ends; the last load is 0.
std::vector<LoadStep> load_profile(const Instance& instance);
/// Of some live parts alone. O(n log n).
std::vector<LoadStep> load_profile(const Instance& instance, std::span<const LivePart> parts);

}  // namespace vramlab
