#pragma once
// The pages of pool tiered: where they come from when a tier grows, and where they go.
//
// A page that lies free in one place is given to another by a second mapping of it (alias); reuse is ordered by stream
// and edge, as that of any free block. The first mapping goes once no stream can be at work there any more: tokens of
// all streams, recorded after the last use, are complete.

#include <cstdint>
#include <vector>

#include "engine/device/port.h"
#include "engine/pool/physical_fence.h"
#include "engine/pool/tier_space.h"

namespace vramlab {

/// THREAD-SAFETY: none. INVARIANT: a page is in the tables of one tier for each of its mappings, and at most one of
/// these is not leaving.
class TierMemory {
 public:
  /// `tiers` ranges of `range_bytes` each.
  TierMemory(Port& port, std::size_t tiers, Bytes range_bytes, std::uint32_t scan);
  TierMemory(const TierMemory&) = delete;
  TierMemory& operator=(const TierMemory&) = delete;

  BlockGraph& graph() { return graph_; }
  const BlockGraph& graph() const { return graph_; }
  TierSpace& tier(std::size_t index) { return tiers_[index]; }
  const TierSpace& tier(std::size_t index) const { return tiers_[index]; }
  std::size_t tiers() const { return tiers_.size(); }
  PhysicalFence& fence() { return fence_; }
  /// Tokens have to be recorded of `stream`, too, before pages leave. Costs a compare for the stream of last time.
  void see(StreamId stream) {
    if (stream != last_stream_) [[unlikely]]
      see_another(stream);
  }
  /// Records a token on every stream seen; their work so far is over when all are complete.
  std::vector<TokenId> record_all();

  struct Demand {
    std::size_t tier = 0;
    std::uint64_t size = 0;   ///< bytes of the free block wanted
    std::uint64_t fresh = 0;  ///< pages that are rather created than taken from elsewhere
    std::uint64_t extra = 0;  ///< pages besides, as far as `fresh` allows and there is room beside the block
    bool move = true;         ///< the others are taken where they lie free, before new ones are created
  };
  struct Grown {
    bool done = false;
    std::uint64_t created = 0;  ///< pages
    std::uint64_t moved = 0;    ///< pages
    std::uint64_t extra = 0;    ///< pages of both
  };
  /// Makes a free block. Not done: a command was refused, or there are no addresses; nothing has changed then.
  Grown grow(const Demand& demand);

  /// Up to `pages` whole free pages of a tier, from the highest address down, begin their way to the device. They
  /// count as held until the streams are done with them. Returns how many there were.
  std::uint64_t retire(std::size_t tier, std::uint64_t pages);
  /// Whatever is on its way to the device is free memory again. Returns the pages.
  std::uint64_t revive();
  /// Waits for the device's work by the only command that does, and sends away what is on its way. False: refused.
  bool synchronize();
  void completed(TokenId token);

  /// Pages on their way to the device.
  std::uint64_t retiring_pages() const { return retiring_pages_; }
  std::uint64_t pages_moved() const { return pages_moved_; }
  std::uint64_t pages_returned() const { return pages_returned_; }
  /// Throws InvariantError; returns the bytes of live objects.
  Bytes validate() const;

 private:
  /// A carved block that loses its mapping; its pages are destroyed, or live on elsewhere.
  struct Leaving {
    std::size_t tier = 0;
    NodeIndex node = no_node;
    bool destroy = false;
  };
  struct Source {
    std::size_t tier = 0;
    PageSpan pages;
  };
  struct Plan;

  void see_another(StreamId stream);
  std::vector<Source> sources_for(const Demand& demand, const TierSpace::Growth& growth) const;
  bool create(Plan& plan);
  bool map(Plan& plan);
  void undo(const Plan& plan);
  void commit(const Plan& plan);
  void start_batch();
  void send_away(std::vector<Leaving>& leaving);
  void destroy(const TierSpace& tier, const PageSpan& pages);

  Port& port_;
  BlockGraph graph_;
  std::vector<TierSpace> tiers_;
  PhysicalFence fence_;
  std::vector<StreamId> streams_;  // seen, in order
  StreamId last_stream_;

  std::vector<Leaving> next_;     // no tokens were recorded since they began to leave
  std::vector<Leaving> waiting_;  // gone when tokens [first_token_, end_token_) are complete
  std::uint32_t first_token_ = 0;
  std::uint32_t end_token_ = 0;
  std::uint32_t tokens_due_ = 0;
  std::uint64_t retiring_pages_ = 0;
  std::uint64_t pages_moved_ = 0;
  std::uint64_t pages_returned_ = 0;
};

}  // namespace vramlab
