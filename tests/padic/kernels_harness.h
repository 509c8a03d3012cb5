#pragma once
// Buffers as the kernels' interface asks for them, not an entry longer, and draws that hit the edges of words.

#include <rapidcheck.h>

#include <cstring>
#include <vector>

#include "engine/padic/kernels.h"
#include "properties.h"

namespace vramlab::padic::testing {

using vramlab::testing::pick;
using vramlab::testing::pick_bool;

/// Scratch for n entries, filled with something that shows where it is not written.
template <class Number>
std::vector<Number> scratch(std::uint32_t n, std::uint32_t filler = 0xA5A5A5A5U) {
  return std::vector<Number>(padded(n), static_cast<Number>(filler));
}

template <class Number>
bool same(const std::vector<Number>& a, const std::vector<Number>& b, std::uint32_t n) {
  return n == 0 || std::memcmp(a.data(), b.data(), n * sizeof(Number)) == 0;
}

/// Up to three groups, and around every multiple of 16, 32 and 64.
inline std::uint32_t draw_count() { return pick_bool() ? pick(0U, 200U) : pick(0U, 3200U); }

/// Deterministic, fast, of one drawn seed: RapidCheck draws single words slowly.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2 + 1) {}
  std::uint32_t next() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::uint32_t>(state_ >> 32) ^ static_cast<std::uint32_t>(state_ >> 13);
  }
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(std::uint64_t{next()} * bound >> 32); }

 private:
  std::uint64_t state_;
};

inline Random draw_random() { return Random(pick<std::uint64_t>(0, std::uint64_t{1} << 40)); }

/// Words of any length, zeros and the corners among them.
inline std::vector<std::uint32_t> draw_words(std::uint32_t n, Random& random) {
  std::vector<std::uint32_t> words = scratch<std::uint32_t>(n);
  const std::uint32_t longest = random.below(32) + 1, zeros = random.below(5);
  constexpr std::uint32_t corners[] = {0, 1, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFF};
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::uint32_t kind = random.below(16);
    words[i] = random.next() >> (32 - 1 - random.below(longest));
    if (random.below(2) == 0) words[i] ^= 0x80000000U;
    if (kind < zeros * 3) words[i] = random.below(2) == 0 ? 0 : 0x80000000U;
    if (kind == 15) words[i] = corners[random.below(6)];
  }
  return words;
}

/// Those of this machine but for the portable one.
inline std::vector<const Kernels*> other_kernels() {
  std::vector<const Kernels*> found;
  for (const char* name : {"avx2", "avx512"})
    if (const Kernels* table = kernels_named(name)) found.push_back(table);
  return found;
}
inline const Kernels& portable() { return *kernels_named("portable"); }
inline std::vector<const Kernels*> all_kernels() {
  std::vector<const Kernels*> found = other_kernels();
  found.push_back(&portable());
  return found;
}

constexpr WordKind word_kinds[] = {WordKind::offset, WordKind::plain, WordKind::signed_parts};

}  // namespace vramlab::padic::testing
