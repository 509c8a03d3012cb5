#pragma once
// Instances of any size, always the same: what recordings of training look like where greedy orders waste space.

#include <cstdint>

#include "engine/coloring/mix.h"
#include "instances.h"

namespace vramlab::testing {

/// `n` buffers, most of them short-lived and small, every sixteenth long-lived, sizes multiples of 512.
inline Instance generated_instance(std::uint64_t n) {
  Instance instance = make_instance({});
  for (std::uint64_t i = 0; i < n; ++i) {
    const std::uint64_t draw = mix(i + 1), length = draw % 16 == 0 ? 50 + draw / 16 % 200 : 1 + draw / 16 % 20;
    instance.buffers.push_back({i, i + length, Bytes(512 * (1 + draw / 4096 % 200)), Bytes(1)});
  }
  return instance;
}

}  // namespace vramlab::testing
