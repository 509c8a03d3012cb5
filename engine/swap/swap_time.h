#pragma once
// What one swap takes when nothing else is on the link: packing, the packed bytes over the link, unpacking.

#include "engine/swap/swap_types.h"

namespace vramlab {

/// Of one swap: `link` is what keeps the link busy, `codec` packing before it (out) or unpacking after it (in).
struct SwapTime {
  Nanoseconds link{};
  Nanoseconds codec{};
  Nanoseconds total() const { return link + codec; }
  friend bool operator==(const SwapTime&, const SwapTime&) = default;
};

/// REQUIRES: machine.link(tier).there().
inline SwapTime swap_time(const SwapMachine& machine, Tier tier, SwapDirection direction, Bytes bytes) {
  const SwapLink& link = machine.link(tier);
  const CodecFigures& codec = machine.codec;
  const bool out = direction == SwapDirection::out;
  const Nanoseconds time = (out ? link.out : link.in).time(codec.packed(bytes));
  if (!codec.packs()) return {time, {}};
  return {time, out ? codec.compress_time(bytes) : codec.decompress_time(bytes)};
}

}  // namespace vramlab
