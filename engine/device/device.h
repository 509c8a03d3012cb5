#pragma once
// The Device port: the commands a policy's decisions turn into. A device returns at once; what takes time is named
// by a token. It has no clock here: time and waiting belong to the run (DeviceRun), which only replay sees.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/core/types.h"
#include "engine/device/codec.h"
#include "engine/device/pattern.h"

namespace vramlab {

/// One end of a transfer: bytes at segment+offset. Ranges are named by SegmentIds too.
struct TransferEnd {
  SegmentId segment;
  Tier tier{};
  Bytes offset{};
};

struct Transfer {
  TransferEnd from;
  TransferEnd to;
  Bytes bytes{};
  CodecFigures codec{};  ///< packs the bytes on the way: fewer pass the link, and packing and unpacking take their time
};

/// Bytes of a segment or range of the device tier.
struct Extent {
  SegmentId segment;
  Bytes offset{};
  Bytes bytes{};
};

/// Commands in order. Ids are given by the Port, dense and never reused.
/// `bool` results: false = the device refused (the Port turns it into the input failed(command)); nothing changed.
class Device {
 public:
  virtual ~Device() = default;

  virtual bool take_segment(SegmentId id, Tier tier, Bytes bytes, StreamId stream) = 0;
  virtual void return_segment(SegmentId id, Tier tier, Bytes bytes) = 0;

  virtual bool reserve_range(SegmentId id, Bytes bytes) = 0;
  virtual void release_range(SegmentId id, Bytes bytes) = 0;
  /// `count` pages of `page_bytes` each, ids first, first+1, ...
  virtual bool create_pages(PageId first, std::uint32_t count, Bytes page_bytes) = 0;
  virtual void destroy_pages(PageId first, std::uint32_t count, Bytes page_bytes) = 0;
  /// Consecutive pages to consecutive addresses from `offset` on. An alias is a second mapping of the same pages.
  virtual bool map_pages(SegmentId range, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes) = 0;
  virtual void unmap_pages(SegmentId range, Bytes offset, Bytes bytes) = 0;

  /// Sets bytes of the device tier to 0, in the order of `stream`.
  virtual void clear(const Extent& extent, StreamId stream) = 0;
  /// Starts once every token of `after` is complete; completes `token`.
  virtual void transfer(TokenId token, const Transfer& transfer, std::span<const TokenId> after) = 0;
  /// `token` completes when the work now in `stream` is done.
  virtual void record(TokenId token, StreamId stream) = 0;
  /// Work put into `stream` from now on starts after `token`.
  virtual void wait(StreamId stream, TokenId token) = 0;
};

/// Calls of memory management.
enum class CallKind : std::uint8_t {
  segment_take,  ///< of any tier
  segment_return,
  range_reserve,
  range_release,
  page_create,
  page_destroy,
  map,
  unmap
};
inline constexpr std::array<std::string_view, 8> call_names{
    "segment_take", "segment_return", "range_reserve", "range_release", "page_create", "page_destroy", "map", "unmap"};
inline constexpr std::size_t call_kinds = call_names.size();

/// Calls of one kind.
struct CallAccount {
  std::uint64_t calls = 0;
  std::uint64_t pages = 0;  ///< in those calls, of an unmapping its granules; 0 of segments and ranges
  Nanoseconds time{};       ///< of the host
};

/// Counted by the device while it runs. Times are the host's.
struct DeviceCounters {
  std::uint64_t calls = 0;  ///< memory-management calls
  Nanoseconds call_time{};  ///< host time in them
  std::array<CallAccount, call_kinds> by_kind{};
  std::uint64_t transfers = 0;
  Bytes transferred{};
  Nanoseconds transfer_time{};  ///< sum of the links' busy times
  std::uint64_t launches = 0;

  void add(CallKind kind, std::uint64_t pages, Nanoseconds time) {
    CallAccount& account = by_kind[static_cast<std::size_t>(kind)];
    ++calls;
    call_time += time;
    ++account.calls;
    account.pages += pages;
    account.time += time;
  }
};

/// Where a device really put its segments and ranges of the device tier.
class AddressSource {
 public:
  virtual ~AddressSource() = default;
  /// REQUIRES: taken or reserved, and not given back.
  virtual Address base_of(SegmentId id) const = 0;
};

/// An operator. Extents hold until launch() returns; a device without contents passes them over.
struct Work {
  Work(Nanoseconds time) : gpu_time(time) {}  // NOLINT(google-explicit-constructor): an operator may be its time alone
  Work(Nanoseconds time, std::span<const Extent> read, std::span<const Extent> written)
      : gpu_time(time), reads(read), writes(written) {}

  Nanoseconds gpu_time;
  std::span<const Extent> reads;
  std::span<const Extent> writes;
};

/// A byte that is not what was written.
struct Mismatch {
  std::uint64_t tag = 0;  ///< as given to check()
  Bytes offset{};         ///< of the first wrong byte, from the beginning of the extent
  std::uint8_t expected = 0;
  std::uint8_t found = 0;
  std::uint64_t bytes = 0;  ///< wrong bytes of this extent
};

/// Memory whose bytes can be written and compared, in the order of a stream. A pattern is a number; byte i of an extent
/// that holds it is pattern_byte(pattern, i), so that no two patterns look alike anywhere.
class Contents {
 public:
  virtual ~Contents() = default;
  virtual void fill(StreamId stream, const Extent& extent, std::uint64_t pattern) = 0;
  virtual void check(StreamId stream, const Extent& extent, std::uint64_t pattern, std::uint64_t tag) = 0;
  /// Work put into `after` from now on starts after all work now in `before`: an order that the program keeps, not one
  /// that a policy decides.
  virtual void order(StreamId before, StreamId after) = 0;
  /// Waits for all checks so far. The first that failed, in order of their issue.
  virtual std::optional<Mismatch> first_mismatch() = 0;
};

/// What kept a stream or a link busy, from begin to end by the device's clock.
struct TimelineSpan {
  enum class Kind : std::uint8_t { launch, clear, transfer };
  Kind kind{};
  Nanoseconds begin{};
  Nanoseconds end{};
  StreamId stream{};        ///< launch, clear
  std::uint64_t order = 0;  ///< launch: how many were put before it, in all streams
  Tier from{}, to{};        ///< transfer
  TokenId token{};          ///< transfer
  Bytes bytes{};            ///< transfer: of the object
};

/// The run's side of a device: work, clock, waiting, counters. Policies never see it.
class DeviceRun {
 public:
  virtual ~DeviceRun() = default;

  /// Puts an operator into `stream`.
  virtual void launch(StreamId stream, const Work& work) = 0;
  /// If a token that was not reported yet is complete by now: sets `token` and its duration (from start to
  /// completion) and returns true. Order: time of completion (of records that have one), then token. Each once.
  virtual bool next_completed(TokenId& token, Nanoseconds& duration) = 0;
  /// Blocks the host until `token` is complete.
  virtual void synchronize(TokenId token) = 0;
  /// Blocks the host until everything is done.
  virtual void synchronize() = 0;
  /// Host time since the run began.
  virtual Nanoseconds now() const = 0;
  virtual DeviceCounters counters() const = 0;
  /// From now on appends what ended to `spans`, in any order, until null is given. False: this device cannot tell.
  virtual bool follow_timeline(std::vector<TimelineSpan>* /*spans*/) { return false; }
  /// Null where memory is only counted.
  virtual Contents* contents() { return nullptr; }
  /// The device that says when this one reports completions, and so what this one was predicted to take; else null.
  virtual const DeviceRun* timetable() const { return nullptr; }
};

/// Both sides of one device. The driver keeps it; policies get a Port.
class RunnableDevice : public Device, public DeviceRun {};

}  // namespace vramlab
