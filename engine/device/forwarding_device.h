#pragma once
// What devices that stand before others share: every command handed on, written once.

#include <cstdint>
#include <span>
#include <vector>

#include "engine/device/device.h"

namespace vramlab {

/// A device that hands everything on and overrides what it does otherwise. `Self` says how, in two const templates:
/// pass_on(command) calls command(RunnableDevice&) for what returns nothing, on each device that is to hear of it;
/// answer(question) calls question(RunnableDevice&) on the one device whose answer counts, and returns it.
/// contents() and timetable() are null unless Self says otherwise: what they give out is not handed on.
template <class Self>
class ForwardingDevice : public RunnableDevice {
 public:
  bool take_segment(SegmentId id, Tier tier, Bytes bytes, StreamId stream) override {
    return self().answer([&](RunnableDevice& to) { return to.take_segment(id, tier, bytes, stream); });
  }
  void return_segment(SegmentId id, Tier tier, Bytes bytes) override {
    self().pass_on([&](RunnableDevice& to) { to.return_segment(id, tier, bytes); });
  }
  bool reserve_range(SegmentId id, Bytes bytes) override {
    return self().answer([&](RunnableDevice& to) { return to.reserve_range(id, bytes); });
  }
  void release_range(SegmentId id, Bytes bytes) override {
    self().pass_on([&](RunnableDevice& to) { to.release_range(id, bytes); });
  }
  bool create_pages(PageId first, std::uint32_t count, Bytes page_bytes) override {
    return self().answer([&](RunnableDevice& to) { return to.create_pages(first, count, page_bytes); });
  }
  void destroy_pages(PageId first, std::uint32_t count, Bytes page_bytes) override {
    self().pass_on([&](RunnableDevice& to) { to.destroy_pages(first, count, page_bytes); });
  }
  bool map_pages(SegmentId range, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes) override {
    return self().answer([&](RunnableDevice& to) { return to.map_pages(range, offset, first, count, page_bytes); });
  }
  void unmap_pages(SegmentId range, Bytes offset, Bytes bytes) override {
    self().pass_on([&](RunnableDevice& to) { to.unmap_pages(range, offset, bytes); });
  }

  void clear(const Extent& extent, StreamId stream) override {
    self().pass_on([&](RunnableDevice& to) { to.clear(extent, stream); });
  }
  void transfer(TokenId token, const Transfer& transfer, std::span<const TokenId> after) override {
    self().pass_on([&](RunnableDevice& to) { to.transfer(token, transfer, after); });
  }
  void record(TokenId token, StreamId stream) override {
    self().pass_on([&](RunnableDevice& to) { to.record(token, stream); });
  }
  void wait(StreamId stream, TokenId token) override {
    self().pass_on([&](RunnableDevice& to) { to.wait(stream, token); });
  }
  void launch(StreamId stream, const Work& work) override {
    self().pass_on([&](RunnableDevice& to) { to.launch(stream, work); });
  }

  bool next_completed(TokenId& token, Nanoseconds& duration) override {
    return self().answer([&](RunnableDevice& to) { return to.next_completed(token, duration); });
  }
  void synchronize(TokenId token) override {
    self().pass_on([&](RunnableDevice& to) { to.synchronize(token); });
  }
  void synchronize() override {
    self().pass_on([](RunnableDevice& to) { to.synchronize(); });
  }
  Nanoseconds now() const override {
    return self().answer([](const RunnableDevice& to) { return to.now(); });
  }
  DeviceCounters counters() const override {
    return self().answer([](const RunnableDevice& to) { return to.counters(); });
  }
  bool follow_timeline(std::vector<TimelineSpan>* spans) override {
    return self().answer([&](RunnableDevice& to) { return to.follow_timeline(spans); });
  }

 private:
  friend Self;
  ForwardingDevice() = default;
  const Self& self() const { return static_cast<const Self&>(*this); }
};

}  // namespace vramlab
