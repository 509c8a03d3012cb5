#pragma once
// What all generators share: the seeded numbers, the writer of parts, checks of options.

#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "engine/core/option.h"
#include "engine/core/types.h"
#include "traces/generate.h"
#include "traces/trace.h"

namespace vramlab {

/// xoshiro256** seeded by splitmix64 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018).
/// Integers only: the same numbers on every machine.
class Prng {
 public:
  explicit Prng(std::uint64_t seed);
  std::uint64_t next() {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }
  /// Unbiased in [0, bound) by multiplication (Lemire, "Fast random integer generation in an interval", 2019).
  /// REQUIRES: bound > 0
  std::uint64_t below(std::uint64_t bound) {
    Wide product = Wide(next()) * bound;
    if (static_cast<std::uint64_t>(product) < bound) [[unlikely]] {
      const std::uint64_t rejected = (0 - bound) % bound;
      while (static_cast<std::uint64_t>(product) < rejected) product = Wide(next()) * bound;
    }
    return static_cast<std::uint64_t>(product >> 64);
  }
  /// In [low, high]. REQUIRES: low <= high < 2^64 - 1
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }

 private:
  __extension__ using Wide = unsigned __int128;
  static constexpr std::uint64_t rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  std::array<std::uint64_t, 4> state_;
};

/// Collects events and hands them over in parts of `part_events`. Memory: one part, whatever the number of events.
class PartWriter {
 public:
  static constexpr std::size_t part_events = std::size_t{1} << 20;

  /// Throws ConfigError when more events are asked for than objects can be numbered.
  PartWriter(std::string_view generator, const GenerateRequest& request, const PartSink& each,
             std::uint16_t streams = 1);

  /// The number of the new object.
  std::uint32_t alloc(Bytes size, StreamId stream = StreamId(0)) {
    part_.sizes.push_back(size);
    part_.streams.push_back(stream);
    event(EventKind::alloc, next_object_);
    return next_object_++;
  }
  void free(std::uint32_t object) { event(EventKind::free_completed, object); }
  /// Lists of objects; `name` is interned.
  void op(std::string_view name, Nanoseconds gpu_time, std::span<const std::uint32_t> reads,
          std::span<const std::uint32_t> writes);
  void iteration();

  /// Whether as many events as asked for were written; iteration marks do not count.
  bool enough() const { return handed_over_ + part_.kinds.size() - next_iteration_ >= wanted_; }
  /// Hands over what is left. Call once, last.
  void finish();

 private:
  void event(EventKind kind, std::uint32_t subject) {
    part_.kinds.push_back(kind);
    part_.subjects.push_back(subject);
    if (part_.kinds.size() >= part_events) [[unlikely]]
      hand_over();
  }
  void begin_part();
  void hand_over();
  std::uint32_t intern(std::string_view name);

  std::string_view generator_;
  const PartSink& each_;
  std::uint64_t wanted_;
  std::uint64_t handed_over_ = 0;
  std::uint32_t next_object_ = 0;
  std::uint32_t next_op_ = 0;
  std::uint32_t next_iteration_ = 0;
  std::map<std::string, std::uint32_t, std::less<>> names_;
  Trace part_;
};

/// Two option tables as one.
template <std::size_t A, std::size_t B>
constexpr std::array<OptionSpec, A + B> join_options(const std::array<OptionSpec, A>& a,
                                                     const std::array<OptionSpec, B>& b) {
  std::array<OptionSpec, A + B> all{};
  for (std::size_t i = 0; i < A; ++i) all[i] = a[i];
  for (std::size_t i = 0; i < B; ++i) all[A + i] = b[i];
  return all;
}

/// The request's options, or the defaults of `table` where it has none.
OptionValues options_of(const GenerateRequest& request, std::string_view generator, std::span<const OptionSpec> table);

/// An integer option whose table keeps it from being negative.
std::uint64_t count_option(const OptionValues& options, std::string_view name);
/// A bytes option in [1, 2^48). Throws ConfigError.
Bytes size_option(const OptionValues& options, std::string_view name);
/// Throws ConfigError unless the option `low` is at most the option `high`.
void require_order(std::string_view low, std::uint64_t low_value, std::string_view high, std::uint64_t high_value);

/// The product, for bytes and floating point operations. Throws ConfigError from 2^62 on.
std::uint64_t product(std::initializer_list<std::uint64_t> factors);

}  // namespace vramlab
