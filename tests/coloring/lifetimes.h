#pragma once
// Instances for the tests of the interval graph, sections and explanations.

#include <utility>
#include <vector>

#include "instances.h"

namespace vramlab::lifetimes {

inline Instance make(std::vector<Buffer> buffers, std::vector<Gap> gaps = {}) {
  Instance instance = testing::make_instance(std::move(buffers));
  instance.gaps = std::move(gaps);
  return instance;
}

/// Up to 40 buffers, sparse enough in time for several sections.
inline Instance random_instance(bool gaps = false) {
  return testing::random_instance({.least_buffers = 0,
                                   .most_buffers = 40,
                                   .last_start = 80,
                                   .longest = 24,
                                   .alignments = false,
                                   .gaps = gaps,
                                   .pins = false});
}

/// As random_instance, and most buffers that are long enough have a gap or two.
inline Instance random_instance_with_gaps() { return random_instance(true); }

}  // namespace vramlab::lifetimes
