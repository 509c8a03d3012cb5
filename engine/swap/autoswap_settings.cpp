#include "engine/swap/autoswap_settings.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/core/error.h"

namespace vramlab {
namespace {

constexpr OptionSpec share(std::string_view name, std::string_view text, std::string_view reason) {
  return {name, OptionKind::real, text, reason, {}, 0, 1};
}
constexpr OptionSpec toggle(std::string_view name, std::string_view reason) {
  return {name, OptionKind::flag, "true", reason};
}

constexpr std::array<OptionSpec, 15> own{{
    {"policy", OptionKind::choice, "balanced", "how early it swaps, and what it learns from",
     "aggressive|balanced|conservative|adaptive"},
    share("swap_threshold_low", "0.5",
          "from this share of the memory on, pressure is moderate: idle "
          "objects may go"),
    share("swap_threshold_moderate", "0.75", "above it pressure is high: low priority may go too"),
    share("swap_threshold_high", "0.9", "above it pressure is critical: medium priority may go too"),
    share("swap_threshold_critical", "0.95", "from it on pressure is extreme: high priority may go too"),
    {"min_swap", OptionKind::bytes, "1MiB", "smaller objects stay: their transfers are all latency"},
    {"max_swap", OptionKind::bytes, "1GiB", "larger objects stay: one transfer would hold the link too long"},
    {"swap_ahead_factor",
     OptionKind::real,
     "1.2",
     "so much more than needed is swapped, for what comes next",
     {},
     1,
     100},
    toggle("enable_predictive_swapping",
           "what earlier iterations foretell goes out and comes back ahead of "
           "its need"),
    toggle("enable_batch_swapping",
           "what goes out together is issued together, behind one record of "
           "each stream"),
    {"monitoring_interval",
     OptionKind::integer,
     "16",
     "operators from one look at the pressure to the next",
     {},
     1,
     1e9},
    toggle("autoswap_monitoring",
           "pressure is looked at between operators, "
           "not only when memory is missing"),
    toggle("auto_adjust_policy",
           "adaptive changes its policy by measured "
           "stalls; without, it stays balanced"),
    {"resident_priority", OptionKind::choice, "medium",
     "of what was there before the first operator; critical keeps weights (and "
     "all else there) on the device",
     "critical|high|medium|low|idle"},
    {"strategy", OptionKind::choice, "predictive", "how transfers are carried out", "immediate|async|batch|predictive"},
}};

std::vector<OptionSpec> joined() {
  std::vector<OptionSpec> table(own.begin(), own.end());
  const auto scorer = doa_scorer_options();
  table.insert(table.end(), scorer.begin(), scorer.end());
  return table;
}

std::uint32_t per_mille(double value) { return static_cast<std::uint32_t>(std::lround(value * 1000)); }

template <class Enum, std::size_t n>
Enum named(std::string_view text, const std::array<std::string_view, n>& names) {
  return static_cast<Enum>(std::ranges::find(names, text) - names.begin());
}

}  // namespace

std::span<const OptionSpec> autoswap_options() {
  static const std::vector<OptionSpec> table = joined();
  return table;
}

Tactics AutoSwapSettings::tactics(ManagerPolicy of) const {
  switch (of) {
    case ManagerPolicy::aggressive:
      return {.watch = PressureLevel::moderate, .down_to = thresholds.per_mille[0], .look_ahead = 1000, .lead = 2000};
    case ManagerPolicy::conservative:
      return {.watch = PressureLevel::extreme,
              .watches = false,
              .down_to = 1000,
              .look_ahead = 0,
              .way_ahead = false,
              .lead = 1000};
    case ManagerPolicy::adaptive: {
      Tactics adapted = tactics(ManagerPolicy::conservative);
      adapted.plans = true;
      return adapted;
    }
    case ManagerPolicy::balanced:
      break;
  }
  return {.watch = PressureLevel::high, .down_to = thresholds.per_mille[1], .look_ahead = 250, .lead = 1200};
}

AutoSwapSettings autoswap_settings(const OptionValues& options, std::uint64_t seed) {
  AutoSwapSettings settings;
  settings.policy = named<ManagerPolicy>(options.text("policy"), manager_policy_names);
  settings.thresholds.per_mille = {
      per_mille(options.real("swap_threshold_low")), per_mille(options.real("swap_threshold_moderate")),
      per_mille(options.real("swap_threshold_high")), per_mille(options.real("swap_threshold_critical"))};
  check(settings.thresholds);
  settings.min_swap = options.bytes("min_swap");
  settings.max_swap = options.bytes("max_swap");
  if (settings.min_swap > settings.max_swap)
    throw ConfigError("min_swap is above max_swap: nothing could ever be swapped", {}, "exchange them");
  settings.swap_ahead = per_mille(options.real("swap_ahead_factor"));
  settings.predictive = options.flag("enable_predictive_swapping");
  settings.batch = options.flag("enable_batch_swapping");
  settings.monitoring_interval = static_cast<std::uint32_t>(options.integer("monitoring_interval"));
  settings.monitoring = options.flag("autoswap_monitoring");
  settings.auto_adjust = options.flag("auto_adjust_policy");
  settings.resident_priority = named<SwapPriority>(options.text("resident_priority"), swap_priority_names);
  settings.scorer = doa_settings(options);
  settings.seed = seed;
  return settings;
}

}  // namespace vramlab
