#pragma once
// What one swap takes when nothing else is on the link: packing, the packed bytes over the link, unpacking.

#include "engine/swap/swap_types.h"

namespace vramlab {

/// REQUIRES: machine.link(tier).there().
inline Nanoseconds swap_time(const SwapMachine& machine, Tier tier, SwapDirection direction, Bytes bytes) {
  const SwapLink& link = machine.link(tier);
  const Bytes packed = machine.codec.packed(bytes);
  const bool packs = machine.codec.packs();
  if (direction == SwapDirection::out)
    return link.out.time(packed) + (packs ? machine.codec.compress_time(bytes) : Nanoseconds(0));
  return link.in.time(packed) + (packs ? machine.codec.decompress_time(bytes) : Nanoseconds(0));
}

}  // namespace vramlab
