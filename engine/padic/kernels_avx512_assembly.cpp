// Values of floats from the bytes of their heads and tails, 64 at a time, and words of up to 4 bytes narrowed.

#if defined(__AVX512VBMI2__)

#include "engine/padic/kernels_avx512_planes.h"

namespace vramlab::padic {
namespace {

using u8 = std::uint8_t;
using u32 = std::uint32_t;

/// The bytes of the tails.
struct Tails {
  const TailByte* tail;
  u32 count, rows;
  alignas(64) u8 part[3][words_at_once];  ///< of those that are given as planes

  Tails(const TailByte* from, u32 bytes, u32 all_rows) : tail(from), count(bytes), rows(all_rows) {
    for (u32 k = 0; k < count; ++k)
      if (tail[k].bytes == nullptr && tail[k].planes == nullptr) std::memset(part[k], 0, words_at_once);
  }
  /// Before the words from i on are asked for.
  VRAMLAB_WITH_GFNI void load(u32 i) {
    for (u32 k = 0; k < count && i % words_at_once == 0; ++k)
      if (tail[k].planes != nullptr) plane_bytes(tail[k].planes, rows, i / 32, tail[k].count, tail[k].lowest, part[k]);
  }
  __m512i byte(u32 k, u32 i) const {
    return load16(tail[k].bytes != nullptr ? tail[k].bytes + i : part[k] + i % words_at_once);
  }
};

// What of `raw` lies within n values, each of `bytes`.
inline void store_values(const __m512i* parts, u32 count, u32 bytes, u32 i, u32 n, unsigned char* raw) {
  if (n - i >= 64) [[likely]] {
    for (u32 k = 0; k < count; ++k) store16(raw + std::size_t{64} * k, parts[k]);
    return;
  }
  std::memcpy(raw, parts, std::size_t{n - i} * bytes);
}

struct Heads {
  ByteTable high, low;
  Heads(const HeadBytes& from) : high(byte_table(from.high)), low(byte_table(from.low)) {}
};

void assemble_16(const u8* symbols, u32 n, const Heads& heads, Tails& tails, unsigned char* raw) {
  const __m512i halves = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
  for (u32 i = 0; i < n; i += 64) {
    tails.load(i);
    const __m512i symbol = load16(symbols + i);
    const __m512i low = _mm512_or_si512(look_up(heads.low, symbol), tails.byte(0, i));
    const __m512i first = _mm512_permutexvar_epi64(halves, low);
    const __m512i high = _mm512_or_si512(look_up(heads.high, symbol), tails.byte(1, i));
    const __m512i second = _mm512_permutexvar_epi64(halves, high);
    const __m512i parts[2] = {_mm512_unpacklo_epi8(first, second), _mm512_unpackhi_epi8(first, second)};
    store_values(parts, 2, 2, i, n, raw + std::size_t{2} * i);
  }
}

void assemble_32(const u8* symbols, u32 n, const Heads& heads, Tails& tails, unsigned char* raw) {
  for (u32 i = 0; i < n; i += 64) {
    tails.load(i);
    const __m512i symbol = turned(load16(symbols + i));
    const BytePlanes bytes = {{turned(tails.byte(0, i)), turned(tails.byte(1, i)),
                               _mm512_or_si512(look_up(heads.low, symbol), turned(tails.byte(2, i))),
                               look_up(heads.high, symbol)}};
    __m512i parts[4];
    join_bytes(bytes, parts);
    store_values(parts, 4, 4, i, n, raw + std::size_t{4} * i);
  }
}

void assemble(const u8* symbols, u32 n, const HeadBytes& heads, const TailByte* tail, u32 bytes, void* raw) {
  auto* to = static_cast<unsigned char*>(raw);
  Tails tails(tail, tail_bytes(bytes), (n + 31) / 32);
  if (bytes == 2) return assemble_16(symbols, n, heads, tails, to);
  assemble_32(symbols, n, heads, tails, to);
}

}  // namespace

void add_avx512_assembly(Kernels& table) { table.assemble = assemble; }

}  // namespace vramlab::padic

#endif
