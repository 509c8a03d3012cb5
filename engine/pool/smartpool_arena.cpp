#include "engine/pool/smartpool_arena.h"

#include <algorithm>
#include <iterator>

#include "engine/core/check.h"

namespace vramlab {

// To the fence all of it was in use by the stream it is given to: the inner pool made that one wait for all others.
bool PlanArena::take(Bytes bytes, StreamId stream, Bytes limit) {
  memory_ = inner_.hold(bytes, stream, limit);
  if (!memory_) return false;
  stream_ = stream;
  fence_.use(memory_->address.value, memory_->bytes.value, stream);  // a fence must have seen who leaves
  fence_.leave(memory_->address.value, memory_->bytes.value, stream);
  return true;
}

void PlanArena::give_back() {
  VRAMLAB_CHECK(held() && idle(), "the memory of plans goes back while objects live in it");
  fence_.use(memory_->address.value, memory_->bytes.value, stream_);
  inner_.let_go();
  memory_.reset();
}

void PlanArena::follow(std::uint32_t size) {
  if (!idle())
    for (std::uint32_t position = 0; position < block_at_.size(); ++position)
      if (block_at_[position].valid()) leave_over(position);
  block_at_.assign(size, BlockId::none());
}

void PlanArena::leave_over(std::uint32_t position) {
  Placed& placed = placed_[block_at_[position].value];
  block_at_[position] = BlockId::none();
  placed.position = is_left_over;
  left_over_.emplace(placed.offset, placed.offset + placed.bytes);
}

void PlanArena::forget_left_over(std::uint64_t offset) {
  left_over_.erase(offset);
  if (left_over_.empty()) unlist();
}

void PlanArena::unlist() {
  listed_ = false;
  holes_.clear();
}

bool PlanArena::place_in_hole(const AllocRequest& request, Bytes bytes) {
  if (!listed_) list_holes();
  const std::optional<std::uint64_t> offset = holes_.fit_high(bytes.value);
  if (!offset) {
    if (left_over_.empty()) unlist();
    return false;
  }
  put(request, is_left_over, *offset, bytes);
  left_over_.emplace(*offset, *offset + bytes.value);
  return true;
}

void PlanArena::list_holes() {
  holes_.clear();
  holes_.give(0, memory_->bytes.value);
  for (const auto& [begin, end] : left_over_) holes_.take(begin, end - begin);
  for (const BlockId block : block_at_)
    if (block.valid()) holes_.take(placed_[block.value].offset, placed_[block.value].bytes);
  listed_ = true;
}

bool PlanArena::touches_left_over(std::uint64_t begin, std::uint64_t end) const {
  const auto above = left_over_.lower_bound(end);
  return above != left_over_.begin() && std::prev(above)->second > begin;
}

void PlanArena::validate(const std::vector<BlockId>& blocks) const {
  VRAMLAB_CHECK(blocks.size() == live_, "live objects of the plans are counted wrongly");
  VRAMLAB_CHECK(held() || idle(), "objects live in memory that is not held");
  std::vector<Placed> all;
  Bytes bytes{};
  std::uint64_t left_over = 0;
  for (const BlockId block : blocks) {
    const Placed& placed = placed_[block.value];
    all.push_back(placed);
    bytes += Bytes(placed.bytes);
    left_over += placed.position == is_left_over;
    VRAMLAB_CHECK(placed.position == is_left_over || block_at_[placed.position] == block,
                  "a position forgot its block");
    VRAMLAB_CHECK(placed.offset + placed.bytes <= memory_->bytes.value, "an object ends beyond the plans' memory");
  }
  VRAMLAB_CHECK(bytes == live_bytes_, "live bytes of the plans are counted wrongly");
  VRAMLAB_CHECK(!listed_ || left_over > 0, "holes are listed although nothing is left over");
  VRAMLAB_CHECK(left_over == left_over_.size(), "objects left over are counted wrongly");
  std::sort(all.begin(), all.end(), [](const Placed& a, const Placed& b) { return a.offset < b.offset; });
  for (const Placed& placed : all)
    VRAMLAB_CHECK(!listed_ || !holes_.contains(placed.offset, 1), "a live object lies in a hole");
  for (std::size_t i = 1; i < all.size(); ++i)
    VRAMLAB_CHECK(all[i - 1].offset + all[i - 1].bytes <= all[i].offset, "two objects of the plans overlap");
}

}  // namespace vramlab
