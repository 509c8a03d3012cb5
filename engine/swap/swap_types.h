#pragma once
// The words of swapping. See the glossary of engine/core/types.h for absence, DOA, AOA, WDOA, SWDOA and stall.

#include <array>
#include <cstdint>
#include <string_view>

#include "engine/core/types.h"
#include "engine/core/wide.h"
#include "engine/device/codec.h"

namespace vramlab {

/// How dear an object is to its program, dearest first (AutoSwap document).
enum class SwapPriority : std::uint8_t {
  critical,  ///< never swapped
  high,      ///< under extreme pressure only
  medium,    ///< a normal candidate
  low,       ///< a preferred candidate
  idle       ///< an immediate candidate
};
inline constexpr std::array<std::string_view, 5> swap_priority_names{"critical", "high", "medium", "low", "idle"};

/// How full the device is (AutoSwap document). `extreme` is the document's second figure for critical, 95%: from there
/// on objects of high priority may go too.
enum class PressureLevel : std::uint8_t { low, moderate, high, critical, extreme };
inline constexpr std::array<std::string_view, 5> pressure_level_names{"low", "moderate", "high", "critical", "extreme"};

/// How a swap is carried out (AutoSwap document).
enum class SwapStrategy : std::uint8_t {
  immediate,  ///< the object's stream waits for the transfer at once
  async,      ///< the transfer runs beside the stream, which waits when the memory or the object is needed
  batch,      ///< as async; several transfers are issued together behind one record of the stream
  predictive  ///< as async, and what is expected to be used soon is brought back before it is
};
inline constexpr std::array<std::string_view, 4> swap_strategy_names{"immediate", "async", "batch", "predictive"};

enum class SwapDirection : std::uint8_t { out, in };

/// One direction of a link, alone: a transfer of n bytes takes latency + n / bandwidth.
struct LinkSpeed {
  Nanoseconds latency{};
  std::uint64_t bytes_per_second = 0;  ///< 0 = there is no such link

  bool there() const { return bytes_per_second != 0; }
  /// Rounded up. REQUIRES: there().
  Nanoseconds time(Bytes bytes) const {
    const auto wide = static_cast<Wide>(bytes.value) * 1'000'000'000u + (bytes_per_second - 1);
    return latency + Nanoseconds(static_cast<std::int64_t>(wide / bytes_per_second));
  }
};

/// Between the device and one tier.
struct SwapLink {
  LinkSpeed out;
  LinkSpeed in;
  std::uint64_t duplex_bytes_per_second = 0;  ///< both directions at once, in all; 0 = their sum
  bool there() const { return out.there() && in.there(); }
};

/// What a swap policy may know of the machine. All figures are of a model or measured; none is a clock.
struct SwapMachine {
  std::array<SwapLink, 4> links{};  ///< by Tier; the one of Tier::device is not there
  CodecFigures codec{};
  Bytes limit{~std::uint64_t{0}};  ///< bytes on the device that may be held
  Nanoseconds record_gap{};        ///< that a record takes in its stream, before what follows it
  Nanoseconds handover{};          ///< from an operator's record to a copy behind it, and from a copy to an operator
  const SwapLink& link(Tier tier) const { return links[static_cast<std::size_t>(tier)]; }
};

}  // namespace vramlab
