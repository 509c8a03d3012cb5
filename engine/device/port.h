#pragma once
// What a policy sees of the device: it issues commands, gets ids, logical addresses and tokens at once, and every
// command is logged as a decision. The Port also holds the configured capacity, so that running into it is decided
// here, alike on every device.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "engine/core/decision.h"
#include "engine/core/types.h"
#include "engine/device/device.h"
#include "engine/device/input_log.h"

namespace vramlab {

/// Memory that a pool places objects in: a segment, or a virtual range.
struct Space {
  SegmentId id{};
  Address base{};
  Bytes bytes{};
};

/// A base address the recorded allocator got, in the order it asked; see Port::use_recorded_addresses.
struct RecordedAddress {
  Address address{};
  Bytes bytes{};
};

struct PortCounts {
  std::uint64_t segments_taken = 0;  ///< device tier, ranges' map calls not included
  std::uint64_t segments_held = 0;
  std::uint64_t map_calls = 0;
  std::uint64_t unmap_calls = 0;
  std::uint64_t pages_created = 0;
  bool left_address_book = false;  ///< the run departed from the recorded addresses, or outlived them
};

/// THREAD-SAFETY: none; one Port per run.
class Port {
 public:
  /// `capacity` limits physical bytes on the device tier: segments and pages.
  Port(Device& device, DecisionLog& log, Bytes capacity = Bytes(~std::uint64_t{0}));
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  // --- Called by the driver, never by a policy -------------------------------------------------------------------

  /// Base addresses are taken from `book` in order, one for each take_segment or map of the device tier, until a
  /// size differs or memory would overlap: then the run is not the recorded one any more, and addresses are assigned.
  void use_recorded_addresses(std::vector<RecordedAddress> book);
  /// Base addresses are those that the device gave its memory, so that a logical address is a pointer. `source` must
  /// outlive the Port.
  void use_device_addresses(const AddressSource& source) { device_addresses_ = &source; }
  /// Null where addresses are recorded or assigned. A Port behind this one must use the same.
  const AddressSource* device_addresses() const { return device_addresses_; }
  /// Failures of commands are appended here with the position kept by the driver.
  void record_inputs(InputLog& log, const std::uint64_t& position);
  /// Failures are those of the log; the device's own refusal of a command the log accepted throws DeviceError.
  void replay_failures(const InputLog& log);
  /// Whether every failure of the log has happened: else the log is of another run.
  bool all_failures_replayed() const { return next_failure_ == failures_.size(); }
  /// The next object placed in slot `block` is `object`.
  void bind(BlockId block, ObjectId object) {
    if (block.value >= object_of_.size()) grow(block);
    object_of_[block.value] = object.value;
  }

  /// `block` will be bound, placed or released soon: hides a cache miss where very many objects are live.
  void prefetch(BlockId block) const {
    if (block.value < object_of_.size()) __builtin_prefetch(object_of_.data() + block.value, 1);
  }

  // --- Objects -----------------------------------------------------------------------------------------------------

  void place(BlockId block, SegmentId space, Bytes offset, Bytes bytes, StreamId stream) {
    log_.append({.kind = DecisionKind::place,
                 .stream = stream.value,
                 .object = object_of_[block.value],
                 .segment = space.value,
                 .offset = offset.value,
                 .bytes = bytes.value});
  }
  void release(BlockId block) { log_.append({.kind = DecisionKind::release, .object = object_of_[block.value]}); }

  // --- Memory ------------------------------------------------------------------------------------------------------
  // nullopt / false: over the capacity, or refused by the device. Nothing has changed then.

  std::optional<Space> take_segment(Bytes bytes, StreamId stream, Tier tier = Tier::device);
  void return_segment(const Space& segment, Tier tier = Tier::device);

  std::optional<Space> reserve_range(Bytes bytes);
  void release_range(const Space& range);
  std::optional<PageId> create_pages(std::uint32_t count, Bytes page_bytes);
  void destroy_pages(PageId first, std::uint32_t count, Bytes page_bytes);
  bool map_pages(const Space& range, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes);
  bool alias_pages(const Space& range, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes);
  void unmap_pages(const Space& range, Bytes offset, Bytes bytes);

  /// In the order of `stream`. Nothing live may lie there.
  void clear(const Extent& extent, StreamId stream);

  // --- Order -------------------------------------------------------------------------------------------------------

  TokenId transfer(const Transfer& transfer, std::span<const TokenId> after = {});
  TokenId record(StreamId stream);
  void wait(StreamId stream, TokenId token);

  // --- Accounts ----------------------------------------------------------------------------------------------------

  Bytes capacity() const { return capacity_; }
  /// Physical bytes held on the device tier now, and at most so far.
  Bytes reserved() const { return reserved_; }
  Bytes peak_reserved() const { return peak_reserved_; }
  bool fits(Bytes more) const { return more <= capacity_ && reserved_ <= capacity_ - more; }
  const PortCounts& counts() const { return counts_; }
  /// Tokens issued so far; the driver asks the device for completions only when there are any.
  std::uint32_t tokens_issued() const { return next_token_; }

 private:
  void grow(BlockId block);
  template <class Command>
  bool issue(Command&& command);
  bool map(DecisionKind kind, const Space& range, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes);
  Address assign_address(SegmentId id, Bytes bytes);
  std::optional<Address> recorded_address(Bytes bytes) const;
  Address segment_base(SegmentId id, Bytes bytes);
  Address range_base(SegmentId id, Bytes bytes);
  void follow_recorded_map(Address address, Bytes bytes);
  void hold(Address base, Bytes bytes);
  bool overlaps_held(Address base, Bytes bytes) const;
  void add_reserved(Bytes bytes);

  Device& device_;
  DecisionLog& log_;
  Bytes capacity_;
  Bytes reserved_{};
  Bytes peak_reserved_{};
  PortCounts counts_;

  std::vector<std::uint32_t> object_of_;
  std::uint32_t next_segment_ = 0;
  std::uint32_t next_page_ = 0;
  std::uint32_t next_token_ = 0;
  Address next_address_;

  const AddressSource* device_addresses_ = nullptr;
  std::vector<RecordedAddress> book_;
  std::size_t book_next_ = 0;
  bool following_book_ = false;
  std::map<std::uint64_t, std::uint64_t> held_;  // base -> end of recorded memory; only while following the book

  std::uint64_t next_command_ = 0;
  InputLog* recording_ = nullptr;
  const std::uint64_t* position_ = nullptr;
  std::vector<std::uint64_t> failures_;  // ascending command numbers
  std::size_t next_failure_ = 0;
  bool replaying_ = false;
};

}  // namespace vramlab
