#pragma once
// The coder of `dense`, decoding: a state a lane. The block's coder words wait in a ring of shared memory ahead of
// need, so that a row of 32 symbols costs no load from far.

#include "engine/cuda/padic_lanes.cuh"
#include "engine/padic/checksum.h"

namespace vramlab::padic::gpu {

inline constexpr u32 rows_of_quad = 4;  // looked after together: four symbols fill a u32
inline constexpr u32 quad_words = rows_of_quad * warp_lanes;
inline constexpr u32 chunk_bytes = quad_words * sizeof(u16);  // what a quad may take: 8 bytes a lane
inline constexpr u32 ring_bytes = 2 * chunk_bytes;

/// An entry of a table of slots: frequency - 1 | symbol << 12 | slot - first slot << 20.
VRAMLAB_LANE u32 slot_entry(u32 symbol, u32 frequency, u32 offset) {
  return (frequency - 1) | symbol << 12 | offset << 20;
}

/// A warp's ring of coder words in shared memory. Places are in bytes, taken modulo its size. Loads and stores of it
/// keep their order, and loads are never skipped: a predicate would cost more.
class Ring {
 public:
#ifdef __CUDA_ARCH__
  VRAMLAB_LANE explicit Ring(u8* at) : begin_(static_cast<u32>(__cvta_generic_to_shared(at))) {}
  VRAMLAB_LANE u32 word(u32 place) const {
    u32 value;
    asm volatile("ld.shared.u16 %0, [%1];" : "=r"(value) : "r"(place % ring_bytes | begin_));
    return value;
  }
  VRAMLAB_LANE void put(u32 place, u64 words) const {
    asm volatile("st.shared.u64 [%0], %1;" ::"r"((place % ring_bytes | begin_) + 8 * lane_index()), "l"(words));
  }

 private:
  u32 begin_;
#else
  VRAMLAB_LANE explicit Ring(u8* at) : begin_(at) {}
  VRAMLAB_LANE u32 word(u32 place) const { return *reinterpret_cast<const u16*>(begin_ + place % ring_bytes); }
  VRAMLAB_LANE void put(u32 place, u64 words) const {
    *reinterpret_cast<u64*>(begin_ + place % ring_bytes + 8 * lane_index()) = words;
  }

 private:
  u8* begin_;
#endif
};

/// value % probability_scale, which the compiler is not to merge with what follows: it would take an instruction more.
VRAMLAB_LANE u32 slot_of(u32 state) {
#ifdef __CUDA_ARCH__
  u32 slot;
  asm("and.b32 %0, %1, 4095;" : "=r"(slot) : "r"(state));
  return slot;
#else
  return state % probability_scale;
#endif
}

class Coder {
 public:
  u32 state;

  /// `ring`: the warp's; `from`: words of the stream, aligned to 8 bytes, of which `count` hold coder words; of an odd
  /// count one more may be read. `first`: the place of the first in the block.
  VRAMLAB_LANE Coder(u8* ring, const u32* from, u32 count, u32 first, u32 first_state)
      : state(first_state),
        ring_(ring),
        from_(reinterpret_cast<const u64*>(from)),
        count_(count),
        first_(first),
        below_(lanes_below()) {
    sync_warp();  // nobody reads what a block before left
    for (u32 chunk = 0; chunk < 2; ++chunk) {
      ahead_ = load(filled_);
      put_ahead();
    }
    ahead_ = load(filled_);
    sync_warp();
  }

  /// Before each quad: afterwards the ring holds all that it may take.
  VRAMLAB_LANE void prepare() {
    if (filled_ - taken_ >= chunk_bytes) return;
    sync_warp();
    put_ahead();
    ahead_ = load(filled_);
    sync_warp();
  }
  /// The slot's entry of the next symbol, of the lanes that take one.
  VRAMLAB_LANE u32 decode(const u32* slots, bool takes) {
    const u32 entry = slots[slot_of(state)], quotient = state >> probability_bits;
    const u32 next = (entry & 0xFFFU) * quotient + (quotient + (entry >> 20));
    state = takes ? next : state;
    refill();
    return entry;
  }
  VRAMLAB_LANE static u32 symbol_of(u32 entry) { return entry >> 12 & 255U; }
  /// width % 32 raw bits; 0: none.
  VRAMLAB_LANE u32 decode_bits(u32 width) {
    const u32 digit = state & ~wrapped_left(0xFFFFFFFFU, width);
    state = wrapped_right(state, width);
    refill();
    return digit;
  }
  /// The same of one width for all lanes that take any; `digits` has its bits set. What others get means nothing.
  VRAMLAB_LANE u32 decode_bits(u32 width, u32 digits, bool takes) {
    const u32 digit = state & digits;
    if (takes) state >>= width;
    refill();
    return digit;
  }
  /// Coder words.
  VRAMLAB_LANE u32 taken() const { return taken_ / 2; }
  /// The lane's shares of the checksum of all words that hold coder words, once these are taken.
  VRAMLAB_LANE u32 sum() const { return sum_ + share_ahead(); }

 private:
  VRAMLAB_LANE u64 load(u32 place) const {
    const u32 word = place / 8 + lane_index();
    return 2 * word < count_ ? from_[word] : 0U;
  }
  VRAMLAB_LANE void put_ahead() {
    sum_ += share_ahead();
    ring_.put(filled_, ahead_);
    filled_ += chunk_bytes;
  }
  /// Of the words that wait to be put into the ring.
  VRAMLAB_LANE u32 share_ahead() const {
    const u32 word = filled_ / 4 + 2 * lane_index();
    u32 share = 0;
    if (word < count_) share = checksum_share(static_cast<u32>(ahead_), first_ + word);
    if (word + 1 < count_) share += checksum_share(static_cast<u32>(ahead_ >> 32), first_ + word + 1);
    return share;
  }
  /// Lanes that are too low get a word each, in ascending order.
  VRAMLAB_LANE void refill() {
    const bool need = state < lowest_state;
    const u32 mask = ballot(need);
    const u32 word = ring_.word(taken_ + 2 * popcount(mask & below_));
    state = need ? bytes_of(word, state, 0x5410) : state;
    taken_ += 2 * popcount(mask);
  }

  Ring ring_;
  const u64* from_;
  u32 count_, first_, below_;
  u32 taken_ = 0, filled_ = 0;  ///< bytes
  u32 sum_ = 0;
  u64 ahead_;
};

}  // namespace vramlab::padic::gpu
