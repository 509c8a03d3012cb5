#pragma once
// The device behind a world's Port: one caller at a time, and no more memory than the program allows itself.

#include <algorithm>
#include <atomic>
#include <mutex>

#include "engine/device/forwarding_device.h"

namespace vramlab::plugin {

/// Passes everything on. Physical memory of the device tier beyond limit() is refused as the device itself would.
/// THREAD-SAFETY: any thread.
class GuardedDevice final : public ForwardingDevice<GuardedDevice> {
 public:
  /// `device` must outlive this.
  explicit GuardedDevice(RunnableDevice& device) : device_(device) {}

  void set_limit(Bytes limit) { limit_.store(limit.value, std::memory_order_relaxed); }
  Bytes limit() const { return Bytes(limit_.load(std::memory_order_relaxed)); }
  /// Physical memory of the device tier: now, and at most since the last reset_peak().
  Bytes held() const {
    return alone([this] { return held_; });
  }
  Bytes peak_held() const {
    return alone([this] { return peak_held_; });
  }
  void reset_peak() {
    alone([this] { return peak_held_ = held_; });
  }
  /// Tokens whose completion has not been reported yet.
  std::uint32_t pending() const { return pending_.load(std::memory_order_relaxed); }
  /// Calls work() while no command runs.
  template <class Work>
  auto alone(Work&& work) const -> decltype(work()) {
    const std::lock_guard guard(mutex_);
    return work();
  }

  bool take_segment(SegmentId id, Tier tier, Bytes bytes, StreamId stream) override;
  void return_segment(SegmentId id, Tier tier, Bytes bytes) override;
  bool create_pages(PageId first, std::uint32_t count, Bytes page_bytes) override;
  void destroy_pages(PageId first, std::uint32_t count, Bytes page_bytes) override;
  void transfer(TokenId token, const Transfer& transfer, std::span<const TokenId> after) override;
  void record(TokenId token, StreamId stream) override;
  bool next_completed(TokenId& token, Nanoseconds& duration) override;

 private:
  friend ForwardingDevice;
  template <class Command>
  auto answer(Command&& command) const {
    return alone([&] { return command(device_); });
  }
  template <class Command>
  void pass_on(Command&& command) const {
    answer(command);
  }

  bool fits(Bytes bytes) const { return bytes <= limit() && held_ <= limit() - bytes; }
  void hold(Bytes bytes) {
    held_ += bytes;
    peak_held_ = std::max(peak_held_, held_);
  }

  RunnableDevice& device_;
  mutable std::mutex mutex_;
  std::atomic<std::uint64_t> limit_{~std::uint64_t{0}};
  std::atomic<std::uint32_t> pending_{0};
  Bytes held_{}, peak_held_{};
};

}  // namespace vramlab::plugin
