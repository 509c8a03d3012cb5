#pragma once
// The coder's side of packing to `dense`: tables in shared memory, and words that go backwards into a slot.

#include "engine/cuda/padic_dense_survey.cuh"

namespace vramlab::padic::gpu {

inline constexpr u32 no_code = counted_codes, no_digit = 256;  ///< their steps change nothing
inline constexpr u32 step_escape = CoderStep::free_bit;        ///< in a head's step: see CoderStep::packed

/// Shared memory of a block of threads.
template <class W>
struct DensePackShared {
  CoderStep heads[counted_codes + 1];
  CoderStep planes[tail_planes][no_digit + 1];
  u32 places[counted_codes];
  union {
    u32 tiles[dense_warps][tile_words];  ///< of words with planar planes
    SharedLevels<W> levels;              ///< they have none
  };
};

/// All threads: the tables of the survey.
template <class W>
VRAMLAB_LANE void load_tables(const DenseTask& task, DensePackShared<W>& shared) {
  const DenseSurvey& survey = *task.survey;
  shared.levels.load(task.rule);
  for (u32 i = thread_index(); i <= counted_codes; i += dense_threads) {
    if (i == no_code) {
      shared.heads[i] = {};
      continue;
    }
    const u32 places = survey.places[i];
    CoderStep step = survey.heads[i];
    if (places == DigitPlaces::escape) step.packed |= step_escape;
    shared.heads[i] = step;
    shared.places[i] = places;
  }
  for (u32 k = 0; k < tail_planes; ++k)
    for (u32 i = thread_index(); i <= no_digit; i += dense_threads)
      shared.planes[k][i] = i == no_digit ? CoderStep{} : survey.planes[k][i];
  sync_block();
}

/// Bytes of a warp's slot: its part of all, at least what a block is likely to take, at most what it may.
template <class W>
VRAMLAB_LANE u64 slot_of_warp(const DenseTask& task) {
  const DenseSurvey& survey = *task.survey;
  const u64 full = 2 * slot_slack + (static_cast<u64>(W::bytes) << survey.block_log2);
  const u64 part = task.slot_bytes / smaller(grid_blocks() * dense_warps, larger(survey.blocks, 1)) / 16 * 16;
  const u64 likely = part < survey.coder_bytes ? survey.coder_bytes : part;
  const u64 slot = likely < full ? likely : full;
  return slot < task.slot_bytes ? slot : task.slot_bytes / 16 * 16;
}

/// The slot of a warp: of the workspace as many as it holds, then of the end of the stream's room, which no stream of
/// this tensor reaches; null where there is none left.
VRAMLAB_LANE u8* slot_at(const DenseTask& task, u64 slot, u32 own) {
  const u64 first = task.slot_bytes / slot;
  if (own < first) return task.slots + own * slot;
  const u64 taken = (own - first + 1) * slot, end = task.room_bytes / 16 * 16;
  return taken + task.survey->most_bytes <= end ? static_cast<u8*>(task.to) + (end - taken) : nullptr;
}

/// Rows that are coded between two looks at the room that is left.
inline constexpr u32 batch_rows = 8;

/// Writes coder words from the end of a slot towards its begin. Where there is no more room it begins anew at the end:
/// the words' number is known then, and they can be written where they belong.
struct CoderWriter {
  u16* slot;
  u32 end;                 ///< words of the slot
  u32 most;                ///< that the block may have
  u32 least = slot_slack;  ///< where the room is at its end
  u32 at = end;            ///< the word written last
  u32 gone = 0;            ///< words that have been written over
  bool whole = true;       ///< none has
  u32 below = lanes_below();
  u32 state = lowest_state;

  /// Lanes that are too full for the next symbol put a word out, the lowest lane's first in memory.
  VRAMLAB_LANE void flush(bool full) {
    const u32 mask = ballot(full);
    at -= popcount(mask);
    u16* const to = slot + (at + popcount(mask & below));
    if (full) *to = static_cast<u16>(state);
    state = full ? state >> 16 : state;
  }
  /// `there`: lanes without a symbol stay as they are.
  VRAMLAB_LANE void put(const CoderStep& step, bool there = true) {
    flush(there && state > step.highest());
    const u32 quotient = wrapped_right(product_high(state, step.reciprocal), step.packed >> CoderStep::shift_at);
    if (there) state += step.bias() + quotient * step.rest();
  }
  /// So many raw bits; 0: none.
  VRAMLAB_LANE void put_bits(u32 width, u32 digit) {
    flush(state >= top_bit >> width);
    state = state << width | digit;
  }
  /// Raw bits of one width: `scale` is 2^width, `too_full` the lowest state that has no room for them.
  VRAMLAB_LANE void put_digit(u32 scale, u32 too_full, u32 digit, bool there) {
    flush(there && state >= too_full);
    if (there) state = state * scale + digit;
  }
  VRAMLAB_LANE u32 words() const { return gone + end - at; }
  /// Whether the words are more than they may be. To be asked every batch_rows rows.
  VRAMLAB_LANE bool overflowed() {
    if (at >= least) return false;
    if (words() > most) return true;
    gone = words();
    at = end;
    whole = false;
    return false;
  }
  /// As it was before some words.
  VRAMLAB_LANE void take_back(const CoderWriter& before) {
    const bool still = whole;
    *this = before;
    whole = still;
  }
};

/// 16-bit words of the slot as pairs into the stream.
VRAMLAB_LANE void put_coder_words(BlockWriter& out, u32 to, const CoderWriter& writer, u32 count) {
  constexpr u32 flight = 4;
  const auto* pairs = reinterpret_cast<const u32*>(writer.slot) + writer.at / 2;
  const u32 odd = writer.at % 2, total = (count + 1) / 2, last = (odd + count - 1) / 2;
  for (u32 k = lane_index(); k < total; k += flight * warp_lanes) {
    u32 low[flight], high[flight];
    VRAMLAB_UNROLL
    for (u32 i = 0; i < flight; ++i) {
      const u32 pair = k + i * warp_lanes;
      low[i] = pair <= last ? pairs[pair] : 0U;
      high[i] = odd != 0 && pair < last ? pairs[pair + 1] : 0U;
    }
    VRAMLAB_UNROLL
    for (u32 i = 0; i < flight; ++i) {
      const u32 pair = k + i * warp_lanes;
      if (pair >= total) break;
      const u32 both = odd != 0 ? low[i] >> 16 | high[i] << 16 : low[i];
      out.put(to + pair, 2 * pair + 1 < count ? both : both & 0xFFFFU);
    }
  }
}

}  // namespace vramlab::padic::gpu
