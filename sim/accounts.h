#pragma once
// What memory a simulated device holds, and whether commands keep their contract.

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/core/types.h"
#include "engine/device/device.h"
#include "sim/id_table.h"
#include "sim/machine.h"

namespace vramlab {

/// Segments, ranges, pages and mappings. Every function checks first and changes then: after a DeviceError or a refusal
/// nothing has changed. Contract violations throw DeviceError naming the ids.
/// Memory: see IdTable for segments and pages; a range costs 8 bytes for each granule up to its highest mapping.
class MemoryAccounts {
 public:
  /// Bytes that the device and its peers really have. Host and disk are not limited.
  MemoryAccounts(Bytes device, Bytes peer, Bytes granularity);

  bool take(SegmentId id, Tier tier, Bytes bytes);
  void give_back(SegmentId id, Tier tier, Bytes bytes);

  void reserve_range(SegmentId id, Bytes bytes);
  void release_range(SegmentId id, Bytes bytes);
  bool create_pages(PageId first, std::uint32_t count, Bytes page_bytes);
  void destroy_pages(PageId first, std::uint32_t count, Bytes page_bytes);
  void map(SegmentId range, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes);
  /// Returns the sum of `page_cost` over the pages unmapped.
  Nanoseconds unmap(SegmentId range, Bytes offset, Bytes bytes, const CostCurve& page_cost);

  /// Throws unless `bytes` at `end` are held, of its tier, and mapped.
  void check_end(const TransferEnd& end, Bytes bytes) const;

  Bytes device_used() const { return device_used_; }

 private:
  enum class Holding : std::uint8_t { device, peer, host, disk, range };
  struct Space {  // 8 bytes: there may be many
    Space() = default;
    Space(std::uint64_t amount, Holding of) : bytes(amount & ((std::uint64_t{1} << 56) - 1)), holding(of) {}
    std::uint64_t bytes : 56 = 0;  // of a range: its index in ranges_
    Holding holding : 8 = Holding::device;
  };
  struct Page {
    Bytes bytes{};
    std::uint64_t mappings = 0;
  };
  struct Granule {
    std::uint32_t page = PageId::none_value;
    std::uint32_t part = 0;  // which granule of the page
  };
  struct Range {
    Bytes bytes{};
    std::uint64_t mapped = 0;  // granules
    std::vector<Granule> granules;
  };

  static Holding holding_of(Tier tier) { return static_cast<Holding>(tier); }
  const Space& held(SegmentId id, Holding holding) const;
  void check_new(SegmentId id, Bytes bytes) const;
  void check_pages(PageId first, std::uint32_t count, Bytes page_bytes, std::string_view action) const;
  const Range& range_of(SegmentId id) const { return ranges_[held(id, Holding::range).bytes]; }
  Range& range_of(SegmentId id) { return ranges_[held(id, Holding::range).bytes]; }
  void check_window(SegmentId id, const Range& range, Bytes offset, Bytes bytes) const;
  void check_unmappable(SegmentId id, const Range& range, std::size_t begin, std::size_t end) const;
  bool fits_device(Bytes bytes) const { return bytes <= device_ && device_used_ <= device_ - bytes; }

  Bytes device_;
  Bytes peer_;
  Bytes granularity_;
  Bytes device_used_{};
  Bytes peer_used_{};
  IdTable<Space> spaces_;
  IdTable<Page> pages_;
  std::vector<Range> ranges_;
  std::vector<std::uint32_t> free_ranges_;
};

}  // namespace vramlab
