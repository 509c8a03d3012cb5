#pragma once
// Whether memory holds what the program put there: every object carries a pattern, written at its allocation and at
// each recorded write, and compared at every recorded read, after every move, before its free and at the end.
//
// Patterns are written and compared in the order of the object's own stream (see LiveOperators for operators).

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/device/device.h"
#include "engine/replay/placement_table.h"
#include "traces/trace.h"

namespace vramlab {

/// Memory: 5 bytes an object, and 16 a comparison since the device was last asked.
class LiveContents {
 public:
  /// All must outlive this.
  LiveContents(const Trace& trace, PlacementTable& places, Contents& contents);

  /// Objects come and go: what is not `readable` (away, or on its way back) is compared no sooner than it is read.
  void expect_absences(std::function<bool(ObjectId)> readable) { readable_ = std::move(readable); }

  // REQUIRES of all: the table has seen every decision so far.
  // Throws InvariantError naming the first wrong byte: trace event, object, offset, what is there and what should be.
  // Devices compare while the run goes on: the failure comes at the next iteration, after some thousands of events, or
  // at the end, and names the event at which the byte was found.

  /// The event at `position` is about to happen: what it reads or gives up is compared.
  void before(std::uint64_t position);
  /// It has happened: what it allocated or wrote gets its pattern.
  void after(std::uint64_t position);
  /// Decisions were made at `position` (by an event or an input): what moved is compared.
  void follow_moves(std::uint64_t position);
  /// After the last event: what is still live is compared.
  void finish();
  /// After the last event: `object` was away and has come back.
  void come_home(ObjectId object);
  /// Waits for all comparisons so far.
  void poll();

 private:
  enum class Occasion : std::uint8_t { read, move, free, end, home };
  struct Asked {
    std::uint64_t position = 0;
    std::uint32_t object = 0;
    Occasion occasion{};
  };

  void write(std::uint32_t object);
  void give_up(std::uint32_t object, std::uint64_t position);
  void compare(std::uint32_t object, std::uint64_t position, Occasion occasion);
  bool readable(std::uint32_t object) const { return !readable_ || readable_(ObjectId(object)); }
  std::uint64_t pattern_of(std::uint32_t object) const;
  [[noreturn]] void fail(const Asked& asked, const Mismatch& mismatch) const;
  std::string occasion_text(const Asked& asked) const;

  const Trace& trace_;
  PlacementTable& places_;
  Contents& contents_;
  std::vector<std::uint32_t> version_;  ///< by object: writes so far
  std::vector<bool> given_up_;          ///< by object: its program let go, nothing is promised any more
  std::function<bool(ObjectId)> readable_;
  std::vector<Asked> asked_;  ///< since the last poll; the tag is the index
};

}  // namespace vramlab
