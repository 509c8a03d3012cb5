#pragma once
// Checks a pool's decisions as they come: objects lie inside held memory, no two overlap, memory of another stream is
// used only behind a wait. Plain lists, searched linearly: for small sequences.

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "engine/core/decision.h"

namespace vramlab::testing {

class DecisionChecker : public EventSink {
 public:
  struct Live {
    std::uint32_t segment;
    std::uint64_t begin, end;
    std::uint16_t stream;
  };
  std::map<std::uint32_t, Live> live;
  std::uint64_t places = 0, releases = 0;

  void on_decisions(std::span<const Decision> batch) override {
    for (const Decision& d : batch) on(d);
  }

 private:
  struct Past {
    Live use;
    std::uint64_t time;
  };

  void on(const Decision& d) {
    ++time_;
    switch (d.kind) {
      case DecisionKind::segment_take:
        segments_[d.segment] = d.bytes;
        break;
      case DecisionKind::segment_return:
        give_back(d.segment);
        break;
      case DecisionKind::map:
        map(d, true);
        break;
      case DecisionKind::unmap:
        map(d, false);
        break;
      case DecisionKind::place:
        place(d);
        break;
      case DecisionKind::release:
        release(d);
        break;
      case DecisionKind::record:
        record(d);
        break;
      case DecisionKind::wait:
        wait(d);
        break;
      default:
        break;
    }
  }

  void give_back(std::uint32_t segment) {
    EXPECT_EQ(segments_.erase(segment), 1u);
    for (const auto& [object, l] : live) EXPECT_NE(l.segment, segment) << "returned under live object " << object;
    std::erase_if(past_, [segment](const Past& p) { return p.use.segment == segment; });
  }

  // Vector clocks: known_[s][o] = time up to which the work of stream o is done before the next work of stream s.
  using Clock = std::map<std::uint16_t, std::uint64_t>;
  void record(const Decision& d) {
    Clock clock = known_[d.stream];
    clock[d.stream] = time_;
    records_[d.object] = clock;
  }
  void wait(const Decision& d) {
    for (const auto& [stream, time] : records_.at(d.object)) {
      std::uint64_t& known = known_[d.stream][stream];
      known = std::max(known, time);
    }
  }

  static constexpr std::uint64_t page = std::uint64_t{2} << 20;
  void map(const Decision& d, bool mapped) {
    for (std::uint64_t at = d.offset; at < d.offset + d.bytes; at += page) {
      if (mapped) {
        EXPECT_TRUE(mapped_.insert({{d.segment, at}, true}).second) << "mapped twice";
      } else {
        EXPECT_EQ(mapped_.erase({d.segment, at}), 1u) << "unmapped what was not mapped";
      }
    }
    if (mapped) return;
    for (const auto& [object, l] : live)
      EXPECT_FALSE(l.segment == d.segment && l.begin < d.offset + d.bytes && d.offset < l.end) << "unmapped " << object;
    std::erase_if(past_, [&](const Past& p) {
      return p.use.segment == d.segment && p.use.begin < d.offset + d.bytes && d.offset < p.use.end;
    });
  }

  bool held(const Live& l) const {
    if (const auto segment = segments_.find(l.segment); segment != segments_.end()) return l.end <= segment->second;
    for (std::uint64_t at = l.begin / page * page; at < l.end; at += page)
      if (!mapped_.contains({l.segment, at})) return false;
    return true;
  }

  void place(const Decision& d) {
    ++places;
    const Live l{d.segment, d.offset, d.offset + d.bytes, d.stream};
    EXPECT_TRUE(held(l)) << "object " << d.object << " is outside held memory";
    for (const auto& [object, other] : live) EXPECT_FALSE(overlap(l, other)) << d.object << " overlaps " << object;
    for (const Past& p : past_) {
      if (!overlap(l, p.use) || p.use.stream == l.stream) continue;
      EXPECT_GT(known_[l.stream][p.use.stream], p.time) << d.object << " did not wait for another stream";
    }
    EXPECT_TRUE(live.emplace(d.object, l).second);
  }

  void release(const Decision& d) {
    ++releases;
    const auto found = live.find(d.object);
    ASSERT_TRUE(found != live.end());
    past_.push_back({found->second, time_});
    live.erase(found);
  }

  static bool overlap(const Live& a, const Live& b) {
    return a.segment == b.segment && a.begin < b.end && b.begin < a.end;
  }

  std::uint64_t time_ = 0;
  std::map<std::uint32_t, std::uint64_t> segments_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, bool> mapped_;
  std::map<std::uint32_t, Clock> records_;
  std::map<std::uint16_t, Clock> known_;
  std::vector<Past> past_;
};

}  // namespace vramlab::testing
