#pragma once
// What the exact search (exact_plan.h) chooses among.

#include <vector>

#include "engine/swap/access_program.h"
#include "engine/swap/swap_types.h"

namespace vramlab {

/// Contents of an object between two writes. Those of a persistent object at the beginning are one, those at the end
/// another: a copy of the latter is a copy of the former in the next stretch.
struct ExactVersion {
  std::uint32_t object = 0;
  std::uint32_t copied = 0;  ///< first slot in which a copy out can be queued
  bool kept = false;         ///< a copy is there always
  std::uint32_t gaps = 0;    ///< how many need it
  double out_ns = 0;         ///< on the link alone, latency included
  Nanoseconds compress{};
};

struct ExactGap {
  static constexpr std::uint32_t no_gap = ~std::uint32_t{0};
  std::uint32_t object = 0, version = 0;
  std::uint32_t from = 0, to = 0;  ///< slots, half open; possibly empty where `closing`
  bool returns = false;
  /// Of a persistent object: the other part of the absence that lasts from the end of a stretch (returns = false) into
  /// the beginning of the next (returns = true).
  std::uint32_t closing = no_gap;
  double in_ns = 0;  ///< on the link alone, latency included
  Nanoseconds decompress{};
};

struct ExactGaps {
  std::vector<ExactVersion> versions;
  std::vector<ExactGap> gaps;
};

ExactGaps exact_gaps(const AccessProgram& program, const SwapMachine& machine, Tier tier, Bytes min_swap);

}  // namespace vramlab
