#include "engine/replay/map_recorder.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "engine/core/check.h"
#include "engine/core/error.h"

namespace vramlab {
namespace {

constexpr std::uint32_t closed = ~std::uint32_t{0};

std::uint32_t checked_events(std::uint64_t events) {
  if (events <= ~std::uint32_t{0}) return static_cast<std::uint32_t>(events);
  throw ConfigError(fmt::format("a map of {} events: at most 2^32 - 1 can be drawn", events), {},
                    "draw a part of the trace");
}

}  // namespace

MapRecorder::MapRecorder(std::uint64_t events, std::uint32_t columns) : end_(checked_events(events)) {
  curves_.events = events;
  curves_.requested = LoadCurve(events, columns);
  curves_.allocated = LoadCurve(events, columns);
  curves_.reserved = LoadCurve(events, columns);
}

void MapRecorder::apply(const Decision& d) {
  switch (d.kind) {
    case DecisionKind::place:
      return place(d);
    case DecisionKind::release:
      return release(d);
    case DecisionKind::segment_take:
      return add_space(d, false);
    case DecisionKind::range_reserve:
      return add_space(d, true);
    case DecisionKind::segment_return:
      return return_space(d);
    case DecisionKind::pages_create:
      return create_pages(d);
    case DecisionKind::pages_destroy:
      return destroy_pages(d);
    case DecisionKind::map:
    case DecisionKind::alias:
    case DecisionKind::unmap:
      return change_mapping(d);
    case DecisionKind::version:
    case DecisionKind::range_release:
    case DecisionKind::transfer_from:
    case DecisionKind::transfer_to:
    case DecisionKind::after:
    case DecisionKind::record:
    case DecisionKind::wait:
    case DecisionKind::clear:
      return;
  }
}

RecordedSpace& MapRecorder::space_of(const Decision& d) {
  VRAMLAB_CHECK(d.segment < recording_.spaces.size(),
                fmt::format("event {}: segment {} was never taken", position_, d.segment));
  return recording_.spaces[d.segment];
}

void MapRecorder::place(const Decision& d) {
  const RecordedSpace& space = space_of(d);
  if (!space.on_device) return;
  const bool inside = space.returned == RecordedHold::never && d.offset + d.bytes <= space.bytes.value;
  VRAMLAB_CHECK(space.is_range || inside,
                fmt::format("event {}: object {} lies outside of held segment {}", position_, d.object, d.segment));
  if (d.object >= open_.size())
    open_.resize(std::max<std::size_t>(d.object + std::size_t{1}, open_.size() * 2), closed);
  VRAMLAB_CHECK(open_[d.object] == closed, fmt::format("event {}: object {} is placed already", position_, d.object));
  open_[d.object] = static_cast<std::uint32_t>(recording_.blocks.size());
  recording_.blocks.push_back({position_, end_, d.offset, d.offset + d.bytes, d.bytes, d.object, d.segment});
  curves_.allocated.add(position_, Bytes(d.bytes));
}

void MapRecorder::release(const Decision& d) {
  if (d.object >= open_.size() || open_[d.object] == closed) return;  // was placed in another tier
  MapBlock& block = recording_.blocks[std::exchange(open_[d.object], closed)];
  block.last = position_;
  curves_.allocated.subtract(position_, Bytes(block.size));
}

void MapRecorder::take(RecordedHold& hold, Bytes bytes) {
  hold.first = position_;
  hold.last = end_;
  hold.taken = step_++;
  hold.bytes = bytes;
  curves_.reserved.add(position_, bytes);
}

void MapRecorder::give_back(RecordedHold& hold) {
  hold.last = position_;
  hold.returned = step_++;
  curves_.reserved.subtract(position_, hold.bytes);
}

void MapRecorder::add_space(const Decision& d, bool is_range) {
  if (d.segment >= recording_.spaces.size()) recording_.spaces.resize(d.segment + std::size_t{1});
  RecordedSpace& space = recording_.spaces[d.segment];
  space.on_device = d.tier == Tier::device;
  space.is_range = is_range;
  if (space.on_device && !is_range) take(space, Bytes(d.bytes));
}

void MapRecorder::return_space(const Decision& d) {
  RecordedSpace& space = space_of(d);
  if (space.on_device) give_back(space);
}

void MapRecorder::create_pages(const Decision& d) {
  VRAMLAB_CHECK(d.offset > 0 && d.bytes % d.offset == 0, fmt::format("event {}: pages without a size", position_));
  const std::size_t end = d.object + static_cast<std::size_t>(d.bytes / d.offset);
  if (end > recording_.pages.size()) recording_.pages.resize(end);
  for (std::size_t i = d.object; i < end; ++i) take(recording_.pages[i], Bytes(d.offset));
}

void MapRecorder::destroy_pages(const Decision& d) {
  const std::size_t end = d.object + static_cast<std::size_t>(d.bytes / d.offset);
  VRAMLAB_CHECK(end <= recording_.pages.size(), fmt::format("event {}: page {} never was", position_, end - 1));
  for (std::size_t i = d.object; i < end; ++i) {
    RecordedPage& page = recording_.pages[i];
    give_back(page);
    if (page.home != RecordedPage::no_home) recording_.spaces[page.home].homed -= page.bytes;
  }
}

void MapRecorder::change_mapping(const Decision& d) {
  VRAMLAB_CHECK(space_of(d).is_range, fmt::format("event {}: segment {} is not a range", position_, d.segment));
  recording_.mappings.push_back({recording_.blocks.size(), d});
  if (d.kind != DecisionKind::unmap) set_homes(d);
}

void MapRecorder::set_homes(const Decision& d) {
  RecordedSpace& range = recording_.spaces[d.segment];
  std::size_t index = d.object;
  for (std::uint64_t done = 0; done < d.bytes; ++index) {
    VRAMLAB_CHECK(index < recording_.pages.size(), fmt::format("event {}: page {} never was", position_, index));
    RecordedPage& page = recording_.pages[index];
    if (page.home == RecordedPage::no_home) {
      page.home = d.segment;
      page.home_offset = d.offset + done;
      range.homed += page.bytes;
      range.peak_homed = std::max(range.peak_homed, range.homed);
    }
    done += page.bytes.value;
  }
}

MapModel MapRecorder::finish() {
  for (LoadCurve* curve : {&curves_.requested, &curves_.allocated, &curves_.reserved}) curve->finish();
  open_ = {};
  lay_out(std::move(recording_), curves_);
  return std::move(curves_);
}

}  // namespace vramlab
