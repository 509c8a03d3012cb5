#pragma once
// The least peak of tiny instances by trying every offset, written from the definitions alone: no canonical placements,
// no bounds but the sum of what is live at one position, nothing shared with the solvers it judges.

#include <algorithm>
#include <bitset>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

#include "engine/core/instance.h"

namespace vramlab::testing {

/// REQUIRES: no heaps; every position below 64, every peak asked for below 128 bytes.
class BruteForce {
 public:
  explicit BruteForce(const Instance& instance) : instance_(instance), order_(instance.buffers.size()) {
    live_.resize(order_.size());
    for (std::uint32_t i = 0; i < live_.size(); ++i)
      for (std::uint64_t t = 0; t < most_positions; ++t)
        if (live(i, t)) live_[i].push_back(t);
    std::iota(order_.begin(), order_.end(), 0u);
    // Any order will do; what is pinned and what is large ends soonest.
    std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::pair(pinned(a), size(a)) > std::pair(pinned(b), size(b));
    });
  }

  /// Whether a plan with a peak at or below `capacity` exists.
  bool fits(std::size_t capacity) {
    if (capacity > most_bytes) throw std::invalid_argument("more bytes than the brute force has room for");
    taken_.assign(most_positions, {});
    std::vector<std::size_t> load(most_positions);
    for (const std::uint32_t i : order_)
      for (const std::uint64_t t : live_[i]) load[t] += size(i);
    return *std::max_element(load.begin(), load.end()) <= capacity && place(0, capacity);
  }

  Bytes least_peak() {
    std::size_t capacity = 0;
    while (!fits(capacity)) ++capacity;
    return Bytes(capacity);
  }

 private:
  static constexpr std::uint64_t most_positions = 64;
  static constexpr std::size_t most_bytes = 128;
  using Space = std::bitset<most_bytes>;

  std::size_t size(std::uint32_t buffer) const { return instance_.buffers[buffer].size.value; }

  bool pinned(std::uint32_t buffer) const {
    return std::any_of(instance_.pins.begin(), instance_.pins.end(),
                       [&](const Pin& pin) { return pin.buffer == buffer; });
  }

  bool live(std::uint32_t buffer, std::uint64_t t) const {
    const Buffer& b = instance_.buffers[buffer];
    return b.lower <= t && t < b.upper &&
           std::none_of(
               instance_.gaps.begin(), instance_.gaps.end(),
               [&](const Gap& gap) { return gap.buffer == buffer && gap.lower <= t && t < gap.upper; });
  }

  bool may_lie(std::uint32_t buffer, std::size_t offset) const {
    return offset % instance_.buffers[buffer].alignment.value == 0 &&
           std::all_of(instance_.pins.begin(), instance_.pins.end(),
                       [&](const Pin& pin) { return pin.buffer != buffer || pin.offset.value == offset; });
  }

  bool place(std::size_t placed, std::size_t capacity) {
    if (placed == order_.size()) return true;
    const std::uint32_t buffer = order_[placed];
    Space blocked;
    for (const std::uint64_t t : live_[buffer]) blocked |= taken_[t];
    for (std::size_t offset = 0; offset + size(buffer) <= capacity; ++offset) {
      const Space space = (~Space() >> (most_bytes - size(buffer))) << offset;
      if (!may_lie(buffer, offset) || (blocked & space).any()) continue;
      put(buffer, space);
      if (place(placed + 1, capacity)) return true;
      put(buffer, space);
    }
    return false;
  }

  /// Takes the space of the buffer, or gives it back.
  void put(std::uint32_t buffer, const Space& space) {
    for (const std::uint64_t t : live_[buffer]) taken_[t] ^= space;
  }

  const Instance& instance_;
  std::vector<std::uint32_t> order_;
  std::vector<std::vector<std::uint64_t>> live_;  // positions, by buffer
  std::vector<Space> taken_;                      // by position
};

}  // namespace vramlab::testing
