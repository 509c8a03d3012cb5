// Ranges and pages of DeviceMemory, and how all of it ends.

#include <fmt/format.h>

#include <bit>
#include <iterator>

#include "engine/core/error.h"
#include "engine/cuda/device_memory.h"
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
bool DeviceMemory::map_each(CUdeviceptr at, PageId first, std::uint32_t count, Bytes page_bytes) const {
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
bool DeviceMemory::allow_access(CUdeviceptr at, Bytes bytes) const {
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
