#pragma once
// Checks a pool's decisions as they come: objects lie inside held memory, no two overlap, memory of another stream is
// used only behind a wait. Plain lists, searched linearly: for small sequences.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "engine/core/decision.h"

namespace vramlab::testing {

class DecisionChecker : public EventSink {
 public:
  /// Bytes of one segment or of one page.
  struct Piece {
    bool page = false;
    std::uint32_t id = 0;
    std::uint64_t begin = 0, end = 0;
  };
  struct Live {
    std::uint32_t segment;
    std::uint64_t begin, end;
    std::uint16_t stream;
    std::vector<Piece> pieces{};
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
      case DecisionKind::pages_create:
        for (std::uint64_t i = 0; i < d.bytes / d.offset; ++i)
          page_bytes_[d.object + static_cast<std::uint32_t>(i)] = d.offset;
        break;
      case DecisionKind::pages_destroy:
        destroy(d);
        break;
      case DecisionKind::map:
      case DecisionKind::alias:
        map(d);
        break;
      case DecisionKind::unmap:
        unmap(d);
        break;
      case DecisionKind::place:
        place(d);
        break;
      case DecisionKind::release:
        release(d);
        break;
      case DecisionKind::clear:
        clear(d);
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
    forget([segment](const Piece& piece) { return !piece.page && piece.id == segment; });
  }

  void destroy(const Decision& d) {
    const auto last = d.object + static_cast<std::uint32_t>(d.bytes / d.offset);
    for (const auto& [at, where] : mapped_) EXPECT_FALSE(where.id >= d.object && where.id < last) << "destroyed mapped";
    for (std::uint32_t page = d.object; page < last; ++page) EXPECT_EQ(page_bytes_.erase(page), 1u);
    forget([&](const Piece& piece) { return piece.page && piece.id >= d.object && piece.id < last; });
  }

  template <class Gone>
  void forget(Gone&& gone) {
    for (Past& past : past_) std::erase_if(past.use.pieces, gone);
    std::erase_if(past_, [](const Past& past) { return past.use.pieces.empty(); });
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

  // What lies behind each unit of a range.
  static constexpr std::uint64_t unit = std::uint64_t{2} << 20;
  void map(const Decision& d) {
    const std::uint64_t page = page_bytes_.at(d.object);
    for (std::uint64_t at = 0; at < d.bytes; at += unit) {
      const auto id = d.object + static_cast<std::uint32_t>(at / page);
      EXPECT_TRUE(page_bytes_.contains(id)) << "page " << id << " does not exist";
      const Piece behind{true, id, at % page, at % page + unit};
      EXPECT_TRUE(mapped_.insert({{d.segment, d.offset + at}, behind}).second) << "mapped twice";
    }
  }
  void unmap(const Decision& d) {
    for (std::uint64_t at = d.offset; at < d.offset + d.bytes; at += unit)
      EXPECT_EQ(mapped_.erase({d.segment, at}), 1u) << "unmapped what was not mapped";
    for (const auto& [object, l] : live)
      EXPECT_FALSE(l.segment == d.segment && l.begin < d.offset + d.bytes && d.offset < l.end) << "unmapped " << object;
  }

  // The memory behind addresses; empty where some of it is not held.
  std::vector<Piece> pieces(const Live& l) const {
    if (const auto segment = segments_.find(l.segment); segment != segments_.end()) {
      if (l.end > segment->second) return {};
      return {{false, l.segment, l.begin, l.end}};
    }
    std::vector<Piece> found;
    for (std::uint64_t at = l.begin / unit * unit; at < l.end; at += unit) {
      const auto behind = mapped_.find({l.segment, at});
      if (behind == mapped_.end()) return {};
      const Piece& p = behind->second;
      found.push_back(
          {true, p.id, p.begin + (std::max(at, l.begin) - at), p.begin + (std::min(at + unit, l.end) - at)});
    }
    return found;
  }

  // A use of held memory that nothing live has, ordered after all earlier ones.
  Live use_of(const Decision& d, const std::string& what) {
    Live l{d.segment, d.offset, d.offset + d.bytes, d.stream};
    l.pieces = pieces(l);
    EXPECT_FALSE(l.pieces.empty()) << what << " is outside held memory";
    for (const auto& [object, other] : live) EXPECT_FALSE(overlap(l, other)) << what << " overlaps " << object;
    for (const Past& p : past_) {
      if (!overlap(l, p.use) || p.use.stream == l.stream) continue;
      EXPECT_GT(known_[l.stream][p.use.stream], p.time) << what << " did not wait for another stream";
    }
    return l;
  }

  void place(const Decision& d) {
    ++places;
    EXPECT_TRUE(live.emplace(d.object, use_of(d, "object " + std::to_string(d.object))).second);
  }

  void clear(const Decision& d) { past_.push_back({use_of(d, "what is cleared"), time_}); }

  void release(const Decision& d) {
    ++releases;
    const auto found = live.find(d.object);
    ASSERT_TRUE(found != live.end());
    past_.push_back({found->second, time_});
    live.erase(found);
  }

  static bool overlap(const Live& a, const Live& b) {
    for (const Piece& p : a.pieces)
      for (const Piece& q : b.pieces)
        if (p.page == q.page && p.id == q.id && p.begin < q.end && q.begin < p.end) return true;
    return false;
  }

  std::uint64_t time_ = 0;
  std::map<std::uint32_t, std::uint64_t> segments_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, Piece> mapped_;
  std::map<std::uint32_t, std::uint64_t> page_bytes_;
  std::map<std::uint32_t, Clock> records_;
  std::map<std::uint16_t, Clock> known_;
  std::vector<Past> past_;
};

}  // namespace vramlab::testing
