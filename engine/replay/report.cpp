#include "engine/replay/report.h"

#include <array>
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

FieldValue value_of_text(const std::string& text) { return text.empty() ? FieldValue(nullptr) : FieldValue(text); }

struct CallFields {
  std::string_view calls, predicted, measured;
};
constexpr std::array<CallFields, call_kinds> call_fields{
    {{"segment_take_calls", "predicted_segment_take_ns", "measured_segment_take_ns"},
     {"segment_return_calls", "predicted_segment_return_ns", "measured_segment_return_ns"},
     {"range_reserve_calls", "predicted_range_reserve_ns", "measured_range_reserve_ns"},
     {"range_release_calls", "predicted_range_release_ns", "measured_range_release_ns"},
     {"page_create_calls", "predicted_page_create_ns", "measured_page_create_ns"},
     {"page_destroy_calls", "predicted_page_destroy_ns", "measured_page_destroy_ns"},
     {"map_calls", "predicted_map_ns", "measured_map_ns"},
     {"unmap_calls", "predicted_unmap_ns", "measured_unmap_ns"}}};

void append_calls(const std::optional<RunTimes>& predicted, const std::optional<RunTimes>& measured, Row& row) {
  for (std::size_t kind = 0; kind < call_kinds; ++kind) {
    const auto account = [kind](const std::optional<RunTimes>& times) {
      return times ? std::optional(times->by_kind[kind]) : std::nullopt;
    };
    row.push_back({call_fields[kind].calls, part_of(account(measured), &CallAccount::calls)});
    row.push_back({call_fields[kind].predicted, part_of(account(predicted), &CallAccount::time)});
    row.push_back({call_fields[kind].measured, part_of(account(measured), &CallAccount::time)});
  }
}

void append_fidelity(const std::optional<Fidelity>& fidelity, Row& row) {
  const std::optional<RunTimes> predicted = fidelity ? fidelity->predicted : std::nullopt;
  const std::optional<RunTimes> measured = fidelity ? std::optional(fidelity->measured) : std::nullopt;
  const std::optional<PacingCounts> pacing = predicted ? std::optional(fidelity->pacing) : std::nullopt;
  const auto of = [](const std::optional<RunTimes>& times, auto part) -> std::optional<Nanoseconds> {
    return times ? std::optional<Nanoseconds>((*times).*part) : std::nullopt;
  };
  const auto error = [&](auto part) { return value_of(relative_error(of(predicted, part), of(measured, part))); };
  const auto mean = [&](const std::optional<RunTimes>& times) {
    return value_of(mean_iteration(of(times, &RunTimes::window), fidelity ? fidelity->iterations : 0));
  };
  const Row fields{{"iterations", part_of(fidelity, &Fidelity::iterations)},
                   {"predicted_ns", part_of(predicted, &RunTimes::window)},
                   {"predicted_iteration_ns", mean(predicted)},
                   {"measured_iteration_ns", mean(measured)},
                   {"iteration_error", error(&RunTimes::window)},
                   {"predicted_call_ns", part_of(predicted, &RunTimes::calls)},
                   {"call_error", error(&RunTimes::calls)},
                   {"predicted_transfer_ns", part_of(predicted, &RunTimes::transfers)},
                   {"measured_transfer_ns", part_of(measured, &RunTimes::transfers)},
                   {"transfer_error", error(&RunTimes::transfers)},
                   {"predicted_stall_ns", part_of(predicted, &RunTimes::stall)},
                   {"stall_error", error(&RunTimes::stall)},
                   {"late_completions", part_of(pacing, &PacingCounts::late)},
                   {"late_ns", part_of(pacing, &PacingCounts::late_time)},
                   {"held_completions", part_of(pacing, &PacingCounts::held)},
                   {"held_ns", part_of(pacing, &PacingCounts::held_time)},
                   {"runs", part_of(fidelity, &Fidelity::runs)},
                   {"iteration_spread", part_of(fidelity, &Fidelity::window_spread)},
                   {"call_spread", part_of(fidelity, &Fidelity::call_spread)}};
  row.insert(row.end(), fields.begin(), fields.end());
  append_calls(predicted, measured, row);
}

FieldValue kind_of(const std::optional<SwapReport>& swapping) {
  if (!swapping) return nullptr;
  return std::string(swapping->oracle ? "oracle" : "on-line");
}

void append_swapping(const std::optional<SwapReport>& swapping, Row& row) {
  const Row fields{{"policy_kind", kind_of(swapping)},
                   {"swap_options", swapping ? value_of_text(swapping->options) : FieldValue(nullptr)},
                   {"swap_operations", part_of(swapping, &SwapReport::operations)},
                   {"spared_transfers", part_of(swapping, &SwapReport::spared)},
                   {"swap_host_bytes", part_of(swapping, &SwapReport::held)}};
  row.insert(row.end(), fields.begin(), fields.end());
}

}  // namespace

std::string changed_options(const OptionValues& options) {
  std::string text;
  for (const OptionValues::Item& item : options.items()) {
    if (item.text == item.spec->default_text) continue;
    text += text.empty() ? "" : ",";
    text.append(item.spec->name).append("=").append(item.text);
  }
  return text;
}

Row to_row(const Report& r) {
  Row row{{"trace", r.trace},
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
          {"largest_free_block_bytes", part_of(r.parts, &Fragmentation::largest_free)},
          {"pool_options", value_of_text(r.pool_options)}};
  append_fidelity(r.fidelity, row);
  append_swapping(r.swapping, row);
  return row;
}

}  // namespace vramlab
