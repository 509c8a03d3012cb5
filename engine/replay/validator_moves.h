#pragma once
// The validator's own account of live objects that move; the rule stands in validator.h.

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/core/decision.h"

namespace vramlab::validation {

/// Bytes of a segment or range.
struct Place {
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

/// Follows one copy at a time: the last. Every check throws Complaint.
class MoveAccount {
 public:
  void next_event() { records_.clear(); }
  void record(std::uint32_t token, std::uint16_t stream) { records_.emplace_back(token, stream); }
  void wait(std::uint16_t stream, std::uint32_t token);
  void copy(const Decision& from, const Decision& to, std::span<const std::uint32_t> after);

  /// Whether the last copy is one inside the device of all that lies there.
  bool copied(const Place& place) const;
  /// A live object of `stream` gives up its place.
  void leave(std::uint32_t object, const Place& place, std::uint16_t stream);
  /// The object that left, until it arrives.
  std::optional<std::uint32_t> moving() const { return moving_; }
  /// It is placed again. Returns the transfer's token.
  std::uint32_t arrive(const Decision& place);

 private:
  struct Copy {
    std::uint32_t token = 0;
    Place from, to;
    bool on_device = false;
    std::vector<std::uint16_t> after;  ///< streams whose work up to this event it follows
    std::vector<std::uint16_t> waits;  ///< streams that wait for it
  };

  std::vector<std::pair<std::uint32_t, std::uint16_t>> records_;  ///< token, stream: of this event
  std::optional<Copy> copy_;
  std::optional<std::uint32_t> moving_;
  std::uint16_t stream_ = 0;  ///< of the moving object
};

}  // namespace vramlab::validation
