#pragma once
// The decisions of a run as readable lines.

#include <fmt/format.h>

#include <string>
#include <vector>

#include "engine/core/decision.h"

namespace vramlab::testing {

class RecordedDecisions : public EventSink {
 public:
  explicit RecordedDecisions(DecisionLog& log) : log_(log) { log.add_sink(*this); }

  void on_decisions(std::span<const Decision> batch) override {
    for (const Decision& decision : batch) lines_.push_back(text_of(decision));
  }

  /// "KIND TIER sSTREAM oOBJECT segSEGMENT +OFFSET BYTES" of every decision so far.
  const std::vector<std::string>& lines() {
    log_.flush();
    return lines_;
  }

 private:
  static std::string text_of(const Decision& d) {
    static constexpr const char* kinds[] = {
        "version",      "place",         "release", "segment_take", "segment_return", "range_reserve", "range_release",
        "pages_create", "pages_destroy", "map",     "alias",        "unmap",          "transfer_from", "transfer_to",
        "after",        "record",        "wait"};
    return fmt::format("{} {} s{} o{} seg{} +{} {}", kinds[static_cast<std::size_t>(d.kind)],
                       "dphx"[static_cast<std::size_t>(d.tier)], d.stream, d.object, d.segment, d.offset, d.bytes);
  }

  DecisionLog& log_;
  std::vector<std::string> lines_;
};

}  // namespace vramlab::testing
