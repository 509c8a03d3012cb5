#pragma once
// Live and reserved bytes while a run goes on, and the peaks that the report tells.

#include <algorithm>
#include <cstdint>
#include <optional>

#include "engine/core/types.h"
#include "engine/device/port.h"
#include "traces/trace.h"

namespace vramlab {

/// Sizes are rounded up to this for the maximum load.
inline constexpr Bytes load_granule{512};

/// Follows one run. Peaks are kept twice: of the whole run, and of the window that begins at the last restart
/// (the iterations whose operators are recorded).
class LoadMeter {
 public:
  void on_alloc(Bytes bytes) {
    requested_ += bytes;
    rounded_ += round_up(bytes, load_granule);
    peak_requested_ = std::max(peak_requested_, requested_);
    window_load_ = std::max(window_load_, rounded_);
  }
  void on_free(Bytes bytes) {
    requested_ -= bytes;
    rounded_ -= round_up(bytes, load_granule);
  }
  /// Live bytes that are not on the device just now.
  void set_away(Bytes bytes) { away_ = bytes; }
  /// Call after every event, with how many there were so far: a pool may take and return memory at any.
  void after_event(const Port& port, std::uint64_t events) {
    if (port.reserved() != reserved_ || port.peak_reserved() != peak_reserved_) [[unlikely]]
      reserved_changed(port, events);
  }
  /// Begins the window here.
  void restart();

  Bytes requested() const { return requested_; }
  Bytes peak_requested() const { return peak_requested_; }
  Bytes max_load() const { return std::max(load_before_, window_load_); }
  Bytes peak_reserved() const { return peak_reserved_; }
  /// Requested bytes live on the device after the first event at which the peak was reserved.
  Bytes requested_at_peak_reserved() const { return requested_at_peak_; }
  /// Events up to that one; 0 where nothing was reserved.
  std::uint64_t events_to_peak_reserved() const { return events_to_peak_; }
  Bytes window_load() const { return window_load_; }
  Bytes window_reserved() const { return window_reserved_; }

 private:
  void reserved_changed(const Port& port, std::uint64_t events);

  Bytes requested_{}, rounded_{}, away_{};
  Bytes peak_requested_{};
  Bytes load_before_{}, window_load_{};  ///< maximum load before the window and in it
  Bytes reserved_{}, peak_reserved_{}, requested_at_peak_{}, window_reserved_{};
  std::uint64_t events_to_peak_ = 0;
};

/// The whole trace's load; nothing is reserved in it.
LoadMeter load_of(const Trace& trace);

/// The most that the recorded allocator held, by its segment events; nullopt where there are none.
std::optional<Bytes> recorded_peak_reserved(const Trace& trace);

/// Events up to the first after which the most requested bytes are live; 0 where none ever are.
std::uint64_t events_to_peak_requested(const Trace& trace);

/// alloc + free_requested + free_completed + op.
std::uint64_t counted_events(const Trace& trace);

}  // namespace vramlab
