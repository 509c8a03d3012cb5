#include "engine/pool/offline_stitched.h"

#include <fmt/format.h>
#include <algorithm>
#include <ranges>

#include "engine/core/error.h"
#include "engine/core/option.h"

namespace vramlab {
namespace {

constexpr Bytes page = StitchedPlan::page;
// Of the views. A plan of many iterations may have more than fit in one.
constexpr Bytes largest_range = 512_GiB;

[[noreturn]] void pages_missing(std::uint32_t pages, const Port& port) {
  throw OutOfMemory(
      fmt::format("pool offline is out of memory: its stitched plan needs {} pages of {}, {}; {} of {} reserved", pages,
                  format_bytes(page), format_bytes(page * pages), format_bytes(port.reserved()),
                  format_bytes(port.capacity())),
      {}, "raise the capacity to what the plan needs, or swap more");
}

}  // namespace

StitchedMemory::StitchedMemory(Port& port, const Instance& instance, StitchedPlan plan)
    : port_(port), instance_(instance), plan_(std::move(plan)), fence_(port) {
  lay_out_views();
}

void StitchedMemory::lay_out_views() {
  range_bytes_.push_back(page * plan_.pages);
  for (const auto& view : plan_.views) {
    Bytes bytes{};
    for (const PageRun& run : view) bytes += page * run.count;
    if (range_bytes_.size() == 1 || range_bytes_.back() + bytes > largest_range) range_bytes_.emplace_back(0);
    view_spaces_.push_back({static_cast<std::uint32_t>(range_bytes_.size() - 1), range_bytes_.back(), bytes});
    range_bytes_.back() += bytes;
  }
}

void StitchedMemory::take(StreamId) {
  waiting_.clear();
  if (held_) return;
  if (!port_.fits(page * plan_.pages)) pages_missing(plan_.pages, port_);
  held_ = take_all();
  if (held_) return;
  undo();
  pages_missing(plan_.pages, port_);
}

bool StitchedMemory::take_all() {
  for (const Bytes bytes : range_bytes_) {
    const std::optional<Space> range = port_.reserve_range(bytes);
    if (!range) return false;
    ranges_.push_back(*range);
  }
  first_ = port_.create_pages(plan_.pages, page);
  if (!first_ || !port_.map_pages(ranges_[0], Bytes(0), *first_, plan_.pages, page)) return false;
  mapped_.push_back({0, Bytes(0), page * plan_.pages});
  return map_views();
}

bool StitchedMemory::map_views() {
  for (std::size_t v = 0; v < plan_.views.size(); ++v) {
    const ViewSpace& space = view_spaces_[v];
    Bytes at = space.offset;
    for (const PageRun& run : plan_.views[v]) {
      const PageId first(first_->value + run.first);
      if (!port_.alias_pages(ranges_[space.range], at, first, run.count, page)) return false;
      mapped_.push_back({space.range, at, page * run.count});
      at += page * run.count;
    }
  }
  return true;
}

void StitchedMemory::undo() {
  for (const Mapped& m : std::views::reverse(mapped_)) port_.unmap_pages(ranges_[m.range], m.offset, m.bytes);
  if (first_) port_.destroy_pages(*first_, plan_.pages, page);
  for (const Space& range : ranges_) port_.release_range(range);
  mapped_.clear();
  first_.reset();
  ranges_.clear();
  streams_.clear();
  held_ = false;
}

void StitchedMemory::give_back() {
  if (!waiting_.empty()) return;
  for (const StreamId stream : streams_) waiting_.push_back(port_.record(stream));
  if (waiting_.empty()) undo();
}

void StitchedMemory::completed(TokenId token) {
  if (std::erase(waiting_, token) == 0 || !waiting_.empty()) return;
  fence_.forget(0, (page * plan_.pages).value);
  undo();
}

OfflineMemory::Spot StitchedMemory::spot(std::uint32_t object) const {
  const StitchedPlace& place = plan_.places[object];
  const bool home = place.view == no_stitched_view;
  const Space& range = ranges_[home ? 0 : view_spaces_[place.view].range];
  const Bytes offset = Bytes(place.offset) + (home ? Bytes(0) : view_spaces_[place.view].offset);
  return {range.id, offset, range.base + offset};
}

void StitchedMemory::use(std::uint32_t object, StreamId stream) {
  if (std::find(streams_.begin(), streams_.end(), stream) == streams_.end()) streams_.push_back(stream);
  plan_.for_each_stretch(plan_.places[object], instance_.buffers[object].size.value,
                         [&](std::uint64_t at, std::uint64_t bytes) { fence_.use(at, bytes, stream); });
}

void StitchedMemory::leave(std::uint32_t object, StreamId stream) {
  plan_.for_each_stretch(plan_.places[object], instance_.buffers[object].size.value,
                         [&](std::uint64_t at, std::uint64_t bytes) { fence_.leave(at, bytes, stream); });
}

}  // namespace vramlab
