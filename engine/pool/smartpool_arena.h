#pragma once
// The memory of plans: one block of the inner pool, in which objects are placed as a plan says.
//
// A valid plan never lets two objects meet that live as planned. Those that do not (freed late, placed by a plan that
// is followed no more, or beside every plan) are `left over`: as long as there are any, a place is looked up among them
// before it is given away. So a placement costs constant time while all goes as planned, and none overlaps whatever the
// program does. What is not as planned may also be placed in a hole: the free places are listed once that is asked for,
// and as long as something is left over.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "engine/pool/block_graph.h"
#include "engine/pool/period_plan.h"
#include "engine/pool/smartpool_holes.h"
#include "engine/pool/smartpool_inner.h"
#include "engine/pool/stream_fence.h"

namespace vramlab {

/// INVARIANT: every live object of it is left over, or the followed plan says that it lives at this position.
class PlanArena {
 public:
  PlanArena(Port& outer, InnerPool& inner) : outer_(outer), inner_(inner), fence_(inner.port()) {}

  bool held() const { return memory_.has_value(); }
  bool idle() const { return live_ == 0; }
  Bytes bytes() const { return memory_ ? memory_->bytes : Bytes(0); }
  Bytes live_bytes() const { return live_bytes_; }
  std::uint64_t left_over() const { return left_over_.size(); }

  /// False: it cannot be had without reserving more than `limit` in all. REQUIRES: not held.
  bool take(Bytes bytes, StreamId stream, Bytes limit);
  /// REQUIRES: held and idle.
  void give_back();

  /// From now on `size` requests are followed; whatever lives is left over.
  void follow(std::uint32_t size);
  /// The request at `position` comes: objects that should have ended and live are left over.
  void pass(const PeriodPlan& plan, std::uint32_t position) {
    for (const std::uint32_t ended : plan.ended(position))
      if (block_at_[ended].valid()) [[unlikely]]
        leave_over(ended);
    if (block_at_[position].valid()) [[unlikely]]
      leave_over(position);
  }
  bool vacant(std::uint64_t offset, std::uint64_t bytes) const {
    if (left_over_.empty()) [[likely]]
      return true;
    return listed_ ? holes_.contains(offset, bytes) : !touches_left_over(offset, offset + bytes);
  }
  /// REQUIRES: held; pass() and vacant() said so.
  void place(const AllocRequest& request, std::uint32_t position, std::uint64_t offset, Bytes bytes);
  /// In a hole, as high as possible, where plans need the memory for the shortest time; false: there is no hole for it.
  /// What it takes may be missing to the plan. REQUIRES: held.
  bool place_in_hole(const AllocRequest& request, Bytes bytes);
  /// REQUIRES: `block` was placed here and not released.
  void release(BlockId block);

  Address address_of(BlockId block) const { return memory_->address + Bytes(placed_[block.value].offset); }
  void prefetch(BlockId block) const {
    if (block.value < placed_.size()) __builtin_prefetch(placed_.data() + block.value);
  }
  /// `blocks`: those that live here. Throws InvariantError.
  void validate(const std::vector<BlockId>& blocks) const;

 private:
  static constexpr std::uint32_t is_left_over = ~std::uint32_t{0};
  struct Placed {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    std::uint32_t position = 0;  // in the plan that is followed, or is_left_over
    StreamId stream;
  };

  void leave_over(std::uint32_t position);
  void put(const AllocRequest& request, std::uint32_t position, std::uint64_t offset, Bytes bytes);
  void list_holes();
  void unlist();
  void forget_left_over(std::uint64_t offset);
  bool touches_left_over(std::uint64_t begin, std::uint64_t end) const;

  Port& outer_;
  InnerPool& inner_;
  StreamFence fence_;  // addresses are logical
  std::optional<InnerPool::Memory> memory_;
  StreamId stream_;                                   // that the inner pool gave the memory to
  std::vector<BlockId> block_at_;                     // by position
  std::vector<Placed> placed_;                        // by block
  std::map<std::uint64_t, std::uint64_t> left_over_;  // begin -> end
  HoleMap holes_;                                     // only while listed_
  bool listed_ = false;
  std::uint64_t live_ = 0;
  Bytes live_bytes_{};
};

inline void PlanArena::put(const AllocRequest& request, std::uint32_t position, std::uint64_t offset, Bytes bytes) {
  fence_.use(memory_->address.value + offset, bytes.value, request.stream);
  if (request.block.value >= placed_.size()) placed_.resize(2 * std::size_t{request.block.value} + 1);
  placed_[request.block.value] = {offset, bytes.value, position, request.stream};
  if (listed_) [[unlikely]]
    holes_.take(offset, bytes.value);
  ++live_;
  live_bytes_ += bytes;
  outer_.place(request.block, memory_->space, memory_->offset + Bytes(offset), bytes, request.stream);
}

inline void PlanArena::place(const AllocRequest& request, std::uint32_t position, std::uint64_t offset, Bytes bytes) {
  put(request, position, offset, bytes);
  block_at_[position] = request.block;
}

inline void PlanArena::release(BlockId block) {
  const Placed& placed = placed_[block.value];
  outer_.release(block);
  fence_.leave(memory_->address.value + placed.offset, placed.bytes, placed.stream);
  if (listed_) [[unlikely]]
    holes_.give(placed.offset, placed.bytes);
  if (placed.position == is_left_over) [[unlikely]] {
    forget_left_over(placed.offset);
  } else {
    block_at_[placed.position] = BlockId::none();
  }
  --live_;
  live_bytes_ -= Bytes(placed.bytes);
}

}  // namespace vramlab
