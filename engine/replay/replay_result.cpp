// What a run tells when it is over, or when it failed.

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/replay/replay_run.h"
#include "engine/replay/slot_history.h"

namespace vramlab {

RunResult ReplayRun::result() const {
  RunResult result{.digest = digest_.hex(),
                   .load = load_,
                   .counts = port_.counts(),
                   .device = device_->counters(),
                   .simulated = {},
                   .fidelity = {},
                   .window_late = pacing().late_time - late_before_window_,
                   .steady = steady_.steady(*device_),
                   .window_begin = window_start_,
                   .window_end = device_->now(),
                   .swap = {},
                   .address_mismatches = address_mismatches_,
                   .loop_seconds = loop_seconds_};
  if (swap_) result.swap = stretch_stats();
  if (launched_) result.simulated = device_->now() - window_start_;
  if (device_->contents() != nullptr) result.fidelity = fidelity();
  return result;
}

Fidelity ReplayRun::fidelity() const {
  const auto times = [this](const DeviceRun& device, Nanoseconds window_start) {
    const DeviceCounters counters = device.counters();
    RunTimes found{.window = {},
                   .stall = {},
                   .calls = counters.call_time,
                   .transfers = counters.transfer_time,
                   .by_kind = counters.by_kind};
    if (launched_) found.window = device.now() - window_start;
    return found;
  };
  Fidelity fidelity{.predicted = {},
                    .measured = times(*device_, window_start_),
                    .iterations = steady_.iterations(),
                    .pacing = pacing(),
                    .window_spread = {},
                    .call_spread = {}};
  if (device_->timetable() != nullptr) fidelity.predicted = times(*device_->timetable(), predicted_window_start_);
  return fidelity;
}

PacingCounts ReplayRun::pacing() const {
  const auto* paced = dynamic_cast<const PacedDevice*>(device_.get());
  return paced != nullptr ? paced->pacing() : PacingCounts();
}

std::string ReplayRun::failure_text(const Error& error) const {
  const std::uint64_t event = position_ == 0 ? 0 : position_ - 1;
  const bool known = setup_.debug_history && event < trace_.event_count();
  return fmt::format("{}: {}{}", state_text(), error.what(), known ? slot_history(trace_, event) : "");
}

std::string ReplayRun::state_text() const {
  const std::uint64_t event = position_ == 0 ? 0 : position_ - 1;
  std::string text = fmt::format("event {}", event);
  if (event < trace_.event_count() && trace_.kinds[event] == EventKind::alloc && next_object_ < trace_.object_count())
    text += fmt::format(" (object {} of {}, stream {})", next_object_, format_bytes(trace_.sizes[next_object_]),
                        trace_.streams[next_object_].value);
  return text + fmt::format(", capacity {}, reserved {}, live {}", format_bytes(port_.capacity()),
                            format_bytes(port_.reserved()), format_bytes(load_.requested()));
}

}  // namespace vramlab
