#include "engine/replay/report.h"

#include <cmath>

namespace vramlab {
namespace {

// JSON has no NaN: a quotient with nothing below the line is not applicable.
FieldValue number(double value) { return std::isfinite(value) ? FieldValue(value) : FieldValue(nullptr); }

FieldValue value_of(Bytes bytes) { return bytes.value; }
FieldValue value_of(Nanoseconds time) { return time.value; }
FieldValue value_of(double value) { return number(value); }
FieldValue value_of(std::uint64_t count) { return count; }
FieldValue value_of(bool flag) { return flag; }

template <class T>
FieldValue value_of(const std::optional<T>& value) {
  return value ? value_of(*value) : FieldValue(nullptr);
}

template <class Whole, class T>
FieldValue part_of(const std::optional<Whole>& whole, T Whole::* part) {
  return whole ? value_of((*whole).*part) : FieldValue(nullptr);
}

}  // namespace

Row to_row(const Report& r) {
  return {{"trace", r.trace},
          {"pool", r.pool},
          {"swap", r.swap},
          {"device", r.device},
          {"machine", r.machine},
          {"seed", r.seed},
          {"events", r.events},
          {"wall_ns_per_event", number(r.wall_ns_per_event)},
          {"peak_requested_bytes", value_of(r.peak_requested)},
          {"max_load_bytes", value_of(r.max_load)},
          {"peak_reserved_bytes", value_of(r.peak_reserved)},
          {"reserved_over_requested", number(r.reserved_over_requested)},
          {"segments", r.segments},
          {"fragmentation", number(r.fragmentation)},
          {"decisions", r.decisions},
          {"recorded_peak_reserved_bytes", value_of(r.recorded_peak_reserved)},
          {"recorded_address_mismatches", value_of(r.recorded_address_mismatches)},
          {"peak_device_bytes", value_of(r.peak_device)},
          {"memory_reduction", value_of(r.memory_reduction)},
          {"simulated_ns", value_of(r.simulated)},
          {"stall_ns", value_of(r.stall)},
          {"overhead", value_of(r.overhead)},
          {"swapped_out_bytes", value_of(r.swapped_out)},
          {"swapped_in_bytes", value_of(r.swapped_in)},
          {"verified", value_of(r.verified)},
          {"device_calls", r.device_calls},
          {"device_call_ns", value_of(r.device_call_time)},
          {"steady_iterations", part_of(r.steady, &Steady::iterations)},
          {"steady_ns", part_of(r.steady, &Steady::duration)},
          {"steady_call_ns", part_of(r.steady, &Steady::call_time)},
          {"interval_graph_fragmentation", part_of(r.parts, &Fragmentation::interval_graph)},
          {"pool_fragmentation", part_of(r.parts, &Fragmentation::pool)},
          {"device_fragmentation", part_of(r.parts, &Fragmentation::device)},
          {"weighted_fragmentation", part_of(r.parts, &Fragmentation::weighted)},
          {"external_fragmentation", part_of(r.parts, &Fragmentation::external)},
          {"largest_free_block_bytes", part_of(r.parts, &Fragmentation::largest_free)}};
}

}  // namespace vramlab
