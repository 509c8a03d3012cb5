#pragma once
// Values to what `dense` packs: the code of the head and the magnitude whose low bits are the tail. Several values at a
// time: what is common by few instructions, and where any of them is not, all by the rules that the CPU follows too.

#include <cmath>
#include <type_traits>

#include "engine/cuda/padic_words.cuh"

namespace vramlab::padic::gpu {

/// A word as its code and what its tail is cut from.
struct CutWord {
  u32 code = 0;  ///< or escape_index
  u32 magnitude = 0;
};

/// Where a code's digits lie in the magnitude: from bit 10 * plane on its width (4 bits) and the bits below it (5).
struct DigitPlaces {
  static constexpr u32 bits = 10, escape = 1U << 31;

  VRAMLAB_LANE static u32 width(u32 places, u32 plane) { return places >> bits * plane & 15U; }
  VRAMLAB_LANE static u32 below(u32 places, u32 plane) { return places >> bits * plane >> 4 & 31U; }
  /// The digit of a plane; 0 where it has no bits.
  VRAMLAB_LANE static u32 digit(u32 magnitude, u32 places, u32 plane) {
    const u32 own = places >> bits * plane;
    return wrapped_right(magnitude, own >> 4) & ((1U << (own & 15U)) - 1U);
  }
  /// Of a code that is not the escape.
  VRAMLAB_LANE static u32 of_code(const Splitter& splitter, u32 code) {
    const u32 tail = splitter.tail_bits(code >> 1);
    u32 places = 0;
    for (u32 k = 0; k < tail_planes; ++k) {
      const u32 digit_bits = splitter.digit_bits(tail, k);
      if (digit_bits != 0) places |= (digit_bits | splitter.bits_below(tail, k) << 4) << bits * k;
    }
    return places;
  }
};

/// How words W are cut: by the ways of padic_plan's splitter_of().
template <class W>
inline constexpr bool fixed_split = W::form == Form::signed_parts || (W::form == Form::plain && W::bytes == 1);

/// Words by a table of levels.
template <class W>
inline constexpr bool by_levels = std::is_same_v<W, Words<W::bytes, Way::levels>>;

/// The table in shared memory, of words that have one: the looks at it are many and at random.
template <class W>
struct SharedLevels {
  static constexpr u32 count = by_levels<W> ? W::bytes == 1 ? 128U : LevelRule::most_magnitudes : 2U;
  u16 of[count];

  /// All threads; to be seen after the next sync_block().
  VRAMLAB_LANE void load(const WordRule& rule) {
    if constexpr (!by_levels<W>) return;
    const u32 there = rule.levels.high - rule.levels.low;
    for (u32 i = thread_index(); i <= there; i += dense_threads) of[i] = rule.levels.level_of[i];
  }
};

template <class W>
class WordCutter {
 public:
  static constexpr bool quantised = W::can_escape && W::form == Form::offset;
  static constexpr bool rounded = W::can_escape && W::form == Form::signed_parts;
  static constexpr bool as_it_is = W::form == Form::signed_parts && !W::can_escape;  ///< the tail is the value's own

  VRAMLAB_LANE WordCutter(const WordRule& rule, const Splitter& splitter, const u16* levels = nullptr)
      : rule_(rule), levels_(levels), splitter_(splitter) {
    splitter_.split = fixed_split<W> ? Split::fixed : Split::logarithmic;
    if constexpr (quantised || by_levels<W>) class_scale_ = float_of_bits(1U << (23 - splitter.lead));
    if constexpr (quantised) {
      if (!(rule.quantiser.bound >= 1e-30 && rule.quantiser.bound <= 1e30)) return;
      inverse_ = static_cast<float>(rule.quantiser.inverse);
      inverse_rest_ = static_cast<float>(rule.quantiser.inverse - static_cast<double>(inverse_));
      limit_ = static_cast<float>(rule.quantiser.bound * 49152);
    }
    if constexpr (rounded) {
      const NumberFormat& format = rule.format;
      half_ = rule.drop == 0 ? 0U : 1U << (rule.drop - 1);
      least_normal_ = 1U << format.mantissa;
      const u32 least_special = format.infinities ? ((1U << format.exponent) - 1U) << format.mantissa
                                                  : (1U << (format.exponent + format.mantissa)) - 1U;
      normal_range_ = least_special - half_ - least_normal_;
    }
  }

  VRAMLAB_LANE const Splitter& splitter() const { return splitter_; }

  template <u32 count>
  VRAMLAB_LANE void cut(const u32 (&raw)[count], CutWord (&words)[count]) const {
    bool sure = true;
    VRAMLAB_UNROLL
    for (u32 i = 0; i < count; ++i) sure = cut_usual(raw[i], words[i]) && sure;
    if (sure) return;
    VRAMLAB_UNROLL
    for (u32 i = 0; i < count; ++i) words[i] = cut_any(raw[i]);
  }
  VRAMLAB_LANE CutWord cut(u32 raw) const {
    const u32 one[1] = {raw};
    CutWord word[1];
    cut(one, word);
    return word[0];
  }

 private:
  VRAMLAB_LANE CutWord cut_any(u32 raw) const {
    bool escape = false;
    const u32 word = W::of_value(raw, rule_, escape);
    const Word parts = W::parts_of(word, escape);
    return {escape ? escape_index : 2U * splitter_.class_of(parts.magnitude) + parts.sign, parts.magnitude};
  }
  /// False: only cut_any() knows.
  VRAMLAB_LANE bool cut_usual(u32 raw, CutWord& word) const {
    if constexpr (quantised) return quantise(float_of_bits(raw), word);
    if constexpr (rounded) return round(raw, word);
    if constexpr (by_levels<W>) {
      const LevelRule& rule = rule_.levels;
      const u32 magnitude = raw & ((1U << (W::bits - 1)) - 1U), below = smaller(magnitude, rule.high);
      word.magnitude = levels_[larger(below, rule.low) - rule.low] + (magnitude - below);
      constexpr u32 whole = 0x4B000000;  // 2^23: what is put below it becomes an integer
      word.code = double_class(float_of_bits(whole | word.magnitude) - float_of_bits(whole));
      if (word.magnitude != 0) word.code |= raw >> (W::bits - 1);
      return true;
    }
    word = cut_any(raw);
    return true;
  }

  /// Twice the class of an integer below 2^23, by the exponent and mantissa of what it becomes.
  VRAMLAB_LANE u32 double_class(float magnitude) const {
    return bits_of_float(magnitude * class_scale_) >> (22 - splitter_.lead) & 0x3FEU;
  }

  /// Quantiser::word_of() in float. The inverse as a sum of two floats is that in double but for 2^-48 of it, and what
  /// is rounded below are rests of at most 1; so where the rest is farther than 2^-18 from a half, the multiple is the
  /// same one. It is within the bound for sure, since the value is below 49152 bounds: 0.99609375 bounds by the step,
  /// and 2^-24 * 49153 bounds, less than 0.003, by its rounding to float.
  VRAMLAB_LANE bool quantise(float x, CutWord& word) const {
    constexpr float whole = 12582912.0F;  // 1.5 * 2^23: what is added to it becomes an integer
    const float shifted = fmaf(x, inverse_, whole);
    const float multiple = shifted - whole;
    const float rest = fmaf(x, inverse_rest_, fmaf(x, inverse_, -multiple));
    word.code = double_class(multiple) | bits_of_float(multiple) >> 31;
    const auto distance = static_cast<std::int32_t>(bits_of_float(shifted) - bits_of_float(whole));
    word.magnitude = static_cast<u32>(distance < 0 ? -distance : distance);
    return fabsf(rest) < 0.5F - 3.8146973e-6F && fabsf(x) < limit_;
  }

  /// rounded_word() of zero and of normal numbers that stay finite.
  VRAMLAB_LANE bool round(u32 raw, CutWord& word) const {
    const u32 magnitude = raw & ((1U << (W::bits - 1)) - 1U), sign = raw >> (W::bits - 1);
    word.magnitude = (magnitude + half_) >> rule_.drop;
    word.code = 2U * splitter_.class_of(word.magnitude) + sign;
    return magnitude == 0 || magnitude - least_normal_ < normal_range_;
  }

  const WordRule& rule_;
  const u16* levels_;
  Splitter splitter_;
  float inverse_ = 0, inverse_rest_ = 0, limit_ = -1, class_scale_ = 0;
  u32 half_ = 0, least_normal_ = 0, normal_range_ = 0;
};

}  // namespace vramlab::padic::gpu
