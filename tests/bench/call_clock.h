#pragma once
// A clock for single calls of a few nanoseconds: the time stamp counter where there is one, else the steady clock.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace vramlab::bench {

inline double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline std::uint64_t ticks() {
#if defined(__x86_64__)
  unsigned core;
  return __rdtscp(&core);
#else
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

/// The least that two readings differ by.
inline std::uint64_t tick_overhead() {
  std::uint64_t least = ~std::uint64_t{0};
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t begin = ticks();
    least = std::min(least, ticks() - begin);
  }
  return least;
}

/// Nanoseconds that 99 of 100 values of `taken` (in ticks, `overhead` in each) do not exceed; 0 without values.
inline double percentile_99(std::vector<std::uint64_t>& taken, std::uint64_t overhead, double ns_per_tick) {
  if (taken.empty()) return 0;
  const auto rank = taken.begin() + static_cast<std::ptrdiff_t>(taken.size() * 99 / 100);
  std::nth_element(taken.begin(), rank, taken.end());
  return static_cast<double>(*rank - std::min(*rank, overhead)) * ns_per_tick;
}

}  // namespace vramlab::bench
