#include "engine/pool/stream_cache.h"

#include <algorithm>
#include <bit>

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
  all_requested += other.all_requested;
  return *this;
}

CacheLimits CacheLimits::scaled(double factor) const {
  return {static_cast<std::uint32_t>(static_cast<double>(blocks) * factor),
          Bytes(static_cast<std::uint64_t>(static_cast<double>(bytes.value) * factor))};
}

StreamCache::StreamCache(StreamId stream_of, std::uint32_t bins, const CacheLimits& most)
    : stream(stream_of), limits(most), heads_(bins, none), filled_(bins / 64 + 1), batch_(bins, 1) {}

// The first bin from `from` on, around the end, that has blocks. REQUIRES: there is one.
std::uint32_t StreamCache::next_filled(std::uint32_t from) const {
  std::size_t word = from / 64;
  std::uint64_t bits = filled_[word] & ~std::uint64_t{0} << from % 64;
  while (bits == 0) {
    word = word + 1 < filled_.size() ? word + 1 : 0;
    bits = filled_[word];
  }
  return static_cast<std::uint32_t>(word * 64 + static_cast<unsigned>(std::countr_zero(bits)));
}

std::uint32_t StreamCache::last_filled() const {
  std::size_t word = filled_.size() - 1;
  while (filled_[word] == 0) --word;
  return static_cast<std::uint32_t>(word * 64 + 63 - static_cast<unsigned>(std::countl_zero(filled_[word])));
}

// Moves a block of `bin` to the front of `list`.
std::uint32_t StreamCache::take(BlockRecords& records, std::uint32_t bin, std::uint32_t list) {
  const std::uint32_t slot = pop(records, bin);
  batch_[bin] = 1;
  records[slot].next = list;
  return slot;
}

std::uint32_t StreamCache::drain(BlockRecords& records, const CacheLimits& keep) {
  std::uint32_t list = none;
  while (bytes > keep.bytes) list = take(records, last_filled(), list);
  while (blocks > keep.blocks) {
    hand_ = next_filled(hand_);
    list = take(records, hand_, list);
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
  for (std::uint32_t bin = 0; bin < heads_.size(); ++bin) {
    const bool filled = (filled_[bin / 64] >> bin % 64 & 1) != 0;
    VRAMLAB_CHECK(filled == (heads_[bin] != none), "the bit of a list is wrong");
    for (std::uint32_t slot = heads_[bin]; slot != none; slot = records[slot].next) {
      const BlockRecord& block = records[slot];
      VRAMLAB_CHECK(block.state() == BlockState::cached, "a block in a cache is not free");
      VRAMLAB_CHECK(block.bin_or_stream == bin, "a block is in the list of another size");
      VRAMLAB_CHECK(block.owner == stream.value, "a block is in another stream's cache");
      ++listed;
      held += block.bytes;
    }
  }
  VRAMLAB_CHECK(listed == blocks, "cached blocks are counted wrongly");
  VRAMLAB_CHECK(held == bytes, "cached bytes are counted wrongly");
}

}  // namespace vramlab
