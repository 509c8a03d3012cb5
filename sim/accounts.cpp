#include "sim/accounts.h"

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/option.h"

namespace vramlab {
namespace {

template <class Holding>
std::string_view name_of(Holding holding) {
  constexpr std::string_view names[] = {"the device", "the peer", "the host", "the disk", "virtual ranges"};
  return names[static_cast<std::size_t>(holding)];
}

template <class... Args>
DeviceError broken(fmt::format_string<Args...> format, Args&&... args) {
  return DeviceError(fmt::format(format, std::forward<Args>(args)...), {}, "the policy broke the device's contract");
}

}  // namespace

MemoryAccounts::MemoryAccounts(Bytes device, Bytes peer, Bytes granularity)
    : device_(device), peer_(peer), granularity_(granularity) {
  if (granularity == Bytes(0)) throw ConfigError("the machine's page granularity is 0");
}

const MemoryAccounts::Space& MemoryAccounts::held(SegmentId id, Holding holding) const {
  const Space* space = spaces_.find(id.value);
  if (space == nullptr)
    throw broken("segment {} {}", id.value, id.value < spaces_.end() ? "was returned before" : "was never taken");
  if (space->holding != holding)
    throw broken("segment {} is of {}, not of {}", id.value, name_of(space->holding), name_of(holding));
  return *space;
}

void MemoryAccounts::check_new(SegmentId id, Bytes bytes) const {
  if (spaces_.find(id.value) != nullptr) throw broken("segment {} is held already", id.value);
  if (bytes == Bytes(0) || bytes >= max_object_bytes)
    throw broken("segment {} of {} bytes: sizes are 1 byte to 256 TiB", id.value, bytes.value);
}

bool MemoryAccounts::take(SegmentId id, Tier tier, Bytes bytes) {
  check_new(id, bytes);
  if (tier == Tier::device && !fits_device(bytes)) return false;
  if (tier == Tier::peer && (bytes > peer_ || peer_used_ > peer_ - bytes)) return false;
  spaces_.insert(id.value, {bytes.value, holding_of(tier)});
  if (tier == Tier::device) device_used_ += bytes;
  if (tier == Tier::peer) peer_used_ += bytes;
  return true;
}

void MemoryAccounts::give_back(SegmentId id, Tier tier, Bytes bytes) {
  const Space& space = held(id, holding_of(tier));
  if (space.bytes != bytes.value)
    throw broken("segment {} of {} bytes returned as {} bytes", id.value, std::uint64_t{space.bytes}, bytes.value);
  spaces_.erase(id.value);
  if (tier == Tier::device) device_used_ -= bytes;
  if (tier == Tier::peer) peer_used_ -= bytes;
}

void MemoryAccounts::reserve_range(SegmentId id, Bytes bytes) {
  check_new(id, bytes);
  if (bytes % granularity_ != Bytes(0))
    throw broken("range {} of {} bytes is not a multiple of {}", id.value, bytes.value, format_bytes(granularity_));
  if (free_ranges_.empty()) {
    free_ranges_.push_back(static_cast<std::uint32_t>(ranges_.size()));
    ranges_.emplace_back();
  }
  ranges_[free_ranges_.back()].bytes = bytes;
  spaces_.insert(id.value, {free_ranges_.back(), Holding::range});
  free_ranges_.pop_back();
}

void MemoryAccounts::release_range(SegmentId id, Bytes bytes) {
  const Space& space = held(id, Holding::range);
  Range& range = ranges_[space.bytes];
  if (range.bytes != bytes)
    throw broken("range {} of {} bytes released as {} bytes", id.value, range.bytes.value, bytes.value);
  if (range.mapped != 0)
    throw broken("range {} released with {} still mapped", id.value, format_bytes(granularity_ * range.mapped));
  range = Range();
  free_ranges_.push_back(static_cast<std::uint32_t>(space.bytes));
  spaces_.erase(id.value);
}

bool MemoryAccounts::create_pages(PageId first, std::uint32_t count, Bytes page_bytes) {
  if (count == 0 || page_bytes == Bytes(0) || page_bytes % granularity_ != Bytes(0) || page_bytes >= max_object_bytes)
    throw broken("{} pages of {} bytes from page {} on: pages are multiples of {}", count, page_bytes.value,
                 first.value, format_bytes(granularity_));
  for (std::uint32_t i = 0; i < count; ++i)
    if (pages_.find(first.value + i) != nullptr) throw broken("page {} exists already", first.value + i);
  if (page_bytes > device_ / count || !fits_device(page_bytes * count)) return false;
  for (std::uint32_t i = 0; i < count; ++i) pages_.insert(first.value + i, {page_bytes, 0});
  device_used_ += page_bytes * count;
  return true;
}

void MemoryAccounts::check_pages(PageId first, std::uint32_t count, Bytes page_bytes, std::string_view action) const {
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t id = first.value + i;
    const Page* page = pages_.find(id);
    if (page == nullptr)
      throw broken("page {} to {} {}", id, action, id < pages_.end() ? "was destroyed before" : "was never created");
    if (page->bytes != page_bytes)
      throw broken("page {} to {} has {} bytes, not {}", id, action, page->bytes.value, page_bytes.value);
  }
}

void MemoryAccounts::destroy_pages(PageId first, std::uint32_t count, Bytes page_bytes) {
  check_pages(first, count, page_bytes, "destroy");
  for (std::uint32_t i = 0; i < count; ++i)
    if (pages_.find(first.value + i)->mappings != 0) throw broken("page {} destroyed while mapped", first.value + i);
  for (std::uint32_t i = 0; i < count; ++i) pages_.erase(first.value + i);
  device_used_ -= page_bytes * count;
}

void MemoryAccounts::check_window(SegmentId id, const Range& range, Bytes offset, Bytes bytes) const {
  if (bytes > range.bytes || offset > range.bytes - bytes)
    throw broken("[{}, +{}) leaves range {} of {} bytes", offset.value, bytes.value, id.value, range.bytes.value);
}

void MemoryAccounts::map(SegmentId id, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes) {
  Range& range = range_of(id);
  check_pages(first, count, page_bytes, "map");
  check_window(id, range, offset, page_bytes * count);
  if (offset % granularity_ != Bytes(0))
    throw broken("map at offset {} of range {}: not a multiple of {}", offset.value, id.value,
                 format_bytes(granularity_));
  const std::size_t begin = offset / granularity_;
  const std::uint64_t parts = page_bytes / granularity_;
  const std::size_t end = begin + parts * count;
  for (std::size_t i = begin; i < std::min(end, range.granules.size()); ++i)
    if (range.granules[i].page != PageId::none_value)
      throw broken("map at offset {} of range {}: page {} is mapped there", i * granularity_.value, id.value,
                   range.granules[i].page);
  if (range.granules.size() < end) range.granules.resize(end);
  for (std::size_t i = begin; i < end; ++i)
    range.granules[i] = {first.value + static_cast<std::uint32_t>((i - begin) / parts),
                         static_cast<std::uint32_t>((i - begin) % parts)};
  for (std::uint32_t i = 0; i < count; ++i) ++pages_.find(first.value + i)->mappings;
  range.mapped += end - begin;
}

void MemoryAccounts::check_unmappable(SegmentId id, const Range& range, std::size_t begin, std::size_t end) const {
  for (std::size_t i = begin; i < end; ++i)
    if (i >= range.granules.size() || range.granules[i].page == PageId::none_value)
      throw broken("unmap at offset {} of range {}: nothing is mapped there", i * granularity_.value, id.value);
  const bool cuts_begin = range.granules[begin].part != 0;
  const bool cuts_end = end < range.granules.size() && range.granules[end].part != 0;
  if (cuts_begin || cuts_end)
    throw broken("unmap of [{}, {}) of range {} cuts page {}", begin * granularity_.value, end * granularity_.value,
                 id.value, range.granules[cuts_begin ? begin : end].page);
}

Nanoseconds MemoryAccounts::unmap(SegmentId id, Bytes offset, Bytes bytes, const CostCurve& page_cost) {
  Range& range = range_of(id);
  check_window(id, range, offset, bytes);
  if (bytes == Bytes(0) || offset % granularity_ != Bytes(0) || bytes % granularity_ != Bytes(0))
    throw broken("unmap of [{}, +{}) of range {}: not whole granules of {}", offset.value, bytes.value, id.value,
                 format_bytes(granularity_));
  const std::size_t begin = offset / granularity_;
  const std::size_t end = begin + bytes / granularity_;
  check_unmappable(id, range, begin, end);
  Nanoseconds cost{};
  for (std::size_t i = begin; i < end; ++i) {
    if (range.granules[i].part == 0) {
      Page& page = *pages_.find(range.granules[i].page);
      --page.mappings;
      cost += page_cost.at(page.bytes);
    }
    range.granules[i] = Granule();
  }
  range.mapped -= end - begin;
  return cost;
}

void MemoryAccounts::check_end(const TransferEnd& end, Bytes bytes) const {
  const Space* space = spaces_.find(end.segment.value);
  const bool in_range = space != nullptr && end.tier == Tier::device && space->holding == Holding::range;
  if (!in_range) {
    const Bytes size(held(end.segment, holding_of(end.tier)).bytes);
    if (bytes > size || end.offset > size - bytes)
      throw broken("transfer of [{}, +{}) leaves segment {} of {} bytes", end.offset.value, bytes.value,
                   end.segment.value, size.value);
    return;
  }
  const Range& range = range_of(end.segment);
  check_window(end.segment, range, end.offset, bytes);
  const std::size_t last = (end.offset + bytes + granularity_ - Bytes(1)) / granularity_;
  for (std::size_t i = end.offset / granularity_; i < last; ++i)
    if (i >= range.granules.size() || range.granules[i].page == PageId::none_value)
      throw broken("transfer touches offset {} of range {}, where nothing is mapped", i * granularity_.value,
                   end.segment.value);
}

}  // namespace vramlab
