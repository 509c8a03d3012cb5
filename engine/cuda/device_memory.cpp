#include "engine/cuda/device_memory.h"

#include <fmt/format.h>

#include <bit>
#include <iterator>

#include "engine/core/error.h"
#include "engine/cuda/cuda_check.h"
#include "engine/cuda/current_device.h"
#include "engine/cuda/driver.h"

namespace vramlab {
namespace {

CUdeviceptr address_of(const std::byte* at) { return std::bit_cast<CUdeviceptr>(at); }

CUmemLocation location_of(int device) {
  CUmemLocation location{};
  location.type = CU_MEM_LOCATION_TYPE_DEVICE;
  location.id = device;
  return location;
}

const char* name_of(Tier tier) {
  switch (tier) {
    case Tier::device:
      return "device";
    case Tier::peer:
      return "peer";
    case Tier::host:
      return "host";
    case Tier::disk:
      return "disk";
  }
  return "unknown";
}

using Intervals = std::map<std::uint64_t, std::uint64_t>;  // begin -> end

bool overlaps(const Intervals& intervals, std::uint64_t begin, std::uint64_t end) {
  const auto after = intervals.lower_bound(end);
  return after != intervals.begin() && std::prev(after)->second > begin;
}

// Takes [begin, end) out of intervals; what it covers in part is cut.
void subtract(Intervals& intervals, std::uint64_t begin, std::uint64_t end) {
  auto it = intervals.upper_bound(begin);
  if (it != intervals.begin()) --it;
  while (it != intervals.end() && it->first < end) {
    const auto [from, to] = *it;
    if (to <= begin) {
      ++it;
      continue;
    }
    it = intervals.erase(it);
    if (from < begin) intervals.emplace(from, begin);
    if (to > end) intervals.emplace(end, to);
  }
}

}  // namespace

DeviceMemory::DeviceMemory(Options options)
    : options_(std::move(options)), pinned_(options_.pinned_limit), disk_(options_.disk_folder) {}

DeviceMemory::~DeviceMemory() { release_all(); }

std::string DeviceMemory::state() const {
  return fmt::format("GPU {} holds {} segments of {} bytes, {} ranges, {} pages of {} bytes, {} bytes pinned",
                     options_.device, segments_, segment_bytes_.value, ranges_, pages_held_, page_bytes_.value,
                     pinned_.pinned().value);
}

DeviceMemory::Held& DeviceMemory::place_for(SegmentId id) {
  if (!id.valid()) throw DeviceError("a segment without a number; " + state());
  if (id.value >= held_.size()) held_.resize(id.value + std::size_t{1});
  if (held_[id.value].kind != Kind::none)
    throw DeviceError(fmt::format("segment {} is taken already; {}", id.value, state()));
  return held_[id.value];
}

const DeviceMemory::Held& DeviceMemory::held(SegmentId id) const {
  if (id.value >= held_.size() || held_[id.value].kind == Kind::none)
    throw DeviceError(fmt::format("segment {} is not held; {}", id.value, state()));
  return held_[id.value];
}

DeviceMemory::Held& DeviceMemory::held(SegmentId id, Kind kind) {
  if (held(id).kind != kind)
    throw DeviceError(fmt::format("{} is {}; {}", id.value, kind == Kind::range ? "no range" : "no segment", state()));
  return held_[id.value];
}

const DeviceMemory::Page& DeviceMemory::page(PageId id) const {
  if (id.value >= pages_.size() || !pages_[id.value].held)
    throw DeviceError(fmt::format("page {} is not held; {}", id.value, state()));
  return pages_[id.value];
}

// --- Segments --------------------------------------------------------------------------------------------------------

std::byte* DeviceMemory::take_device(Bytes bytes, std::optional<cudaStream_t> async) {
  const auto detail = [&] { return fmt::format("{} bytes; {}", bytes.value, state()); };
  void* memory = nullptr;
  const bool refused = async ? out_of_memory(cudaMallocAsync(&memory, bytes.value, *async), "cudaMallocAsync", detail)
                             : out_of_memory(cudaMalloc(&memory, bytes.value), "cudaMalloc", detail);
  return refused ? nullptr : static_cast<std::byte*>(memory);
}

std::byte* DeviceMemory::take_peer(Bytes bytes) {
  if (!options_.peer) throw DeviceError("no GPU is the peer tier; " + state(), {}, "choose one with the option peer");
  const CurrentDevice current(*options_.peer);
  return take_device(bytes, std::nullopt);
}

bool DeviceMemory::take(SegmentId id, Tier tier, Bytes bytes, std::optional<cudaStream_t> async) {
  Held& place = place_for(id);
  Held taken(Kind::segment, tier, bytes);
  taken.async = async && tier == Tier::device;
  const Bytes asked(bytes.value == 0 ? 1 : bytes.value);
  if (tier == Tier::disk) {
    const auto offset = disk_.take(asked);
    if (!offset) return false;
    taken.disk_offset = *offset;
  } else {
    taken.base = tier == Tier::device ? take_device(asked, async)
                 : tier == Tier::peer ? take_peer(asked)
                                      : static_cast<std::byte*>(pinned_.take(asked));
    if (taken.base == nullptr) return false;
  }
  place = std::move(taken);
  ++segments_;
  segment_bytes_ += bytes;
  return true;
}

void DeviceMemory::free_segment(const Held& segment, std::optional<cudaStream_t> async) {
  const auto detail = [&] { return fmt::format("{} bytes; {}", segment.bytes.value, state()); };
  switch (segment.tier) {
    case Tier::device:
      if (segment.async && async) {
        VRAMLAB_CUDA_CHECK_WITH(cudaFreeAsync(segment.base, *async), detail());
      } else {
        VRAMLAB_CUDA_CHECK_WITH(cudaFree(segment.base), detail());
      }
      return;
    case Tier::peer: {
      const CurrentDevice current(options_.peer.value());
      VRAMLAB_CUDA_CHECK_WITH(cudaFree(segment.base), detail());
      return;
    }
    case Tier::host:
      pinned_.give_back(segment.base);
      return;
    case Tier::disk:
      disk_.give_back(segment.disk_offset, Bytes(segment.bytes.value == 0 ? 1 : segment.bytes.value));
  }
}

void DeviceMemory::give_back(SegmentId id, Tier tier, std::optional<cudaStream_t> async) {
  Held& segment = held(id, Kind::segment);
  if (segment.tier != tier)
    throw DeviceError(
        fmt::format("segment {} is of tier {}, not {}; {}", id.value, name_of(segment.tier), name_of(tier), state()));
  free_segment(segment, async);
  --segments_;
  segment_bytes_ -= segment.bytes;
  segment = Held{};
}

// --- Ranges and pages ------------------------------------------------------------------------------------------------

bool DeviceMemory::reserve_range(SegmentId id, Bytes bytes) {
  Held& place = place_for(id);
  CUdeviceptr base = 0;
  const auto detail = [&] { return fmt::format("{} bytes; {}", bytes.value, state()); };
  if (out_of_memory(driver().address_reserve(&base, bytes.value, 0, 0, 0), "cuMemAddressReserve", detail)) return false;
  place = Held(Kind::range, Tier::device, bytes);
  place.base = std::bit_cast<std::byte*>(base);
  ++ranges_;
  return true;
}

void DeviceMemory::release_range(SegmentId id) {
  Held& range = held(id, Kind::range);
  if (!range.mapped.empty())
    throw DeviceError(fmt::format("range {} is released with pages mapped; {}", id.value, state()));
  VRAMLAB_DRIVER_CHECK(driver().address_free(address_of(range.base), range.bytes.value),
                       fmt::format("range {} of {} bytes; {}", id.value, range.bytes.value, state()));
  range = Held{};
  --ranges_;
}

bool DeviceMemory::create_pages(PageId first, std::uint32_t count, Bytes page_bytes) {
  if (first.value + std::size_t{count} > pages_.size()) pages_.resize(first.value + std::size_t{count});
  CUmemAllocationProp properties{};
  properties.type = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.location = location_of(options_.device);
  std::uint32_t created = 0;
  const auto take_back = [&] {
    while (created != 0) static_cast<void>(driver().release(pages_[first.value + --created].handle));
  };
  for (; created < count; ++created) {
    Page& page = pages_[first.value + created];
    const CUresult error =
        page.held ? CUDA_ERROR_ALREADY_MAPPED : driver().create(&page.handle, page_bytes.value, &properties, 0);
    if (error == CUDA_SUCCESS) continue;
    const std::uint32_t failed = first.value + created;
    take_back();
    return !out_of_memory(error, "cuMemCreate",
                          [&] { return fmt::format("page {} of {} bytes; {}", failed, page_bytes.value, state()); });
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    pages_[first.value + i].bytes = page_bytes;
    pages_[first.value + i].held = true;
  }
  pages_held_ += count;
  page_bytes_ += page_bytes * count;
  return true;
}

void DeviceMemory::destroy_pages(PageId first, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) static_cast<void>(page(PageId(first.value + i)));
  for (std::uint32_t i = 0; i < count; ++i) {
    Page& page = pages_[first.value + i];
    VRAMLAB_DRIVER_CHECK(driver().release(page.handle), fmt::format("page {}; {}", first.value + i, state()));
    page_bytes_ -= page.bytes;
    page = Page{};
    --pages_held_;
  }
}

// Where one is refused, those before are unmapped again.
bool DeviceMemory::map_each(CUdeviceptr at, PageId first, std::uint32_t count, Bytes page_bytes) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const CUdeviceptr there = at + page_bytes.value * i;
    const CUresult error = driver().map(there, page_bytes.value, 0, pages_[first.value + i].handle, 0);
    if (error == CUDA_SUCCESS) continue;
    if (i != 0) static_cast<void>(driver().unmap(at, page_bytes.value * i));
    return !out_of_memory(error, "cuMemMap", [&] {
      return fmt::format("page {} of {} bytes at {:#x}; {}", first.value + i, page_bytes.value, there, state());
    });
  }
  return true;
}

// The peer needs no access: transfers run on this GPU's engines, which reach both sides. With a second GPU this call
// would cost fifty times as much.
bool DeviceMemory::allow_access(CUdeviceptr at, Bytes bytes) {
  CUmemAccessDesc access{};
  access.location = location_of(options_.device);
  access.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
  const CUresult error = driver().set_access(at, bytes.value, &access, 1);
  if (error == CUDA_SUCCESS) return true;
  static_cast<void>(driver().unmap(at, bytes.value));
  return !out_of_memory(error, "cuMemSetAccess",
                        [&] { return fmt::format("{} bytes at {:#x}; {}", bytes.value, at, state()); });
}

bool DeviceMemory::map(SegmentId id, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes) {
  Held& range = held(id, Kind::range);
  const Bytes bytes = page_bytes * count;
  const CUdeviceptr at = address_of(pointer(id, Tier::device, offset, bytes));
  if (overlaps(range.mapped, offset.value, (offset + bytes).value))
    throw DeviceError(fmt::format("{} bytes at offset {} of range {} are mapped already in part; {}", bytes.value,
                                  offset.value, id.value, state()));
  for (std::uint32_t i = 0; i < count; ++i)
    if (page(PageId(first.value + i)).bytes != page_bytes)
      throw DeviceError(fmt::format("page {} is not of {} bytes; {}", first.value + i, page_bytes.value, state()));
  if (count == 0) return true;
  std::map<std::uint64_t, std::uint64_t> added{{offset.value, (offset + bytes).value}};  // before anything is mapped
  if (!map_each(at, first, count, page_bytes) || !allow_access(at, bytes)) return false;
  range.mapped.merge(added);
  return true;
}

void DeviceMemory::unmap(SegmentId id, Bytes offset, Bytes bytes) {
  Held& range = held(id, Kind::range);
  if (bytes.value == 0) return;
  const CUdeviceptr at = address_of(pointer(id, Tier::device, offset, bytes));
  VRAMLAB_DRIVER_CHECK(driver().unmap(at, bytes.value), fmt::format("{} bytes at offset {} of range {}; {}",
                                                                    bytes.value, offset.value, id.value, state()));
  subtract(range.mapped, offset.value, (offset + bytes).value);
}

// --- Pointers --------------------------------------------------------------------------------------------------------

const DeviceMemory::Held& DeviceMemory::held_bytes(SegmentId id, Tier tier, Bytes offset, Bytes bytes) const {
  const Held& place = held(id);
  if (place.tier != tier || offset > place.bytes || bytes > place.bytes - offset)
    throw DeviceError(fmt::format("{} bytes at offset {} of tier {} are not in segment {} ({} bytes of tier {}); {}",
                                  bytes.value, offset.value, name_of(tier), id.value, place.bytes.value,
                                  name_of(place.tier), state()));
  return place;
}

std::byte* DeviceMemory::pointer(SegmentId id, Tier tier, Bytes offset, Bytes bytes) const {
  return held_bytes(id, tier, offset, bytes).base + offset.value;
}

std::uint64_t DeviceMemory::disk_offset(SegmentId id, Bytes offset, Bytes bytes) const {
  return held_bytes(id, Tier::disk, offset, bytes).disk_offset + offset.value;
}

void DeviceMemory::release_all() noexcept {
  for (const Held& place : held_) {
    if (place.kind == Kind::range) {
      for (const auto& [begin, end] : place.mapped)
        static_cast<void>(driver().unmap(address_of(place.base) + begin, end - begin));
      static_cast<void>(driver().address_free(address_of(place.base), place.bytes.value));
    } else if (place.kind == Kind::segment && (place.tier == Tier::device || place.tier == Tier::peer)) {
      static_cast<void>(cudaFree(place.base));
    }
  }
  for (const Page& page : pages_)
    if (page.held) static_cast<void>(driver().release(page.handle));
}

}  // namespace vramlab
