#pragma once
// What one CUDA device holds: segments of every tier, ranges, pages, and where each is.

#include <cuda.h>
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/types.h"
#include "engine/cuda/disk_tier.h"
#include "engine/cuda/pinned_pool.h"

namespace vramlab {

/// The strong guarantee holds for every command: what throws or returns false has changed nothing.
/// REQUIRES: the calling thread's current GPU is `device`. THREAD-SAFETY: none.
class DeviceMemory {
 public:
  struct Options {
    int device = 0;
    std::optional<int> peer;
    Bytes pinned_limit{};
    std::string disk_folder;
  };
  explicit DeviceMemory(Options options);
  /// REQUIRES: no work is under way.
  ~DeviceMemory();
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  /// `async`: of the device tier by cudaMallocAsync in that stream.
  bool take(SegmentId id, Tier tier, Bytes bytes, std::optional<cudaStream_t> async);
  void give_back(SegmentId id, Tier tier, std::optional<cudaStream_t> async);

  bool reserve_range(SegmentId id, Bytes bytes);
  void release_range(SegmentId id);
  bool create_pages(PageId first, std::uint32_t count, Bytes page_bytes);
  void destroy_pages(PageId first, std::uint32_t count);
  bool map(SegmentId range, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes);
  void unmap(SegmentId range, Bytes offset, Bytes bytes);

  /// Throws DeviceError unless [offset, offset + bytes) of it is in `tier`, which is not the disk.
  std::byte* pointer(SegmentId id, Tier tier, Bytes offset, Bytes bytes) const;
  std::uint64_t disk_offset(SegmentId id, Bytes offset, Bytes bytes) const;
  DiskTier& disk() { return disk_; }
  const DiskTier& disk() const { return disk_; }

  /// One line: what is held now.
  std::string state() const;

 private:
  enum class Kind : std::uint8_t { none, segment, range };
  struct Held {
    Held() = default;
    Held(Kind k, Tier t, Bytes b) : kind(k), tier(t), bytes(b) {}

    Kind kind = Kind::none;
    Tier tier{};
    bool async = false;
    Bytes bytes{};
    std::byte* base = nullptr;  // not of the disk
    std::uint64_t disk_offset = 0;
    std::map<std::uint64_t, std::uint64_t> mapped;  // of a range: offset -> end
  };
  struct Page {
    CUmemGenericAllocationHandle handle = 0;
    Bytes bytes{};
    bool held = false;
  };

  Held& place_for(SegmentId id);
  const Held& held(SegmentId id) const;
  Held& held(SegmentId id, Kind kind);
  const Held& held_bytes(SegmentId id, Tier tier, Bytes offset, Bytes bytes) const;
  const Page& page(PageId id) const;
  std::byte* take_device(Bytes bytes, std::optional<cudaStream_t> async) const;
  std::byte* take_peer(Bytes bytes) const;
  void free_segment(const Held& segment, std::optional<cudaStream_t> async);
  bool map_each(CUdeviceptr at, PageId first, std::uint32_t count, Bytes page_bytes) const;
  bool allow_access(CUdeviceptr at, Bytes bytes) const;
  void release_all() noexcept;

  Options options_;
  PinnedPool pinned_;
  DiskTier disk_;
  std::vector<Held> held_;  // by SegmentId
  std::vector<Page> pages_;
  std::size_t segments_ = 0, ranges_ = 0, pages_held_ = 0;
  Bytes segment_bytes_{}, page_bytes_{};  // segment bytes of all tiers
};

}  // namespace vramlab
