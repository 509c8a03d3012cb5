#pragma once
// The configuration of the AutoSwap document, as an option table. Its seconds are operators here, since no clock
// decides; its megabytes are bytes.

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/core/option.h"
#include "engine/core/types.h"
#include "engine/swap/doa_scorer.h"
#include "engine/swap/pressure_level.h"
#include "engine/swap/swap_types.h"

namespace vramlab {

/// How eagerly memory is swapped (AutoSwap document).
enum class ManagerPolicy : std::uint8_t {
  aggressive,    ///< early and often
  balanced,      ///< in between
  conservative,  ///< only when necessary
  adaptive       ///< whichever of the three and a plan of its own was measured to stall least
};
inline constexpr std::array<std::string_view, 4> manager_policy_names{"aggressive", "balanced", "conservative",
                                                                      "adaptive"};

/// What makes a policy. Shares are per mille.
struct Tactics {
  PressureLevel watch{};         ///< monitoring swaps from this level on ...
  bool watches = true;           ///< ... if it swaps at all
  std::uint32_t down_to = 0;     ///< of the memory there is: how far it then swaps
  std::uint32_t look_ahead = 0;  ///< of an iteration: how far what it will need is made room for beforehand
  bool way_ahead = true;         ///< room for what comes back is made before it begins to, else then
  std::uint32_t lead = 0;        ///< of its transfer time: how much earlier than in time an object is brought back
  bool plans = false;            ///< what is foretold is planned (autoswap_guide.h)
};

struct AutoSwapSettings {
  ManagerPolicy policy = ManagerPolicy::balanced;
  PressureThresholds thresholds{};         ///< document: 0.5, 0.75, 0.9, 0.95
  Bytes min_swap{std::uint64_t{1} << 20};  ///< document: 1 MB
  Bytes max_swap{std::uint64_t{1} << 30};  ///< document: 1024 MB
  std::uint32_t swap_ahead = 1200;         ///< per mille of what is needed (document: 1.2)
  bool predictive = true;                  ///< enable_predictive_swapping
  bool batch = true;                       ///< enable_batch_swapping
  std::uint32_t monitoring_interval = 16;  ///< operators (document: 1 s)
  bool monitoring = true;                  ///< autoswap_monitoring
  bool auto_adjust = true;                 ///< auto_adjust_policy: adaptive learns; without, it stays balanced
  SwapPriority resident_priority = SwapPriority::medium;  ///< of what was there before the first operator
  DOASettings scorer{};
  std::uint64_t seed = 0;

  Tactics tactics(ManagerPolicy of) const;
};

std::span<const OptionSpec> autoswap_options();
/// Throws ConfigError naming what contradicts what.
AutoSwapSettings autoswap_settings(const OptionValues& options, std::uint64_t seed);

}  // namespace vramlab
