#pragma once
// Instances for the tests of the interval graph, sections and explanations.

#include <rapidcheck.h>

#include <utility>
#include <vector>

#include "engine/core/instance.h"

namespace vramlab::lifetimes {

inline Instance make(std::vector<Buffer> buffers, std::vector<Gap> gaps = {}) {
  Instance instance;
  instance.name = "test";
  instance.buffers = std::move(buffers);
  instance.gaps = std::move(gaps);
  return instance;
}

/// Up to 40 buffers, sparse enough in time for several sections.
inline Instance random_instance() {
  const auto n = *rc::gen::inRange<std::size_t>(0, 40);
  std::vector<Buffer> buffers(n);
  for (Buffer& buffer : buffers) {
    buffer.lower = *rc::gen::inRange<std::uint64_t>(0, 80);
    buffer.upper = buffer.lower + *rc::gen::inRange<std::uint64_t>(1, 25);
    buffer.size = Bytes(*rc::gen::inRange<std::uint64_t>(1, 100));
  }
  return make(std::move(buffers));
}

/// As random_instance, and most buffers that are long enough have a gap or two.
inline Instance random_instance_with_gaps() {
  Instance instance = random_instance();
  for (std::uint32_t i = 0; i < instance.buffers.size(); ++i) {
    std::uint64_t from = instance.buffers[i].lower + 1;
    const std::uint64_t until = instance.buffers[i].upper - 1;
    for (auto left = *rc::gen::inRange(0, 3); left > 0 && from < until; --left) {
      const auto lower = *rc::gen::inRange(from, until);
      const auto upper = *rc::gen::inRange(lower + 1, until + 1);
      instance.gaps.push_back({i, lower, upper});
      from = upper + 1;
    }
  }
  return instance;
}

/// By definition: whether some position is in live parts of both.
inline bool live_together(const Instance& instance, std::uint32_t a, std::uint32_t b) {
  const std::vector<LivePart> parts = live_parts(instance);
  for (const LivePart& x : parts)
    for (const LivePart& y : parts)
      if (x.buffer == a && y.buffer == b && x.lower < y.upper && y.lower < x.upper) return true;
  return false;
}

}  // namespace vramlab::lifetimes
