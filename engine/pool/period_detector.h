#pragma once
// Finding on line how often a program's requests repeat.
//
// METHOD Every request is a number (its size and stream). Polynomial hashes of all prefixes tell in constant time
// whether two stretches of requests are alike. The last place with the same short window before the end proposes a
// period p; where the last p requests hash like the p before them, and as much is live as a period ago, p is one.
// Repetitions within an iteration (equal layers, an optimizer's loop) pass this test too while they last: so the
// stretch must also be a quarter of everything seen so far, up to `patience` requests. An exact comparison follows
// before anybody acts on it. Where nothing repeats for long, only one window in four is looked at, chosen by its hash
// and so the same ones in every period. Constant time a request; 40 bytes for each of repeats * max_period requests.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/core/types.h"

namespace vramlab {

/// A request as one number: bytes / 512 above 16 bits of stream. REQUIRES: bytes is a multiple of 512, below 2^48.
constexpr std::uint64_t request_key(Bytes bytes, StreamId stream) { return bytes.value << 7 | stream.value; }
constexpr Bytes key_bytes(std::uint64_t key) { return Bytes(key >> 16 << 9); }

/// The polynomial hash of a sequence of keys, modulo 2^64: prefix * key_base + mixed(key). Powers of key_base are the
/// detector's; plans hash their own sequences alike.
inline constexpr std::uint64_t key_base = 0x9e3779b97f4a7c15u;
std::uint64_t extend_hash(std::uint64_t prefix, std::uint64_t key);

/// One request of a period. `life`: the requests until it was freed, itself counted: it was gone before the request
/// that came `life` later. 0: it outlives a whole period.
struct PeriodRequest {
  std::uint64_t key = 0;
  std::uint64_t life = 0;
  friend bool operator==(const PeriodRequest&, const PeriodRequest&) = default;
};

/// Requests are numbered from 1 on, in order. THREAD-SAFETY: none.
class PeriodDetector {
 public:
  static constexpr std::uint64_t window = 16;            ///< requests
  static constexpr std::uint64_t shortest_stretch = 64;  ///< requests that must repeat at least
  static constexpr std::uint64_t eager = 4096;           ///< requests after which windows are left out

  struct Rules {
    std::uint64_t max_period = 1 << 15;  ///< requests; longer periods are not found
    std::uint64_t repeats = 2;           ///< times that a period must have come, at least 2
    std::uint64_t patience = 1024;       ///< requests
  };
  explicit PeriodDetector(const Rules& rules);

  /// The next request; `live` is what is live with it. Returns its number.
  std::uint64_t add(std::uint64_t key, Bytes live);
  /// Request `number` was freed. Numbers from before a restart are passed over.
  void freed(std::uint64_t number);
  /// Forgets what came; what comes now has no connection to it.
  void restart() { first_ = next_; }

  /// From now on only what repeats for at least so many requests counts.
  void demand(std::uint64_t stretch) { demanded_ = std::min(stretch, max_records_); }

  /// Number of the request that comes next, and of the first that is remembered.
  std::uint64_t next() const { return next_; }
  std::uint64_t first() const { return first_; }
  /// The period that the last request confirmed; 0: none.
  std::uint64_t period() const { return period_; }
  /// Hash of the last `window` keys. REQUIRES: window_looked_at().
  std::uint64_t window_hash() const { return window_hash_; }
  bool window_looked_at() const { return looked_at_; }
  /// Hash of `length` keys from number `from` on. REQUIRES: they are remembered.
  std::uint64_t hash(std::uint64_t from, std::uint64_t length) const {
    return before(from + length) - before(from) * powers_[length];
  }

  /// The last period(), its oldest request first, lifetimes the longer of the last two occurrences; empty where an
  /// exact comparison finds them different. REQUIRES: period() > 0.
  std::vector<PeriodRequest> requests() const;
  /// Requests [from, from + length) once, as far as their frees are known. REQUIRES: they are remembered.
  std::vector<PeriodRequest> requests(std::uint64_t from, std::uint64_t length) const;

 private:
  // Small, because a program whose requests do not repeat pays for the memory that they pass through.
  struct Record {
    std::uint64_t before = 0;  // hash of everything before it
    std::uint64_t key = 0;
    std::uint32_t life = 0;  // 0: not freed yet
    std::uint32_t live = 0;  // granules, as far as they fit
  };
  static_assert(sizeof(Record) == 24);
  struct Seen {
    std::uint32_t hash = 0;    // its low bits
    std::uint32_t number = 0;  // of the last request of a window: its low bits
  };

  Record& at(std::uint64_t number) { return records_[number & (records_.size() - 1)]; }
  const Record& at(std::uint64_t number) const { return records_[number & (records_.size() - 1)]; }
  std::uint64_t before(std::uint64_t number) const { return number == next_ ? prefix_ : at(number).before; }
  std::uint64_t life_of(std::uint64_t number) const;
  void make_room();
  Seen& seen(std::uint64_t hash) { return seen_[hash >> (64 - seen_bits_)]; }
  bool repeats(std::uint64_t period) const;

  Rules rules_;
  std::uint64_t max_records_;
  std::uint64_t demanded_ = 0;
  std::uint64_t next_ = 1;
  std::uint64_t first_ = 1;
  std::uint64_t prefix_ = 0;
  std::uint64_t window_hash_ = 0;
  bool looked_at_ = false;
  std::uint64_t period_ = 0;
  std::vector<Record> records_;  // a ring; its size is a power of two
  std::vector<std::uint64_t> powers_;
  unsigned seen_bits_ = 0;
  std::vector<Seen> seen_;  // by the hash's high bits: the last window there
};

}  // namespace vramlab
