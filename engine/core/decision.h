#pragma once
// What a policy decides, as 32-byte records: the only thing that validators, digests, maps and views see.

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/types.h"

namespace vramlab {

/// Numbers are part of the digest: append only, never renumber.
enum class DecisionKind : std::uint8_t {
  version = 0,         ///< first record of every log: bytes = format version
  place = 1,           ///< object lives at segment+offset, bytes = allocated size
  release = 2,         ///< object's place is free again
  segment_take = 3,    ///< segment of `bytes` taken from `tier`; offset = logical base address
  segment_return = 4,  ///< segment given back
  range_reserve = 5,   ///< virtual range (id in `segment`) of `bytes`; offset = logical base address
  range_release = 6,
  pages_create = 7,    ///< object = first page id, bytes = page size * count, offset = page size
  pages_destroy = 8,   ///< same fields
  map = 9,             ///< pages from `object` on become [offset, offset + bytes) of range `segment`
  alias = 10,          ///< like map, for pages that are mapped elsewhere too
  unmap = 11,          ///< [offset, offset + bytes) of range `segment` has no pages any more
  transfer_from = 12,  ///< object = token; tier, segment, offset of the source; bytes
  transfer_to = 13,    ///< object = token; tier, segment, offset of the destination
  after = 14,          ///< object = token that the next transfer waits for
  record = 15,         ///< object = token that completes when `stream`'s work so far is done
  wait = 16,           ///< `stream` waits for token `object`
  clear = 17,          ///< [offset, offset + bytes) of `segment` is set to 0 in the order of `stream`
};

inline constexpr std::uint64_t decision_format_version = 1;

/// One decision. Ids are dense in order of appearance. No times, pointers or inputs.
struct Decision {
  DecisionKind kind{};
  Tier tier{};
  std::uint16_t stream = 0;
  std::uint32_t object = 0;
  std::uint32_t segment = 0;
  std::uint32_t zero = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};
static_assert(sizeof(Decision) == 32);
static_assert(std::endian::native == std::endian::little, "the digest is defined over little-endian records");

/// Receives decisions in order, in batches.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void on_decisions(std::span<const Decision> batch) = 0;
};

/// Collects decisions and hands full batches to its sinks. Writes its version record first.
/// THREAD-SAFETY: none; one log per run.
class DecisionLog {
 public:
  DecisionLog() { begin(); }

  /// Sinks are not owned and must outlive the log's use. REQUIRES: nothing was appended yet.
  void add_sink(EventSink& sink) { sinks_.push_back(&sink); }

  void append(const Decision& d) {
    buffer_[used_++] = d;
    if (used_ == buffer_.size()) flush();
  }

  /// Hands what is buffered to the sinks.
  void flush() {
    const std::span<const Decision> batch(buffer_.data(), used_);
    used_ = 0;
    if (batch.empty()) return;
    for (EventSink* sink : sinks_) sink->on_decisions(batch);
  }

 private:
  void begin() { append({.kind = DecisionKind::version, .bytes = decision_format_version}); }

  std::array<Decision, 256> buffer_;  // 8 KiB: stays in the first-level cache
  std::size_t used_ = 0;
  std::vector<EventSink*> sinks_;
};

}  // namespace vramlab
