#pragma once
// A coded block of a `dense` stream to values, by a warp, a lane of the coder a lane. The coder gives the heads of all
// words, then the digits of one plane after the other; what it gives before the last of these waits in the values'
// place. Values come out in one go with the last, and with the planar planes, that need no coder. So a block without
// planes of the coder is read and written once.

#include "engine/cuda/padic_dense_coder.cuh"
#include "engine/cuda/padic_dense_tables.cuh"
#include "engine/cuda/padic_planes.cuh"

namespace vramlab::padic::gpu {

inline constexpr u32 coder_begin = sizeof(BlockHeader) / 4 + lanes;  // in a block, in words of 4 bytes

/// A group of tails: rows as far apart that vectors of them meet no bank twice, neither along a row nor across.
inline constexpr u32 tail_pitch = 36;
struct alignas(16) TailTile {
  u32 tails[group_rows * tail_pitch];
};

/// Shared memory of a block of threads.
struct DenseUnpackShared {
  alignas(ring_bytes) u8 rings[unpacking_warps][ring_bytes];
  DenseTables tables;
  union {
    TailTile tiles[unpacking_warps];
    u16 magnitudes[1U << 15];  ///< of levels, whose words have no planar planes
  };
};
static_assert(sizeof(TailTile) >= sizeof(TableScratch));
static_assert(waiting_bytes == quad_words * sizeof(u32));

/// A block under way.
struct DenseBlock {
  const u32* words;  ///< of the stream
  u32 length;        ///< how many, an even number
  u8* to;            ///< values
  u32 n;             ///< of them
  u32 kinds;         ///< of the tail planes, two bits each
  u32 planes_at;     ///< the first planar plane
  u32 escapes_at;    ///< their number
  u32 escaped;       ///< so far
  u32 sum;           ///< the lane's shares of the checksum of planar planes
  u32 damage;

  VRAMLAB_LANE PlaneKind kind(u32 plane) const { return static_cast<PlaneKind>(kinds >> 2 * plane & 3U); }
};

/// What the coder gives.
enum class Given : u8 { heads, bits, digits };

/// What waits of a quad, of a lane: four symbols, four digits of plane 0, four of plane 1 or, where these may have more
/// than 8 bits, twice two.
struct Waiting {
  u32 symbols = 0, bytes = 0, low = 0, high = 0;
};

/// Whether the words are numbers of levels.
template <class W>
inline constexpr bool of_levels = false;
template <u32 bytes>
inline constexpr bool of_levels<Words<bytes, Way::levels>> = true;

/// `careful`: words may be missing in the end, or escape.
template <class W, bool careful>
class DenseBlockDecoder {
 public:
  VRAMLAB_LANE DenseBlockDecoder(const DenseTask& task, DenseUnpackShared& shared, DenseBlock& block, Coder& coder)
      : task_(task),
        shared_(shared),
        tables_(shared.tables),
        tile_(shared.tiles[warp_index()].tails),
        block_(block),
        coder_(coder) {}

  VRAMLAB_LANE void decode() {
    u32 left = 0;  // planes of the coder
    for (u32 k = 0; k < planes_with_digits; ++k) left += sequential(k) ? 1U : 0U;
    look_for_planar();
    if (left == 0)
      pass<Given::heads, true>(0);
    else
      pass<Given::heads, false>(0);
    for (u32 k = 0; k < planes_with_digits; ++k) {
      if (!sequential(k)) continue;
      const bool coded = block_.kind(k) == PlaneKind::coded;
      if (--left == 0 && coded)
        pass<Given::digits, true>(k);
      else if (left == 0)
        pass<Given::bits, true>(k);
      else if (coded)
        pass<Given::digits, false>(k);
      else
        pass<Given::bits, false>(k);
      waiting_ |= 1U << k;
    }
  }

 private:
  /// Of smaller values the tails are so short that the other planes have no digits, whatever a block says of them.
  static constexpr u32 planes_with_digits = W::bytes == 4 ? 3 : W::bytes == 2 ? 2 : 1;
  static constexpr u32 most_planar_bits = W::form == Form::signed_parts ? W::bytes == 4   ? 23
                                                                          : W::bytes == 2 ? 10
                                                                                          : 0
                                                                        : 0;
  static constexpr bool tail_known = W::bytes == 4 && !W::can_escape;  ///< then it has as many bits
  static constexpr bool in_bytes = W::form == Form::signed_parts;      ///< the fixed split's digits
  /// Words of every class but 0 have their digits at one place. Of 4 bytes there are too few registers to make use of
  /// it.
  static constexpr bool alike = in_bytes && !careful && W::bytes == 2;
  static constexpr u32 quad_bytes = quad_words * W::bytes, quads_of_group = group_rows / rows_of_quad;

  VRAMLAB_LANE bool sequential(u32 plane) const {
    return block_.kind(plane) == PlaneKind::bypass || block_.kind(plane) == PlaneKind::coded;
  }
  /// Where a quad waits: in its values' place, or in the workspace where some of them are missing, which is so in one
  /// block of a stream. The lane's u32 with symbols, 32 further the one of plane 0, and so on.
  VRAMLAB_LANE u32* place_of(u32 quad) const {
    const bool there = !careful || (quad + 1) * quad_words <= block_.n;
    return reinterpret_cast<u32*>(there ? block_.to + quad * quad_bytes : task_.slots) + lane_index();
  }
  VRAMLAB_LANE Waiting load(u32 quad) const {
    const u32* from = place_of(quad);
    Waiting loaded;
    loaded.symbols = from[0];
    if constexpr (planes_with_digits > 1)
      if ((waiting_ & 1U) != 0) loaded.bytes = from[32];
    if constexpr (planes_with_digits > 2) {
      if ((waiting_ & 2U) == 0) return loaded;
      loaded.low = from[64];
      if (!in_bytes) loaded.high = from[96];
    }
    return loaded;
  }
  /// Symbols, or digits of a plane.
  VRAMLAB_LANE void keep(u32 quad, u32 plane, bool heads, const u32 (&given)[rows_of_quad]) const {
    u32* to = place_of(quad);
    const u32 four = given[0] | given[1] << 8 | given[2] << 16 | given[3] << 24;
    if (heads) to[0] = four;
    if constexpr (planes_with_digits > 1)
      if (!heads && plane == 0) to[32] = four;
    if constexpr (planes_with_digits > 2) {
      if (heads || plane == 0) return;
      to[64] = in_bytes ? four : given[0] | given[1] << 16;
      if (!in_bytes) to[96] = given[2] | given[3] << 16;
    }
  }

  /// Digits that came before, each in its place of the tail.
  VRAMLAB_LANE u32 waiting_tail(const Waiting& waiting, u32 i, u32 places) const {
    u32 tail = 0;
    if constexpr (planes_with_digits > 1)
      if ((waiting_ & 1U) != 0) tail = wrapped_left(waiting.bytes >> 8 * i & 255U, places);
    if constexpr (planes_with_digits > 2)
      if ((waiting_ & 2U) != 0) {
        const u32 digit =
            in_bytes ? waiting.low >> 8 * i & 255U : (i < 2 ? waiting.low : waiting.high) >> 16 * (i % 2) & 0xFFFFU;
        tail |= wrapped_left(digit, places >> 10);
      }
    return tail;
  }

  /// Where the digits of a plane lie that are alike: as HeadMeaning::places has it, from bit 0 on.
  VRAMLAB_LANE u32 places_of(u32 plane) const {
    const Splitter& splitter = tables_.splitter;
    return splitter.bits_below(splitter.tail, plane) | splitter.digit_bits(splitter.tail, plane) << 5;
  }
  /// A row's digits, or values. `i`: of the quad; `places`: of the plane's digits.
  template <Given given, bool last>
  VRAMLAB_LANE u32 alike_row(u32 places, u32 zeros, u32 plane, const Waiting& waiting, u32 i, const u32* tails) {
    const u32 symbol = bytes_of(waiting.symbols, 0, 0x4440U + i), width = places >> 5;
    const bool takes = symbol >= zeros && (given == Given::bits || width != 0);
    u32 digit = 0;
    if constexpr (given == Given::bits)
      digit = coder_.decode_bits(width, (1U << width) - 1U, takes);
    else
      digit = Coder::symbol_of(coder_.decode(tables_.slots[1 + plane], takes)) & ((1U << width) - 1U);
    if (!takes) digit = 0;
    if constexpr (!last) return digit;
    u32 tail = wrapped_left(digit, places);
    if ((waiting_ & 1U) != 0)  // of two planes the first; where a forged stream has no bits in the second, the only one
      tail |= bytes_of(waiting.bytes, 0, 0x4440U + i) << (tables_.splitter.tail > 8 ? 8U : 0U);
    if (planar_) tail |= tails[i * tail_pitch];
    return tables_.meanings[symbol].base ^ shifted(tail);
  }

  /// The coder's way over all words of the block. `last`: values come out.
  template <Given given, bool last>
  VRAMLAB_LANE void pass(u32 plane) {
    const u32 quads = (block_.n + quad_words - 1) / quad_words;
    const u32 common = alike && given != Given::heads ? places_of(plane) : 0U, zeros = tables_.zeros;
    Waiting next;
    if (given != Given::heads) next = load(0);
    for (u32 quad = 0; quad < quads; ++quad) {
      const Waiting waiting = next;
      if (given != Given::heads && quad + 1 < quads) next = load(quad + 1);
      if (last && planar_ && quad % quads_of_group == 0) fill_tile<given == Given::heads>(quad / quads_of_group);
      const u32* tails = tile_ + quad % quads_of_group * rows_of_quad * tail_pitch + lane_index();
      coder_.prepare();
      u32 out[rows_of_quad];
      VRAMLAB_UNROLL
      for (u32 i = 0; i < rows_of_quad; ++i) {
        const bool in = !careful || quad * quad_words + i * warp_lanes + lane_index() < block_.n;
        const u32 before = waiting.symbols >> 8 * i & 255U;
        if constexpr (given == Given::heads) {
          const u32 symbol = Coder::symbol_of(coder_.decode(tables_.slots[0], in));
          out[i] = last ? finished(tables_.meanings[symbol], in, most_planar_bits != 0 ? tails[i * tail_pitch] : 0U)
                        : symbol;
        } else if constexpr (alike) {
          out[i] = alike_row<given, last>(common, zeros, plane, waiting, i, tails);
        } else {
          const HeadMeaning meaning = tables_.meanings[before];
          const u32 places = meaning.places >> 10 * plane, digit = digit_of_plane<given>(plane, in, places >> 5);
          u32 tail = wrapped_left(digit, places) | waiting_tail(waiting, i, meaning.places);
          if (most_planar_bits != 0 && planar_) tail |= tails[i * tail_pitch];
          out[i] = last ? finished(meaning, in, tail) : digit;
        }
      }
      if (last)
        store(quad, out);
      else
        keep(quad, plane, given == Given::heads, out);
    }
  }

  template <Given given>
  VRAMLAB_LANE u32 digit_of_plane(u32 plane, bool in, u32 width) {
    if constexpr (given == Given::bits) return coder_.decode_bits(in ? width : 0U);
    const bool takes = in && width % 32 != 0;
    const u32 digit = Coder::symbol_of(coder_.decode(tables_.slots[1 + plane], takes));
    return takes ? digit & ~wrapped_left(0xFFFFFFFFU, width) : 0U;
  }

  /// A value's bits.
  VRAMLAB_LANE u32 finished(const HeadMeaning& meaning, bool in, u32 tail) {
    bool valid = true;
    u32 raw = 0;
    if constexpr (in_bytes)
      raw = meaning.base ^ shifted(tail);
    else
      raw = value_of(meaning.word<W::form>(tail), valid);
    if (careful && tables_.escape != most_symbols) {
      const bool escape = in && (meaning.places & HeadMeaning::escape) != 0;
      const u32 mask = ballot(escape), at = block_.escapes_at + 1 + block_.escaped + popcount(mask & lanes_below());
      if (escape) {
        valid = at < block_.length;
        raw = valid ? block_.words[at] : 0U;
      }
      block_.escaped += popcount(mask);
    }
    if (in && !valid) block_.damage |= bad_block;
    return raw;
  }
  /// Of words with sign and magnitude: where a value has what is the tail of its word.
  VRAMLAB_LANE u32 shifted(u32 tail) const { return W::can_escape ? tail << task_.rule.drop : tail; }
  VRAMLAB_LANE u32 value_of(u32 word, bool& valid) const {
    if constexpr (of_levels<W>) {
      LevelRule levels = task_.rule.levels;
      const Word parts = W::parts_of(word, false);
      valid = parts.magnitude < levels.levels;
      levels.magnitude_of = shared_.magnitudes;
      return levels.raw_of(valid ? parts.magnitude : 0U, parts.sign);
    } else {
      return W::to_value(word, task_.rule, valid);
    }
  }
  VRAMLAB_LANE void store(u32 quad, const u32 (&raw)[rows_of_quad]) const {
    u8* to = block_.to + quad * quad_bytes;
    if constexpr (W::bytes < 4) sync_warp();  // where other lanes' symbols waited
    VRAMLAB_UNROLL
    for (u32 i = 0; i < rows_of_quad; ++i) {
      const u32 index = i * warp_lanes + lane_index();
      if (!careful || quad * quad_words + index < block_.n) store_value<W::bytes>(to, index, raw[i]);
    }
  }

  /// Whether planes are planar, and all of them. Where none is, the tile's tails are zeros.
  VRAMLAB_LANE void look_for_planar() {
    if constexpr (most_planar_bits == 0) return;
    const u32 planes = (tables_.splitter.tail + 7) / 8;
    joined_ = planes != 0;
    for (u32 k = 0; k < planes; ++k) {
      const bool planar = block_.kind(k) == PlaneKind::planar;
      planar_ = planar_ || planar;
      joined_ = joined_ && planar;
    }
    joined_ = joined_ && block_.n == 1U << dense_block_log2;
    if (planar_) return;
    sync_warp();
    for (u32 k = lane_index(); k < group_rows * tail_pitch; k += warp_lanes) tile_[k] = 0;
    sync_warp();
  }

  /// The digits of a group that lie in planar planes, each where its tail has it: the lane's row. `often`: they may be
  /// all of the tail of a block of the common size, where distances are known when this is compiled.
  template <bool often>
  VRAMLAB_LANE void fill_tile(u32 group) const {
    if constexpr (most_planar_bits != 0) {
      u32 x[32], high[32];  // planes of bits 0 to 15, and of bits 16 to 23
      VRAMLAB_UNROLL
      for (u32 p = 0; p < 16; ++p) x[p] = high[p] = 0;
      if (often && !careful && joined_)
        load_joined(group, x, high);
      else
        load_planes(group, x, high);
      swap_small_fields<16>(x);
      swap_fields<8, 0x00FF00FF, 16>(x);
      if (most_planar_bits > 16) swap_small_fields<8>(high);
      sync_warp();
      auto* to = reinterpret_cast<Vector*>(tile_ + lane_index() * tail_pitch);
      VRAMLAB_UNROLL
      for (u32 v = 0; v < 8; ++v)
        to[v] = {{tail_of(x, high, 4 * v), tail_of(x, high, 4 * v + 1), tail_of(x, high, 4 * v + 2),
                  tail_of(x, high, 4 * v + 3)}};
      sync_warp();
    }
  }
  /// Of the row's word i: half i / 16 of low[i % 16], byte i / 8 of high[i % 8].
  VRAMLAB_LANE static u32 tail_of(const u32 (&low)[32], const u32 (&high)[32], u32 i) {
    const u32 half = low[i % 16] >> 16 * (i / 16) & 0xFFFFU;
    if (most_planar_bits <= 16) return half;
    return bytes_of(low[i % 16], high[i % 8], i < 16 ? 0x0010U | (4 + i / 8) << 8 : 0x0032U | (4 + i / 8) << 8) &
           0xFFFFFFU;
  }
  VRAMLAB_LANE void load_joined(u32 group, u32 (&x)[32], u32 (&high)[32]) const {
    constexpr int rows = (1 << dense_block_log2) / 32;
    const u32 tail = tail_known ? most_planar_bits : tables_.splitter.tail;
    const u32 at = block_.planes_at + (tail - 1) * rows + group * group_rows + lane_index();
    const u32* lowest = block_.words + at;
    VRAMLAB_UNROLL
    for (u32 p = 0; p < most_planar_bits; ++p)
      if (p < tail) (p < 16 ? x : high)[p % 16] = *(lowest - static_cast<int>(p) * rows);
    VRAMLAB_UNROLL
    for (u32 p = 0; p < most_planar_bits; ++p)
      if (p < tail) block_.sum += checksum_share((p < 16 ? x : high)[p % 16], at - p * rows);
  }
  VRAMLAB_LANE void load_planes(u32 group, u32 (&x)[32], u32 (&high)[32]) const {
    const u32 rows = (block_.n + 31) / 32, row = group * group_rows + lane_index();
    const Splitter& splitter = tables_.splitter;
    const u32 planes = (splitter.tail + 7) / 8;
    u32 at = block_.planes_at + row;
    VRAMLAB_UNROLL
    for (u32 b = (most_planar_bits + 7) / 8; b-- > 0;) {  // bits 8 * b and on; the last plane's lie lowest
      if (b >= planes || block_.kind(planes - 1 - b) != PlaneKind::planar) continue;
      const u32 width = splitter.digit_bits(splitter.tail, planes - 1 - b);
      const u32 there = !careful || row < rows ? width : 0U;
      VRAMLAB_UNROLL
      for (u32 j = 0; j < 8; ++j)
        if (j < there) {
          const u32 place = at + (width - 1 - j) * rows, plane = block_.words[place];
          (b < 2 ? x : high)[8 * (b % 2) + j] = plane;
          block_.sum += checksum_share(plane, place);
        }
      at += width * rows;
    }
  }

  const DenseTask& task_;
  const DenseUnpackShared& shared_;
  const DenseTables& tables_;
  u32* tile_;
  DenseBlock& block_;
  Coder& coder_;
  bool planar_ = false, joined_ = false;
  u32 waiting_ = 0;  ///< planes whose digits wait, a bit each
};

}  // namespace vramlab::padic::gpu
