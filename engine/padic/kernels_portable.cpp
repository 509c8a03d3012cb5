// Words, planes and heads for any processor: short loops over the plain definitions, which the compiler may vectorise.

#include <cstring>

#include "engine/padic/checksum.h"
#include "engine/padic/kernels_variants.h"

namespace vramlab::padic {
namespace {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

constexpr u32 top_bit = 0x80000000U;

template <class Number>
Number load(const void* from, std::uint64_t index) {
  Number value;
  std::memcpy(&value, static_cast<const unsigned char*>(from) + index * sizeof value, sizeof value);
  return value;
}
template <class Number>
void store(void* to, std::uint64_t index, Number value) {
  std::memcpy(static_cast<unsigned char*>(to) + index * sizeof value, &value, sizeof value);
}

// `shift`: by what a value's top bit is below bit 31.
template <class Number>
void widen_as(const void* raw, u32 n, WordKind kind, u32* words) {
  constexpr u32 shift = 32 - 8 * sizeof(Number);
  constexpr u32 sign = top_bit >> shift;
  if (kind == WordKind::plain) {
    for (u32 i = 0; i < n; ++i) words[i] = load<Number>(raw, i);
  } else if (kind == WordKind::offset) {
    for (u32 i = 0; i < n; ++i) words[i] = (load<Number>(raw, i) ^ sign) + (top_bit - sign);
  } else {
    for (u32 i = 0; i < n; ++i) {
      const u32 value = load<Number>(raw, i);
      words[i] = (value & sign) << shift | (value & ~sign);
    }
  }
}

template <class Number>
void narrow_as(const u32* words, u32 n, WordKind kind, void* raw) {
  constexpr u32 shift = 32 - 8 * sizeof(Number);
  constexpr u32 sign = top_bit >> shift;
  if (kind == WordKind::plain) {
    for (u32 i = 0; i < n; ++i) store(raw, i, static_cast<Number>(words[i]));
  } else if (kind == WordKind::offset) {
    for (u32 i = 0; i < n; ++i) store(raw, i, static_cast<Number>(words[i] ^ top_bit));
  } else {
    for (u32 i = 0; i < n; ++i)
      store(raw, i, static_cast<Number>((words[i] >> shift & sign) | (words[i] & (sign - 1U))));
  }
}

void widen(const void* raw, u32 n, u32 bytes, WordKind kind, u32* words) {
  if (bytes == 1) return widen_as<u8>(raw, n, kind, words);
  if (bytes == 2) return widen_as<u16>(raw, n, kind, words);
  widen_as<u32>(raw, n, kind, words);
}

void narrow(const u32* words, u32 n, u32 bytes, WordKind kind, void* raw) {
  if (bytes == 1) return narrow_as<u8>(words, n, kind, raw);
  if (bytes == 2) return narrow_as<u16>(words, n, kind, raw);
  narrow_as<u32>(words, n, kind, raw);
}

void widen64(const void* raw, u32 n, bool folded, u32* high, u32* low) {
  for (u32 i = 0; i < n; ++i) {
    const u64 value = load<u64>(raw, i);
    const u64 word = folded ? zigzag(value) : value;
    high[i] = static_cast<u32>(word >> 32);
    low[i] = static_cast<u32>(word);
  }
}

void narrow64(const u32* high, const u32* low, u32 n, bool folded, void* raw) {
  for (u32 i = 0; i < n; ++i) {
    const u64 word = u64{high[i]} << 32 | low[i];
    store(raw, i, folded ? unzigzag(word) : word);
  }
}

u32 quantise(const void* raw, u32 n, const Quantiser& quantiser, u32* words, u32* escapes) {
  u32 count = 0;
  for (u32 i = 0; i < n; ++i) {
    const Word word = quantiser.word_of(load<u32>(raw, i));
    words[i] = word.sign != 0 ? top_bit - word.magnitude : top_bit + word.magnitude;
    if (i % 32 == 0) escapes[i / 32] = 0;
    if (!word.escape) continue;
    escapes[i / 32] |= 1U << i % 32;
    ++count;
  }
  return count;
}

void dequantise(const u32* words, u32 n, double step, void* raw) {
  for (u32 i = 0; i < n; ++i) {
    const auto q = static_cast<std::int32_t>(words[i] ^ top_bit);
    store(raw, i, static_cast<float>(static_cast<double>(q) * step));
  }
}

void pack(const u32* words, u32 n, u32 base, u32 width, u32* planes) {
  const u32 rows = (n + 31) / 32;
  for (u32 i = 0; i < rows * width; ++i) planes[i] = 0;
  for (u32 i = 0; i < n; ++i) {
    const u32 value = words[i] - base;
    for (u32 p = 0; p < width; ++p) planes[p * rows + i / 32] |= (value >> (width - 1 - p) & 1U) << i % 32;
  }
}

void unpack(const u32* planes, u32 n, u32 width, u32 taken, u32 base, u32* words) {
  const u32 rows = (n + 31) / 32;
  for (u32 i = 0; i < n; ++i) {
    u32 value = 0;
    for (u32 p = 0; p < taken; ++p) value |= (planes[p * rows + i / 32] >> i % 32 & 1U) << (width - 1 - p);
    words[i] = base + value;
  }
}

void pack_signs(const u32* words, u32 n, u32* plane) {
  for (u32 i = 0; i < n; ++i) plane[i / 32] = (i % 32 == 0 ? 0U : plane[i / 32]) | (words[i] >> 31) << i % 32;
}

void add_signs(const u32* plane, u32 n, u32* words) {
  for (u32 i = 0; i < n; ++i) words[i] |= plane[i / 32] >> i % 32 << 31;
}

Extent extent(const u32* words, u32 n, WordKind kind) {
  const u32 zero = zero_word(kind);
  const u32 sign = kind == WordKind::signed_parts ? top_bit : 0U;
  Extent found;
  for (u32 i = 0; i < n; ++i) {
    if (words[i] == zero) continue;
    const u32 word = words[i] & ~sign;
    ++found.kept;
    found.least = word < found.least ? word : found.least;
    found.most = word > found.most ? word : found.most;
    found.any_sign |= (words[i] & sign) != 0;
    found.sign_missing |= sign != 0 && (words[i] & sign) == 0;
  }
  return found;
}

u32 compact(const u32* words, u32 n, u32 zero, u32* kept, u32* bitmap) {
  u32 count = 0;
  for (u32 i = 0; i < n; ++i) {
    const u32 keep = words[i] != zero ? 1U : 0U;
    bitmap[i / 32] = (i % 32 == 0 ? 0U : bitmap[i / 32]) | keep << i % 32;
    kept[count] = words[i];
    count += keep;
  }
  return count;
}

void expand(const u32* bitmap, const u32* kept, u32 n, u32 zero, u32* words) {
  for (u32 i = 0; i < n; ++i) words[i] = (bitmap[i / 32] >> i % 32 & 1U) != 0 ? *kept++ : zero;
}

u32 checksum(const void* words, u64 count, u32 first_index) {
  u32 sum = 0;
  for (u64 i = 0; i < count; ++i) sum += checksum_share(load<u32>(words, i), first_index + static_cast<u32>(i));
  return sum;
}

}  // namespace

void add_portable_words(Kernels& table) {
  table.widen = widen;
  table.narrow = narrow;
  table.widen64 = widen64;
  table.narrow64 = narrow64;
  table.quantise = quantise;
  table.dequantise = dequantise;
  table.pack = pack;
  table.unpack = unpack;
  table.pack_signs = pack_signs;
  table.add_signs = add_signs;
  table.extent = extent;
  table.compact = compact;
  table.expand = expand;
  table.checksum = checksum;
}

}  // namespace vramlab::padic
