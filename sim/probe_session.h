#pragma once
// What measuring a device needs: ids, its clock, repetition, and the durations of what completed. Everything goes
// through the Device port, so that what is measured is what a replay pays.

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "engine/core/types.h"
#include "engine/device/device.h"

namespace vramlab::probe {

/// How often something is measured: once to warm up, then until `most` or, from `least` on, until `budget` is used up.
struct Rounds {
  int least = 3;
  int most = 15;
  Nanoseconds budget{400'000'000};
};

/// REQUIRES: nobody else commands the device, and no id was used on it before.
class Session {
 public:
  explicit Session(RunnableDevice& device, Rounds rounds = {}) : device_(device), rounds_(rounds) {}

  RunnableDevice& device() { return device_; }
  SegmentId new_segment() { return SegmentId(segments_++); }
  PageId new_pages(std::uint32_t count);
  TokenId new_token() { return TokenId(tokens_++); }

  /// Throws OutOfMemory where the device refuses.
  SegmentId take(Tier tier, Bytes bytes);
  /// Of 0 ns, so that the token tells when the stream got there.
  TokenId record(StreamId stream);
  TokenId transfer(const TransferEnd& from, const TransferEnd& to, Bytes bytes, std::span<const TokenId> after = {});

  /// Waits for everything and forgets it.
  void settle();
  /// Of a token that settle() saw complete.
  Nanoseconds duration(TokenId token) const { return durations_.at(token.value); }

  /// The host's time in calls of memory management alone, as a replay counts it.
  Nanoseconds in_calls(const std::function<void()>& work);

  /// `once` with 0 to warm up, then with 1, 2, ...
  void repeat(const std::function<void(int)>& once);
  /// Each component's median over several rounds of `once`.
  std::vector<Nanoseconds> medians_of(const std::function<std::vector<Nanoseconds>()>& once);
  Nanoseconds median_of(const std::function<Nanoseconds()>& once);

 private:
  RunnableDevice& device_;
  Rounds rounds_;
  std::uint32_t segments_ = 0;
  std::uint32_t pages_ = 0;
  std::uint32_t tokens_ = 0;
  std::vector<Nanoseconds> durations_;  // by token
};

/// A segment, given back at the end.
class Memory {
 public:
  Memory(Session& session, Tier tier, Bytes bytes)
      : session_(session), tier_(tier), bytes_(bytes), id_(session.take(tier, bytes)) {}
  // After a failure the device takes back what it holds when it goes.
  ~Memory() noexcept(false) {
    if (std::uncaught_exceptions() == failures_) session_.device().return_segment(id_, tier_, bytes_);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  TransferEnd end(Bytes offset = {}) const { return {id_, tier_, offset}; }
  SegmentId id() const { return id_; }
  Bytes bytes() const { return bytes_; }

 private:
  Session& session_;
  Tier tier_;
  Bytes bytes_;
  SegmentId id_;
  int failures_ = std::uncaught_exceptions();
};

/// Operators that read two operands and write one: their launches cost more than those of empty ones, and so does
/// starting and ending them on the device, the more so the more they touch. In recorded programs operators up to some
/// microseconds touch some ten KiB, longer ones a third of what the memory could move in their time.
class Operators {
 public:
  explicit Operators(Session& session) : session_(session), memory_(session, Tier::device, most * 3) {}
  void launch(StreamId stream, Nanoseconds gpu_time) {
    const Bytes bytes = operand_bytes(gpu_time);
    const std::array<Extent, 3> operands{Extent{memory_.id(), Bytes(0), bytes}, Extent{memory_.id(), most, bytes},
                                         Extent{memory_.id(), most * 2, bytes}};
    session_.device().launch(stream, {gpu_time, std::span(operands).first(2), std::span(operands).last(1)});
  }

 private:
  static constexpr Bytes most = 32_MiB;
  static constexpr Nanoseconds longest_small{4'000};
  static Bytes operand_bytes(Nanoseconds gpu_time) {
    if (gpu_time <= longest_small) return 16_KiB;
    return std::min(round_up(Bytes(static_cast<std::uint64_t>(gpu_time.value) * 512), 4_KiB), most);
  }

  Session& session_;
  Memory memory_;
};

/// The host's time between calls.
class Stopwatch {
 public:
  explicit Stopwatch(const DeviceRun& clock) : clock_(clock), last_(clock.now()) {}
  /// Since the last lap.
  Nanoseconds lap() {
    const Nanoseconds now = clock_.now();
    const Nanoseconds passed = now - last_;
    last_ = now;
    return passed;
  }

 private:
  const DeviceRun& clock_;
  Nanoseconds last_;
};

}  // namespace vramlab::probe
