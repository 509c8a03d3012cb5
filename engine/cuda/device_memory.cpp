#include "engine/cuda/device_memory.h"

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/cuda/cuda_check.h"
#include "engine/cuda/current_device.h"

namespace vramlab {
namespace {

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

std::byte* DeviceMemory::take_device(Bytes bytes, std::optional<cudaStream_t> async) const {
  const auto detail = [&] { return fmt::format("{} bytes; {}", bytes.value, state()); };
  void* memory = nullptr;
  const bool refused = async ? out_of_memory(cudaMallocAsync(&memory, bytes.value, *async), "cudaMallocAsync", detail)
                             : out_of_memory(cudaMalloc(&memory, bytes.value), "cudaMalloc", detail);
  return refused ? nullptr : static_cast<std::byte*>(memory);
}

std::byte* DeviceMemory::take_peer(Bytes bytes) const {
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
    const auto offset = disk_.take(asked, id);
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
  // cudaFree waits for kernels of its own GPU, but was seen to unmap memory under a copy from or to the peer.
  const bool reached_by_peer = options_.peer && (segment.tier == Tier::device || segment.tier == Tier::peer);
  if (reached_by_peer) VRAMLAB_CUDA_CHECK_WITH(cudaDeviceSynchronize(), detail());
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

}  // namespace vramlab
