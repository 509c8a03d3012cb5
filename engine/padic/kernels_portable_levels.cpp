// Levels and rounding for any processor.

#include "engine/padic/kernels_levels.h"
#include "engine/padic/kernels_variants.h"

namespace vramlab::padic {
namespace {

using u32 = std::uint32_t;

constexpr u32 top_bit = 0x80000000U;

void to_levels(const void* raw, u32 n, const LevelMap& map, u32* words) {
  const auto* from = static_cast<const unsigned char*>(raw);
  if (map.table.sign_shift == 15) return words_of_values<std::uint16_t>(from, n, map.table, words);
  words_of_values<std::uint8_t>(from, n, map.table, words);
}

u32 from_levels(const u32* words, u32 n, const LevelMap& map, void* raw) {
  auto* to = static_cast<unsigned char*>(raw);
  if (map.table.sign_shift == 15) return values_of_words<std::uint16_t>(words, n, map.table, to, 0);
  return values_of_words<std::uint8_t>(words, n, map.table, to, 0);
}

u32 round(u32* words, u32 n, const Rounding& rounding, u32* escapes) {
  u32 count = 0;
  for (u32 begin = 0; begin < n; begin += 32) {
    u32 row = 0;
    for (u32 i = begin; i < n && i < begin + 32; ++i) {
      const Word exact{words[i] & ~top_bit, words[i] >> 31, false};
      const Word word = rounded_word(exact, rounding.drop, rounding.bound, rounding.format);
      words[i] = word.escape ? 0U : word.magnitude | word.sign << 31;
      row |= (word.escape ? 1U : 0U) << (i - begin);
      count += word.escape ? 1U : 0U;
    }
    escapes[begin / 32] = row;
  }
  return count;
}

}  // namespace

void add_portable_levels(Kernels& table) {
  table.to_levels = to_levels;
  table.from_levels = from_levels;
  table.round = round;
}

}  // namespace vramlab::padic
