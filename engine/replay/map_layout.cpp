#include "engine/replay/map_layout.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <span>
#include <tuple>

#include "engine/core/check.h"
#include "engine/replay/map_lanes.h"

namespace vramlab {
namespace {

/// Gives every segment and every page its place on the address axis.
class Placement {
 public:
  explicit Placement(const MapRecording& recording)
      : recording_(recording), spaces_(recording.spaces.size()), pages_(recording.pages.size()) {
    for (std::size_t i = 0; i < spaces_.size(); ++i)
      if (recording.spaces[i].bytes > Bytes(0)) spaces_[i] = {request(recording.spaces[i]), Bytes(0)};
    request_pages();
    lanes_ = assign_lanes(requests_);
  }

  Bytes height() const { return lanes_.height; }
  std::uint64_t of_space(std::size_t i) const { return address(spaces_[i]); }
  std::uint64_t of_page(std::size_t i) const { return address(pages_[i]); }

 private:
  struct Place {
    std::size_t lane = 0;
    Bytes offset{};
  };

  std::uint64_t address(const Place& place) const { return (lanes_.bases[place.lane] + place.offset).value; }
  const RecordedPage& page(std::uint32_t i) const { return recording_.pages[i]; }

  std::size_t request(const RecordedHold& hold) {
    requests_.push_back({hold.taken, hold.returned, hold.bytes});
    return requests_.size() - 1;
  }

  void request_pages() {
    const auto key = [this](std::uint32_t i) { return std::tuple(page(i).home, page(i).home_offset, page(i).taken); };
    std::vector<std::uint32_t> order(pages_.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
    for (std::size_t from = 0; from < order.size();) {
      std::size_t to = from;
      while (to < order.size() && page(order[to]).home == page(order[from]).home) ++to;
      request_range({order.data() + from, to - from});
      from = to;
    }
  }

  /// A range whose pages stay where they were mapped first gets one lane, so that its blocks are drawn whole. That
  /// does not pay where they were mapped over a far longer stretch than was ever held at once.
  void request_range(std::span<const std::uint32_t> pages) {
    const std::uint32_t home = page(pages.front()).home;
    if (home != RecordedPage::no_home) {
      LaneRequest lane;
      const Bytes held = recording_.spaces[home].peak_homed;
      if (stack(pages, lane) && lane.bytes <= held + held / 4) return requests_.push_back(lane);
    }
    for (std::uint32_t i : pages) pages_[i] = {request(page(i)), Bytes(0)};
  }

  /// Puts pages (ordered by offset, then by age) one above the other into the next lane. False where two of them
  /// were held at the same place at once.
  bool stack(std::span<const std::uint32_t> pages, LaneRequest& lane) {
    lane = {page(pages.front()).taken, 0, Bytes(0)};
    const RecordedPage* below = nullptr;
    for (std::uint32_t i : pages) {
      const RecordedPage& here = page(i);
      if (below != nullptr && here.home_offset < below->home_offset + below->bytes.value) {
        const bool follows = here.home_offset == below->home_offset && here.bytes == below->bytes;
        if (!follows || here.taken < below->returned) return false;
        lane.bytes -= here.bytes;  // takes the place of an earlier page
      }
      pages_[i] = {requests_.size(), lane.bytes};
      lane = {std::min(lane.taken, here.taken), std::max(lane.returned, here.returned), lane.bytes + here.bytes};
      below = &here;
    }
    return true;
  }

  const MapRecording& recording_;
  std::vector<Place> spaces_, pages_;
  std::vector<LaneRequest> requests_;
  Lanes lanes_;
};

/// Which page lies where in each range, at one moment.
class PageTable {
 public:
  explicit PageTable(const std::vector<RecordedPage>& pages, std::size_t spaces) : pages_(pages), ranges_(spaces) {}

  void apply(const Decision& d) {
    std::map<std::uint64_t, std::uint32_t>& range = ranges_[d.segment];
    if (d.kind == DecisionKind::unmap) {
      range.erase(range.lower_bound(d.offset), range.lower_bound(d.offset + d.bytes));
      return;
    }
    std::uint32_t page = d.object;
    for (std::uint64_t done = 0; done < d.bytes; ++page) {
      range[d.offset + done] = page;
      done += pages_[page].bytes.value;
    }
  }

  /// Calls piece(page, offset in the page, bytes) for the pages under [low, high) of a range.
  template <class Piece>
  void visit(const MapBlock& block, Piece&& piece) const {
    const auto& range = ranges_[block.space];
    auto next = range.upper_bound(block.low);
    std::uint64_t at = block.low;
    if (next != range.begin()) --next;
    for (; at < block.high; ++next) {
      const bool mapped =
          next != range.end() && next->first <= at && at < next->first + pages_[next->second].bytes.value;
      VRAMLAB_CHECK(mapped, fmt::format("event {}: object {} lies where range {} has no page at offset {}", block.first,
                                        block.object, block.space, at));
      const std::uint64_t end = std::min(block.high, next->first + pages_[next->second].bytes.value);
      piece(next->second, at - next->first, end - at);
      at = end;
    }
  }

 private:
  const std::vector<RecordedPage>& pages_;
  std::vector<std::map<std::uint64_t, std::uint32_t>> ranges_;
};

/// Replaces a block of a range by its pieces: the first in place, the others at the end of `blocks`.
void resolve_in_range(std::vector<MapBlock>& blocks, std::size_t index, const PageTable& table,
                      const Placement& placement) {
  const MapBlock whole = blocks[index];
  std::size_t current = index;
  bool begun = false;
  table.visit(whole, [&](std::uint32_t page, std::uint64_t offset, std::uint64_t bytes) {
    const std::uint64_t low = placement.of_page(page) + offset;
    if (begun && blocks[current].high == low) {
      blocks[current].high += bytes;
      return;
    }
    if (begun) {
      current = blocks.size();
      blocks.push_back(whole);
    }
    begun = true;
    blocks[current].low = low;
    blocks[current].high = low + bytes;
  });
}

void resolve_blocks(MapRecording& recording, const Placement& placement) {
  PageTable table(recording.pages, recording.spaces.size());
  auto mapping = recording.mappings.cbegin();
  const std::size_t placed = recording.blocks.size();
  for (std::size_t i = 0; i < placed; ++i) {
    for (; mapping != recording.mappings.cend() && mapping->blocks_before <= i; ++mapping)
      table.apply(mapping->decision);
    MapBlock& block = recording.blocks[i];
    if (recording.spaces[block.space].is_range) {
      resolve_in_range(recording.blocks, i, table, placement);
    } else {
      block.low += placement.of_space(block.space);
      block.high += placement.of_space(block.space);
    }
  }
}

/// Pages taken and returned in one go that lie one above the other are shown as one.
void add_held(std::vector<MapHeld>& held, const RecordedHold& hold, std::uint64_t base, bool joins) {
  if (hold.first >= hold.last || hold.bytes == Bytes(0)) return;
  if (joins && !held.empty()) {
    MapHeld& last = held.back();
    if (last.high == base && last.first == hold.first && last.last == hold.last) {
      last.high += hold.bytes.value;
      return;
    }
  }
  held.push_back({hold.first, hold.last, base, base + hold.bytes.value});
}

}  // namespace

void lay_out(MapRecording recording, MapModel& model) {
  const Placement placement(recording);
  for (std::size_t i = 0; i < recording.spaces.size(); ++i)
    if (recording.spaces[i].bytes > Bytes(0)) add_held(model.held, recording.spaces[i], placement.of_space(i), false);
  for (std::size_t i = 0; i < recording.pages.size(); ++i)
    add_held(model.held, recording.pages[i], placement.of_page(i), i > 0);
  resolve_blocks(recording, placement);
  model.height = placement.height();
  model.blocks = std::move(recording.blocks);
}

}  // namespace vramlab
