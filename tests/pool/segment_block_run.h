#pragma once
// A segment-block pool with options, and what it decided.

#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "pool_harness.h"

namespace vramlab::testing {

/// Counts decisions by kind and keeps the sizes of segments taken.
class DecisionCounter : public EventSink {
 public:
  std::map<DecisionKind, std::uint64_t> counts;
  std::vector<std::uint64_t> taken;

  void on_decisions(std::span<const Decision> batch) override {
    for (const Decision& d : batch) {
      ++counts[d.kind];
      if (d.kind == DecisionKind::segment_take) taken.push_back(d.bytes);
    }
  }
};

/// Every step is followed by validate(); the harness's checker watches order between streams.
class SegmentBlockRun {
 public:
  /// `options`: "reclaim=false growth=0".
  explicit SegmentBlockRun(const std::string& options = {}, Bytes capacity = unlimited_bytes)
      : harness_("segment-block", {}, capacity, parse(options)) {
    harness_.log.add_sink(counter_);
  }

  /// Returns the object's number, which is its slot too.
  std::uint32_t alloc(Bytes bytes, std::uint16_t stream = 0) {
    const std::uint32_t object = next_++;
    harness_.port.bind(BlockId(object), ObjectId(object));
    pool().allocate({BlockId(object), ObjectId(object), bytes, StreamId(stream)});
    check();
    return object;
  }
  std::vector<std::uint32_t> alloc_many(int count, Bytes bytes, std::uint16_t stream = 0) {
    std::vector<std::uint32_t> objects;
    for (int i = 0; i < count; ++i) objects.push_back(alloc(bytes, stream));
    return objects;
  }
  void free(std::uint32_t object) {
    pool().release(BlockId(object));
    check();
  }
  void free(const std::vector<std::uint32_t>& objects) {
    for (const std::uint32_t object : objects) free(object);
  }
  /// The objects are numbered from the returned one on.
  std::uint32_t batch(const std::vector<Bytes>& sizes) {
    const std::uint32_t first = next_;
    std::vector<AllocRequest> requests;
    for (const Bytes bytes : sizes) {
      const std::uint32_t object = next_++;
      harness_.port.bind(BlockId(object), ObjectId(object));
      requests.push_back({BlockId(object), ObjectId(object), bytes, StreamId(0)});
    }
    pool().allocate_batch(requests);
    check();
    return first;
  }

  Pool& pool() { return *harness_.pool; }
  PoolStats stats() const { return harness_.pool->stats(); }
  Address address(std::uint32_t object) const { return harness_.pool->address_of(BlockId(object)); }
  Bytes reserved() const { return harness_.port.reserved(); }
  std::uint64_t held() const { return harness_.port.counts().segments_held; }
  std::uint64_t count(DecisionKind kind) {
    harness_.log.flush();
    return counter_.counts[kind];
  }
  const std::vector<std::uint64_t>& taken() {
    harness_.log.flush();
    return counter_.taken;
  }
  void check() {
    harness_.pool->validate();
    harness_.log.flush();
  }

 private:
  static std::vector<std::pair<std::string, std::string>> parse(const std::string& options) {
    std::vector<std::pair<std::string, std::string>> parsed;
    std::istringstream words(options);
    for (std::string word; words >> word;)
      parsed.push_back({word.substr(0, word.find('=')), word.substr(word.find('=') + 1)});
    return parsed;
  }

  DecisionCounter counter_;
  PoolHarness harness_;
  std::uint32_t next_ = 0;
};

}  // namespace vramlab::testing
