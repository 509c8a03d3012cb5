#pragma once
// Plans as memory maps: a block a buffer (a piece a live part), several heaps one above the other, the load as curve
// `requested`, lines at what no plan can be below.

#include <cstdint>

#include "engine/core/instance.h"
#include "engine/replay/map_model.h"

namespace vramlab {

/// What positions of an instance count.
enum class PlanPositions : std::uint8_t {
  events,  ///< of the trace that it was made from
  times    ///< of a file; where they do not fit into 32 bits the map counts distinct times instead
};

/// `lower_bound`: no plan has a lower peak; `columns` of the load curve. REQUIRES: the plan is valid; fewer than 2^31
/// buffers and gaps.
MapModel plan_map(const Instance& instance, const Plan& plan, Bytes lower_bound, std::uint32_t columns);

/// Refers to the names of `instance`, which must outlive it.
MapWords plan_map_words(const Instance& instance, const Plan& plan, Bytes lower_bound, PlanPositions positions);

}  // namespace vramlab
