#pragma once
// A StreamFence for memory whose addresses change: it remembers which stream used which physical bytes, whatever
// address they have now. A page's bytes are numbered by its id.

#include <algorithm>
#include <cstdint>

#include "engine/pool/stream_fence.h"
#include "engine/pool/tier_space.h"

namespace vramlab {

/// THREAD-SAFETY: none. Costs two compares while a pool has seen one stream only.
class PhysicalFence {
 public:
  explicit PhysicalFence(Port& port) : fence_(port) {}

  /// As StreamFence::use and leave, for a block of `tier`.
  void use(const TierSpace& tier, const BlockNode& block, StreamId stream) {
    if (stream != first_) see(stream);
    if (!several_) return;
    each_piece(tier, block, [&](std::uint64_t at, std::uint64_t bytes) { fence_.use(at, bytes, stream); });
  }
  void leave(const TierSpace& tier, const BlockNode& block, StreamId stream) {
    if (!several_) return;
    each_piece(tier, block, [&](std::uint64_t at, std::uint64_t bytes) { fence_.leave(at, bytes, stream); });
  }
  /// New pages, or pages that went back: nobody's uses are to be waited for.
  void forget(PageId first, std::uint64_t count) {
    fence_.forget(first.value * TierSpace::page.value, count * TierSpace::page.value);
  }

 private:
  void see(StreamId stream) {
    several_ = first_.valid();
    if (several_) return;
    first_ = stream;
    fence_.use(0, 0, stream);
  }

  // Runs of bytes with neighbouring physical numbers.
  template <class Each>
  static void each_piece(const TierSpace& tier, const BlockNode& block, Each&& each) {
    constexpr std::uint64_t page = TierSpace::page.value;
    const std::uint64_t from = block.address - tier.space().base.value, to = from + block.size;
    std::uint64_t begin = 0, end = 0;  // the run so far, physical
    for (std::uint64_t at = from; at < to;) {
      const std::uint64_t stop = std::min(to, (at / page + 1) * page);
      const std::uint64_t here = tier.page_at(at / page).value * page + at % page;
      if (here != end || begin == end) {
        if (end > begin) each(begin, end - begin);
        begin = here;
      }
      end = here + (stop - at);
      at = stop;
    }
    each(begin, end - begin);
  }

  StreamFence fence_;
  StreamId first_;  // the first stream seen; none before
  bool several_ = false;
};

}  // namespace vramlab
