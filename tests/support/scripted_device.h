#pragma once
// A device for tests of policies: accepts every command, or refuses those whose number is listed.

#include <cstdint>
#include <set>
#include <span>

#include "engine/device/device.h"

namespace vramlab::testing {

class ScriptedDevice : public Device {
 public:
  /// Commands that may fail are numbered from 0; those in `refused` fail.
  std::set<std::uint64_t> refused;
  std::uint64_t commands = 0;

  bool take_segment(SegmentId, Tier, Bytes, StreamId) override { return answer(); }
  void return_segment(SegmentId, Tier, Bytes) override {}
  bool reserve_range(SegmentId, Bytes) override { return answer(); }
  void release_range(SegmentId, Bytes) override {}
  bool create_pages(PageId, std::uint32_t, Bytes) override { return answer(); }
  void destroy_pages(PageId, std::uint32_t, Bytes) override {}
  bool map_pages(SegmentId, Bytes, PageId, std::uint32_t, Bytes) override { return answer(); }
  void unmap_pages(SegmentId, Bytes, Bytes) override {}
  void clear(const Extent&, StreamId) override {}
  void transfer(TokenId, const Transfer&, std::span<const TokenId>) override {}
  void record(TokenId, StreamId) override {}
  void wait(StreamId, TokenId) override {}

 private:
  bool answer() { return !refused.contains(commands++); }
};

}  // namespace vramlab::testing
