#pragma once
// A device for tests: carries out everything at once in a little virtual time, refuses what it is told to refuse, and
// keeps what it was asked.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "engine/core/error.h"
#include "engine/device/device.h"

namespace vramlab::test {

/// A token nobody issued counts as complete: it is the validator that has to notice. Host calls cost `call_cost`; a
/// stream's work runs one after the other; returning a segment waits for all of it.
class FakeDevice : public RunnableDevice {
 public:
  Nanoseconds call_cost{1000};
  Bytes physical{~std::uint64_t{0}};
  std::vector<std::uint32_t> waits, launches;  ///< stream numbers, in order

  bool take_segment(SegmentId, Tier, Bytes bytes, StreamId) override { return take(bytes); }
  void return_segment(SegmentId, Tier, Bytes bytes) override {
    synchronize();
    give(bytes);
  }
  bool reserve_range(SegmentId, Bytes) override { return take(Bytes(0)); }
  void release_range(SegmentId, Bytes) override { give(Bytes(0)); }
  bool create_pages(PageId, std::uint32_t count, Bytes page_bytes) override { return take(page_bytes * count); }
  void destroy_pages(PageId, std::uint32_t count, Bytes page_bytes) override { give(page_bytes * count); }
  bool map_pages(SegmentId, Bytes, PageId, std::uint32_t, Bytes) override { return take(Bytes(0)); }
  void unmap_pages(SegmentId, Bytes, Bytes) override { give(Bytes(0)); }

  void transfer(TokenId token, const Transfer&, std::span<const TokenId> after) override {
    Nanoseconds start = now_;
    for (const TokenId earlier : after) start = std::max(start, tokens_[earlier.value]);
    tokens_[token.value] = start + call_cost;
    unreported_.push_back(token);
  }
  void record(TokenId token, StreamId stream) override {
    tokens_[token.value] = std::max(now_, stream_end_[stream.value]);
    unreported_.push_back(token);
  }
  void wait(StreamId stream, TokenId token) override {
    stream_end_[stream.value] = std::max(stream_end_[stream.value], tokens_[token.value]);
    waits.push_back(stream.value);
  }

  void clear(const Extent&, StreamId) override {}
  void launch(StreamId stream, const Work& work) override {
    stream_end_[stream.value] = std::max(now_, stream_end_[stream.value]) + work.gpu_time;
    launches.push_back(stream.value);
    ++counters_.launches;
  }
  bool next_completed(TokenId& token, Nanoseconds& duration) override {
    for (std::size_t i = 0; i < unreported_.size(); ++i) {
      if (tokens_[unreported_[i].value] > now_) continue;
      token = unreported_[i];
      duration = call_cost;
      unreported_.erase(unreported_.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
    return false;
  }
  void synchronize(TokenId token) override { now_ = std::max(now_, tokens_[token.value]); }
  void synchronize() override {
    for (const auto& [stream, end] : stream_end_) now_ = std::max(now_, end);
    for (const auto& [token, end] : tokens_) now_ = std::max(now_, end);
  }
  Nanoseconds now() const override { return now_; }
  DeviceCounters counters() const override { return counters_; }

 private:
  bool take(Bytes bytes) {
    count_call();
    if (bytes > physical - held_) return false;
    held_ += bytes;
    return true;
  }
  void give(Bytes bytes) {
    count_call();
    held_ -= bytes;
  }
  void count_call() {
    ++counters_.calls;
    counters_.call_time += call_cost;
    now_ += call_cost;
  }

  Nanoseconds now_{};
  Bytes held_{};
  DeviceCounters counters_;
  std::map<std::uint32_t, Nanoseconds> stream_end_, tokens_;
  std::vector<TokenId> unreported_;
};

inline std::unique_ptr<RunnableDevice> make_fake_device(Bytes physical = Bytes(~std::uint64_t{0})) {
  auto device = std::make_unique<FakeDevice>();
  device->physical = physical;
  return device;
}

}  // namespace vramlab::test
