#pragma once
// A real device whose completions are reported when a model of it says so: the way to make the same decisions on real
// hardware as in simulation.

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "engine/core/types.h"
#include "engine/device/forwarding_device.h"

namespace vramlab {

/// How the completions of a real device fell against its timetable. Times are the host's.
struct PacingCounts {
  std::uint64_t late = 0;   ///< not complete when due: the host waited
  Nanoseconds late_time{};  ///< in all
  std::uint64_t held = 0;   ///< complete before they were due
  Nanoseconds held_time{};  ///< from when that was noticed, in all: at least so long
};

/// Every command goes to both devices, to `real` first: what it refuses never reaches the timetable, and what the
/// timetable refuses is taken back. Completions and their durations are the timetable's, each reported once `real` has
/// got there too; clock, counters, contents and every failure are real's. timetable() is the model's own run of the
/// same commands, not delayed by what real took.
/// THREAD-SAFETY: none.
class PacedDevice final : public ForwardingDevice<PacedDevice> {
 public:
  /// REQUIRES: two devices.
  PacedDevice(std::unique_ptr<RunnableDevice> timetable, std::unique_ptr<RunnableDevice> real);

  bool take_segment(SegmentId id, Tier tier, Bytes bytes, StreamId stream) override;
  bool reserve_range(SegmentId id, Bytes bytes) override;
  bool create_pages(PageId first, std::uint32_t count, Bytes page_bytes) override;
  bool map_pages(SegmentId range, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes) override;
  bool next_completed(TokenId& token, Nanoseconds& duration) override;
  Contents* contents() override { return real_->contents(); }
  const DeviceRun* timetable() const override { return timetable_.get(); }

  const PacingCounts& pacing() const { return pacing_; }

 private:
  friend ForwardingDevice;
  template <class Question>
  auto answer(Question&& question) const {
    return question(*real_);
  }
  template <class Command>
  void pass_on(Command&& command) const {
    command(*real_);
    command(*timetable_);
  }
  void note_early();
  void pace(TokenId token);

  std::unique_ptr<RunnableDevice> timetable_;
  std::unique_ptr<RunnableDevice> real_;
  PacingCounts pacing_;
  std::unordered_map<std::uint32_t, Nanoseconds> early_;  ///< complete on real and not yet due: token, when noticed
};

}  // namespace vramlab
