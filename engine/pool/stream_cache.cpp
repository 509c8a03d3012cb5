#include "engine/pool/stream_cache.h"

#include <algorithm>

#include "engine/core/check.h"

namespace vramlab {
namespace {

constexpr std::uint32_t largest_batch = 8;  // blocks
constexpr Bytes largest_batch_bytes = 128_KiB;

}  // namespace

StreamLoad& StreamLoad::operator+=(const StreamLoad& other) {
  allocations += other.allocations;
  frees += other.frees;
  hits += other.hits;
  live += other.live;
  requested += other.requested;
  peak += other.peak;
  return *this;
}

CacheLimits CacheLimits::scaled(double factor) const {
  return {static_cast<std::uint32_t>(static_cast<double>(blocks) * factor),
          Bytes(static_cast<std::uint64_t>(static_cast<double>(bytes.value) * factor))};
}

StreamCache::StreamCache(StreamId stream_of, std::uint32_t bins, const CacheLimits& most)
    : stream(stream_of), limits(most), heads_(bins, none), batch_(bins, 1) {}

std::uint32_t StreamCache::drain(BlockRecords& records, const CacheLimits& keep) {
  std::uint32_t list = none;
  const auto bins = static_cast<std::uint32_t>(heads_.size());
  while (blocks > keep.blocks || bytes > keep.bytes) {
    const std::uint32_t slot = pop(records, hand_);
    if (slot == none) {
      hand_ = hand_ + 1 < bins ? hand_ + 1 : 0;
      continue;
    }
    batch_[hand_] = 1;
    records[slot].next = list;
    list = slot;
  }
  return list;
}

std::uint32_t StreamCache::next_batch(const SizeClass& size) {
  const std::uint32_t batch = batch_[size.bin];
  const auto affordable = static_cast<std::uint32_t>(largest_batch_bytes.value / size.bytes.value);
  batch_[size.bin] = static_cast<std::uint8_t>(std::min(batch * 2, largest_batch));
  return std::clamp(affordable, 1u, batch);
}

void StreamCache::validate(const BlockRecords& records) const {
  std::uint32_t listed = 0;
  Bytes held{};
  for (std::uint32_t bin = 0; bin < heads_.size(); ++bin)
    for (std::uint32_t slot = heads_[bin]; slot != none; slot = records[slot].next) {
      const BlockRecord& block = records[slot];
      VRAMLAB_CHECK(block.state() == BlockState::cached, "a block in a cache is not free");
      VRAMLAB_CHECK(block.bin_or_stream == bin, "a block is in the list of another size");
      VRAMLAB_CHECK(block.owner == stream.value, "a block is in another stream's cache");
      ++listed;
      held += block.bytes;
    }
  VRAMLAB_CHECK(listed == blocks, "cached blocks are counted wrongly");
  VRAMLAB_CHECK(held == bytes, "cached bytes are counted wrongly");
}

}  // namespace vramlab
