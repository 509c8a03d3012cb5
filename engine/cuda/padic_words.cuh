#pragma once
// Values to words and back, a value at a time: what the CPU's ValueCoder does with blocks.

#include "engine/cuda/padic_stream.cuh"

namespace vramlab::padic::gpu {

enum class Form : u8 {
  offset,        ///< 2^31 + the signed value; zero is 2^31
  plain,         ///< the magnitude
  signed_parts,  ///< bit 31 the sign, below it the magnitude
};

inline constexpr u32 top_bit = 0x80000000U;

/// The words of values of `size` bytes that are made in a way. Kernels are compiled for each pair that there is.
template <u32 size, Way way>
struct Words {
  static constexpr u32 bytes = size;
  static constexpr u32 bits = 8 * size;
  static constexpr Form form = way == Way::parts || way == Way::rounded ? Form::signed_parts
                               : way == Way::plain                      ? Form::plain
                                                                        : Form::offset;
  static constexpr u32 zero = form == Form::offset ? top_bit : 0U;
  static constexpr bool with_sign = form == Form::signed_parts;
  static constexpr bool can_escape = way == Way::rounded || way == Way::quantised;
  static constexpr u32 sign_place = bits - 1;                     ///< of a narrow word's sign
  static constexpr u32 most_width = with_sign ? bits - 1 : bits;  ///< planes that words less their base can have

  /// A word, or one less a base, in as many bits as the value has, and back: the sign moves, the rest stays.
  VRAMLAB_LANE static u32 narrow(u32 word) {
    if constexpr (!with_sign || bits == 32) return word;
    return word >> 31 << sign_place | (word & low_bits(bits - 1));
  }
  VRAMLAB_LANE static u32 widen(u32 word) {
    if constexpr (!with_sign || bits == 32) return word;
    return word >> sign_place << 31 | (word & low_bits(bits - 1));
  }

  /// What escapes is the zero word.
  VRAMLAB_LANE static u32 of_value(u32 raw, const WordRule& rule, bool& escape) {
    escape = false;
    if constexpr (way == Way::plain) return raw;
    if constexpr (way == Way::shifted) return (raw ^ top_bit >> (32 - bits)) + (top_bit - (top_bit >> (32 - bits)));
    if constexpr (way == Way::parts) return raw >> (bits - 1) << 31 | (raw & low_bits(bits - 1));
    if constexpr (way == Way::rounded) {
      const Word word =
          rounded_word({raw & low_bits(bits - 1), raw >> (bits - 1), false}, rule.drop, rule.bound, rule.format);
      escape = word.escape;
      return word.escape ? 0U : word.magnitude | word.sign << 31;
    }
    if constexpr (way == Way::quantised) return offset_of(rule.quantiser.word_of(raw), escape);
    if constexpr (way == Way::levels) return offset_of(rule.levels.word_of(raw), escape);
  }

  /// The inverse. `valid` becomes false where the word means no value.
  VRAMLAB_LANE static u32 to_value(u32 word, const WordRule& rule, bool& valid) {
    if constexpr (way == Way::plain) return word;
    if constexpr (way == Way::shifted) return word ^ top_bit;  // low bits of it, where a value has fewer
    if constexpr (way == Way::parts) return word >> 31 << (bits - 1) | (word & low_bits(bits - 1));
    if constexpr (way == Way::rounded) return word >> 31 << (bits - 1) | (word << rule.drop & low_bits(bits - 1));
    if constexpr (way == Way::quantised)
      return bits_of_float(rule.quantiser.value_of(static_cast<std::int32_t>(word ^ top_bit)));
    if constexpr (way == Way::levels) {
      const u32 sign = word >> 31 ^ 1U;
      u32 level = sign != 0 ? top_bit - word : word - top_bit;
      if (level >= rule.levels.levels) {
        valid = false;
        level = 0;
      }
      return rule.levels.raw_of(level, sign);
    }
  }

  VRAMLAB_LANE static Word parts_of(u32 word, bool escape) {
    if constexpr (form == Form::plain) return {word, 0, escape};
    if constexpr (form == Form::signed_parts) return {word & ~top_bit, word >> 31, escape};
    const u32 sign = word >> 31 ^ 1U;
    return {sign != 0 ? top_bit - word : word - top_bit, sign, escape};
  }
  VRAMLAB_LANE static u32 of_parts(u32 magnitude, u32 sign) {
    if constexpr (form == Form::plain) return magnitude;
    if constexpr (form == Form::signed_parts) return magnitude | sign << 31;
    return sign != 0 ? top_bit - magnitude : top_bit + magnitude;
  }

 private:
  VRAMLAB_LANE static constexpr u32 low_bits(u32 count) { return (1U << count) - 1U; }
  VRAMLAB_LANE static u32 offset_of(const Word& word, bool& escape) {
    escape = word.escape;
    return word.sign != 0 ? top_bit - word.magnitude : top_bit + word.magnitude;
  }
};

}  // namespace vramlab::padic::gpu
