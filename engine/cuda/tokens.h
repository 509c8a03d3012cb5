#pragma once
// Tokens on CUDA events: which are complete, in what order, and what they took.

#include <cuda_runtime_api.h>

#include <cstdint>
#include <deque>
#include <vector>

#include "engine/core/types.h"

namespace vramlab {

/// Events that are used again. One that has a time takes 3 us of its stream on an H200, one without takes nothing
/// that could be measured.
class EventPool {
 public:
  EventPool() = default;
  ~EventPool();
  EventPool(const EventPool&) = delete;
  EventPool& operator=(const EventPool&) = delete;

  cudaEvent_t take(bool timed);
  /// Waits that were put in before keep what they wait for. `timed`: as it was taken.
  void give_back(cudaEvent_t event, bool timed) { (timed ? free_timed_ : free_).push_back(event); }

 private:
  std::vector<cudaEvent_t> all_, free_, free_timed_;
};

/// THREAD-SAFETY: none.
class Tokens {
 public:
  explicit Tokens(EventPool& events) : events_(events) {}

  /// Work in one lane completes in the order it was put in. `start` may be null: then the duration is 0, and `end` has
  /// no time; else both have.
  /// Throws DeviceError for a token that was issued before, with nothing changed.
  void check_new(TokenId token) const;
  void add(TokenId token, std::uint32_t lane, cudaEvent_t start, cudaEvent_t end);
  /// What to wait for; null: complete and reported. Throws DeviceError for a token that was not issued.
  cudaEvent_t event_of(TokenId token) const;

  bool outstanding() const { return !active_.empty(); }
  /// As DeviceRun, but that of lanes' oldest tokens, which alone it asks about, those without a time come in the order
  /// of their numbers.
  bool next_completed(TokenId& token, Nanoseconds& duration);
  /// REQUIRES: all work is done. Counts the times of transfers that were not reported yet.
  void settle();
  /// Durations of the transfers known to be complete.
  Nanoseconds transfer_time() const { return transfer_time_; }

 private:
  struct Entry {
    cudaEvent_t start = nullptr;
    cudaEvent_t end = nullptr;  // null: reported
    std::uint32_t lane = 0;
    bool settled = false;
    Nanoseconds duration{};
  };
  struct Lane {
    std::deque<std::uint32_t> waiting;
    bool head_complete = false;
  };

  Entry& entry(std::uint32_t token) { return entries_[token - first_]; }
  const Entry& entry(std::uint32_t token) const { return entries_[token - first_]; }
  bool head_complete(Lane& lane);
  bool before(std::uint32_t a, std::uint32_t b) const;
  void settle(Entry& entry);
  void report(std::size_t active, TokenId& token, Nanoseconds& duration);

  EventPool& events_;
  std::deque<Entry> entries_;  // of tokens first_, first_ + 1, ...; those before are reported
  std::uint32_t first_ = 0;
  std::vector<Lane> lanes_;
  std::vector<std::uint32_t> active_;  // lanes with tokens to report
  Nanoseconds transfer_time_{};
};

}  // namespace vramlab
