#include "engine/device/paced_device.h"

#include <utility>

#include "engine/core/check.h"

namespace vramlab {

PacedDevice::PacedDevice(std::unique_ptr<RunnableDevice> timetable, std::unique_ptr<RunnableDevice> real)
    : timetable_(std::move(timetable)), real_(std::move(real)) {
  VRAMLAB_CHECK(timetable_ != nullptr && real_ != nullptr, "a paced device needs a timetable and a real device");
}

// --- Memory --------------------------------------------------------------------------------------------------------

bool PacedDevice::take_segment(SegmentId id, Tier tier, Bytes bytes, StreamId stream) {
  if (!real_->take_segment(id, tier, bytes, stream)) return false;
  if (timetable_->take_segment(id, tier, bytes, stream)) return true;
  real_->return_segment(id, tier, bytes);
  return false;
}

bool PacedDevice::reserve_range(SegmentId id, Bytes bytes) {
  if (!real_->reserve_range(id, bytes)) return false;
  if (timetable_->reserve_range(id, bytes)) return true;
  real_->release_range(id, bytes);
  return false;
}

bool PacedDevice::create_pages(PageId first, std::uint32_t count, Bytes page_bytes) {
  if (!real_->create_pages(first, count, page_bytes)) return false;
  if (timetable_->create_pages(first, count, page_bytes)) return true;
  real_->destroy_pages(first, count, page_bytes);
  return false;
}

bool PacedDevice::map_pages(SegmentId range, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes) {
  if (!real_->map_pages(range, offset, first, count, page_bytes)) return false;
  if (timetable_->map_pages(range, offset, first, count, page_bytes)) return true;
  real_->unmap_pages(range, offset, page_bytes * count);
  return false;
}

// --- Completions ---------------------------------------------------------------------------------------------------

bool PacedDevice::next_completed(TokenId& token, Nanoseconds& duration) {
  if (!timetable_->next_completed(token, duration)) return false;
  pace(token);
  return true;
}

// What real has reported it need not keep, and it is known from then on to have come before its time.
void PacedDevice::note_early() {
  TokenId token;
  Nanoseconds duration;
  while (real_->next_completed(token, duration)) early_.emplace(token.value, real_->now());
}

void PacedDevice::pace(TokenId token) {
  note_early();
  const Nanoseconds due = real_->now();
  if (const auto early = early_.find(token.value); early != early_.end()) {
    ++pacing_.held;
    pacing_.held_time += due - early->second;
    early_.erase(early);
    return;
  }
  real_->synchronize(token);
  ++pacing_.late;
  pacing_.late_time += real_->now() - due;
  note_early();  // reports this one too
  early_.erase(token.value);
}

}  // namespace vramlab
