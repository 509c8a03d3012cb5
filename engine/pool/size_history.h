#pragma once
// What one tier was asked for lately: integer statistics over a sliding window of requests, from which growth is
// predicted. Requests are the clock: every pool that sees the same requests predicts the same.

#include <algorithm>
#include <array>
#include <cstdint>

namespace vramlab {

/// The window consists of `parts` parts; advance() begins the next one and forgets the oldest. Bytes.
class SizeHistory {
 public:
  static constexpr std::size_t parts = 8;

  void on_allocate(std::uint64_t bytes) {
    live_ += bytes;
    peaks_[now_] = std::max(peaks_[now_], live_);
  }
  void on_free(std::uint64_t bytes) { live_ -= bytes; }

  void advance() {
    now_ = (now_ + 1) % parts;
    peaks_[now_] = live_;
  }

  std::uint64_t live() const { return live_; }
  /// The most that was live at once in the window.
  std::uint64_t recent_peak() const { return *std::max_element(peaks_.begin(), peaks_.end()); }
  /// By how much the peak of a part rises from one part to the next, on average over the window; 0 when it falls.
  std::uint64_t rise() const {
    const std::uint64_t oldest = peaks_[(now_ + 1) % parts];
    return peaks_[now_] > oldest ? (peaks_[now_] - oldest) / (parts - 1) : 0;
  }

 private:
  std::array<std::uint64_t, parts> peaks_{};
  std::size_t now_ = 0;
  std::uint64_t live_ = 0;
};

}  // namespace vramlab
