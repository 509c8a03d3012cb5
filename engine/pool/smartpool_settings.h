#pragma once
// The options of the pool smartpool, read.

#include <cstdint>
#include <span>

#include "engine/core/option.h"
#include "engine/pool/period_detector.h"
#include "engine/pool/period_plan.h"
#include "engine/pool/pool.h"

namespace vramlab {

std::span<const OptionSpec> smartpool_options();

struct SmartPoolSettings {
  PlanRules plan;
  PeriodDetector::Rules period;
  std::size_t plans;
  std::uint32_t lost_after;
  std::uint64_t drift_ppm;
  std::uint64_t headroom_ppm;
  double target;

  /// Throws ConfigError for a solver that does not exist.
  static SmartPoolSettings from(const OptionValues& values, const PoolContext& context);
};

}  // namespace vramlab
