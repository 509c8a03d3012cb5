#pragma once
// The memory a world holds, by address, as its decisions tell.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "engine/core/decision.h"

namespace vramlab::plugin {

/// Contiguous addresses with memory behind them: a segment, or neighbouring mapped pages of a range. Pages that are
/// mapped twice are there twice.
struct HeldSegment {
  Address base{};
  Bytes bytes{};
  StreamId stream{0};
  bool mapped = false;  ///< pages in a range
};

/// A sink of decisions; see decision.h.
/// THREAD-SAFETY: none.
class SegmentBook : public EventSink {
 public:
  void on_decisions(std::span<const Decision> batch) override;

  /// In the order of addresses; mapped neighbours are one.
  std::vector<HeldSegment> segments() const;
  /// The segment or mapped stretch that `address` lies in.
  std::optional<HeldSegment> find(Address address) const;
  /// Segments taken and stretches mapped since the beginning, and those given back.
  std::uint64_t taken() const { return taken_; }
  std::uint64_t given_back() const { return given_back_; }

 private:
  struct Range {
    Address base{};
    std::map<Bytes, Bytes> mapped;  // offset -> end; apart from each other
  };

  void on_decision(const Decision& decision);
  static void map(Range& range, Bytes offset, Bytes end);
  static void unmap(Range& range, Bytes offset, Bytes end);

  std::map<std::uint32_t, HeldSegment> segments_;  // by id
  std::map<std::uint32_t, Range> ranges_;
  std::uint64_t taken_ = 0;
  std::uint64_t given_back_ = 0;
};

}  // namespace vramlab::plugin
