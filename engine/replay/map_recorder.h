#pragma once
// Collects a run's decisions into a MapModel.

#include <cstdint>
#include <vector>

#include "engine/core/decision.h"
#include "engine/replay/map_layout.h"
#include "engine/replay/map_model.h"

namespace vramlab {

/// Memory needed: 44 bytes an object, 56 a segment, 48 a page. Only the device tier is recorded.
/// Throws InvariantError for decisions that make no sense (a block in a segment that is not held).
class MapRecorder {
 public:
  /// `columns` of the load curves. Throws ConfigError for 2^32 events or more.
  MapRecorder(std::uint64_t events, std::uint32_t columns);

  /// The event whose decisions come next. REQUIRES: does not fall.
  void at(std::uint64_t position) { position_ = static_cast<std::uint32_t>(position); }
  /// The program's own view: bytes asked for, and let go.
  void request(Bytes bytes) { curves_.requested.add(position_, bytes); }
  void unrequest(Bytes bytes) { curves_.requested.subtract(position_, bytes); }
  void apply(const Decision& decision);

  /// Lays out what was collected. REQUIRES: called once, last.
  MapModel finish();

 private:
  void place(const Decision& d);
  void release(const Decision& d);
  void add_space(const Decision& d, bool is_range);
  void return_space(const Decision& d);
  void create_pages(const Decision& d);
  void destroy_pages(const Decision& d);
  void change_mapping(const Decision& d);
  void set_homes(const Decision& d);
  void take(RecordedHold& hold, Bytes bytes);
  void give_back(RecordedHold& hold);
  RecordedSpace& space_of(const Decision& d);

  std::uint32_t position_ = 0;
  std::uint32_t end_;
  std::uint64_t step_ = 0;
  MapRecording recording_;
  std::vector<std::uint32_t> open_;  // object -> its live block, or closed
  MapModel curves_;                  // events and curves, until the layout fills the rest
};

}  // namespace vramlab
