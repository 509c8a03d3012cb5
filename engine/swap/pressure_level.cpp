#include "engine/swap/pressure_level.h"

#include <fmt/format.h>

#include "engine/core/error.h"

namespace vramlab {

void check(const PressureThresholds& thresholds) {
  const auto& t = thresholds.per_mille;
  if (t[0] < t[1] && t[1] < t[2] && t[2] < t[3] && t[3] <= 1000) return;
  throw ConfigError(fmt::format("pressure thresholds {}, {}, {}, {} per mille do not rise", t[0], t[1], t[2], t[3]), {},
                    "give four figures, each above the one before, the last at most 1000");
}

PressureLevel pressure_level(Bytes held, Bytes there_are, const PressureThresholds& thresholds) {
  if (there_are.value == 0) return PressureLevel::extreme;
  const Wide share = static_cast<Wide>(held.value) * 1000;
  const auto threshold = [&](std::size_t i) { return static_cast<Wide>(there_are.value) * thresholds.per_mille[i]; };
  if (share >= threshold(3)) return PressureLevel::extreme;
  if (share > threshold(2)) return PressureLevel::critical;
  if (share > threshold(1)) return PressureLevel::high;
  return share >= threshold(0) ? PressureLevel::moderate : PressureLevel::low;
}

std::optional<SwapPriority> dearest_swapped(PressureLevel level) {
  switch (level) {
    case PressureLevel::low:
      return std::nullopt;
    case PressureLevel::moderate:
      return SwapPriority::idle;
    case PressureLevel::high:
      return SwapPriority::low;
    case PressureLevel::critical:
      return SwapPriority::medium;
    case PressureLevel::extreme:
      return SwapPriority::high;
  }
  return std::nullopt;
}

bool may_swap(PressureLevel level, SwapPriority priority) {
  const std::optional<SwapPriority> dearest = dearest_swapped(level);
  return dearest && priority >= *dearest;
}

}  // namespace vramlab
