#pragma once
// Independent sections of an instance: stretches of time that no lifetime crosses, so that each is placed by itself and
// the peak is the largest of theirs.

#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/instance.h"

namespace vramlab {

/// INVARIANT: every lifetime, gaps included (a buffer returns to the same offset), is within one section; no section
/// can be cut into two.
struct Section {
  std::uint64_t lower = 0;
  std::uint64_t upper = 0;
  std::vector<std::uint32_t> buffers;  ///< by (lower, number)
};

/// By time; every buffer is in one. Without gaps they are the connected components of the interval graph. O(n log n).
/// REQUIRES: check_instance() passed.
std::vector<Section> sections(const Instance& instance);

/// The instance of `buffers` alone, in that order, under their outside names, with their gaps, pins and priorities and
/// all heaps. O(k log gaps). REQUIRES: no number twice.
Instance restrict_to(const Instance& instance, std::span<const std::uint32_t> buffers);

}  // namespace vramlab
