#include "engine/device/port.h"

#include <fmt/format.h>
#include <algorithm>
#include <iterator>

#include "engine/core/check.h"
#include "engine/core/error.h"
#include "engine/core/option.h"

namespace vramlab {
namespace {
// Assigned addresses begin here and are never used twice; they only have to differ and to look like addresses.
constexpr Address first_address{std::uint64_t{1} << 44};
constexpr Bytes address_granule = 2_MiB;
}  // namespace

Port::Port(Device& device, DecisionLog& log, Bytes capacity)
    : device_(device), log_(log), capacity_(capacity), next_address_(first_address) {}

void Port::use_recorded_addresses(std::vector<RecordedAddress> book) {
  book_ = std::move(book);
  book_next_ = 0;
  following_book_ = !book_.empty();
}

void Port::record_inputs(InputLog& log, const std::uint64_t& position) {
  recording_ = &log;
  position_ = &position;
}

void Port::replay_failures(const InputLog& log) {
  replaying_ = true;
  for (const Input& input : log.inputs)
    if (input.kind == InputKind::failed) failures_.push_back(input.subject);
  VRAMLAB_CHECK(std::is_sorted(failures_.begin(), failures_.end()),
                "failed commands of the input log are not in order");
}

void Port::grow(BlockId block) {
  VRAMLAB_CHECK(block.valid(), "no block");
  object_of_.resize(std::max<std::size_t>(std::size_t{block.value} + 1, object_of_.size() * 2));
}

// A command's answer is an input: taken from the log in a replay, else from the device and written to the log.
template <class Command>
bool Port::issue(Command&& command) {
  const std::uint64_t number = next_command_++;
  if (next_failure_ < failures_.size() && failures_[next_failure_] == number) {
    ++next_failure_;
    return false;
  }
  if (command()) return true;
  if (replaying_)
    throw DeviceError(fmt::format("the device refused command {}, which the input log accepted", number), {},
                      "replay the log on a device with at least as much memory");
  if (recording_ != nullptr) recording_->inputs.push_back({InputKind::failed, *position_, number, 0});
  return false;
}

void Port::add_reserved(Bytes bytes) {
  reserved_ += bytes;
  peak_reserved_ = std::max(peak_reserved_, reserved_);
}

Address Port::assign_address(SegmentId id, Bytes bytes) {
  if (device_addresses_ != nullptr) return device_addresses_->base_of(id);
  const Address base = next_address_;
  next_address_ += Address(round_up(bytes, address_granule).value);
  return base;
}

void Port::hold(Address base, Bytes bytes) { held_[base.value] = (base + bytes).value; }

bool Port::overlaps_held(Address base, Bytes bytes) const {
  const auto above = held_.lower_bound((base + bytes).value);
  return above != held_.begin() && std::prev(above)->second > base.value;
}

// The next recorded base if this take can be the recorded one.
std::optional<Address> Port::recorded_address(Bytes bytes) const {
  if (!following_book_ || book_next_ >= book_.size() || book_[book_next_].bytes != bytes) return std::nullopt;
  const Address base = book_[book_next_].address;
  return overlaps_held(base, bytes) ? std::nullopt : std::optional(base);
}

Address Port::segment_base(SegmentId id, Bytes bytes) {
  const std::optional<Address> recorded = recorded_address(bytes);
  if (following_book_ && !recorded) {
    following_book_ = false;
    counts_.left_address_book = true;
  }
  if (!recorded) return assign_address(id, bytes);
  ++book_next_;
  hold(*recorded, bytes);
  return *recorded;
}

// A range has no recorded event of its own: it begins where its first map does.
Address Port::range_base(SegmentId id, Bytes bytes) {
  if (!following_book_ || book_next_ >= book_.size()) return assign_address(id, bytes);
  return book_[book_next_].address;
}

void Port::follow_recorded_map(Address address, Bytes bytes) {
  if (!following_book_) return;
  if (book_next_ < book_.size() && book_[book_next_].bytes == bytes && book_[book_next_].address == address) {
    ++book_next_;
    return;
  }
  following_book_ = false;
  counts_.left_address_book = true;
}

std::optional<Space> Port::take_segment(Bytes bytes, StreamId stream, Tier tier) {
  const bool on_device = tier == Tier::device;
  if (on_device && !fits(bytes)) return std::nullopt;
  const SegmentId id(next_segment_);
  if (!issue([&] { return device_.take_segment(id, tier, bytes, stream); })) return std::nullopt;
  ++next_segment_;
  const Space segment{id, on_device ? segment_base(id, bytes) : Address(0), bytes};
  log_.append({.kind = DecisionKind::segment_take,
               .tier = tier,
               .stream = stream.value,
               .segment = id.value,
               .offset = segment.base.value,
               .bytes = bytes.value});
  if (on_device) {
    add_reserved(bytes);
    ++counts_.segments_taken;
    ++counts_.segments_held;
  }
  return segment;
}

void Port::return_segment(const Space& segment, Tier tier) {
  device_.return_segment(segment.id, tier, segment.bytes);
  log_.append(
      {.kind = DecisionKind::segment_return, .tier = tier, .segment = segment.id.value, .bytes = segment.bytes.value});
  if (tier != Tier::device) return;
  reserved_ -= segment.bytes;
  held_.erase(segment.base.value);
  --counts_.segments_held;
}

std::optional<Space> Port::reserve_range(Bytes bytes) {
  const SegmentId id(next_segment_);
  if (!issue([&] { return device_.reserve_range(id, bytes); })) return std::nullopt;
  ++next_segment_;
  const Space range{id, range_base(id, bytes), bytes};
  log_.append(
      {.kind = DecisionKind::range_reserve, .segment = id.value, .offset = range.base.value, .bytes = bytes.value});
  return range;
}

void Port::release_range(const Space& range) {
  device_.release_range(range.id, range.bytes);
  log_.append({.kind = DecisionKind::range_release, .segment = range.id.value, .bytes = range.bytes.value});
}

std::optional<PageId> Port::create_pages(std::uint32_t count, Bytes page_bytes) {
  const Bytes bytes = page_bytes * count;
  if (!fits(bytes)) return std::nullopt;
  const PageId first(next_page_);
  if (!issue([&] { return device_.create_pages(first, count, page_bytes); })) return std::nullopt;
  next_page_ += count;
  log_.append(
      {.kind = DecisionKind::pages_create, .object = first.value, .offset = page_bytes.value, .bytes = bytes.value});
  add_reserved(bytes);
  counts_.pages_created += count;
  return first;
}

void Port::destroy_pages(PageId first, std::uint32_t count, Bytes page_bytes) {
  device_.destroy_pages(first, count, page_bytes);
  log_.append({.kind = DecisionKind::pages_destroy,
               .object = first.value,
               .offset = page_bytes.value,
               .bytes = (page_bytes * count).value});
  reserved_ -= page_bytes * count;
}

bool Port::map(DecisionKind kind, const Space& range, Bytes offset, PageId first, std::uint32_t count,
               Bytes page_bytes) {
  const Bytes bytes = page_bytes * count;
  VRAMLAB_CHECK(offset + bytes <= range.bytes, "mapping beyond the end of the range");
  if (!issue([&] { return device_.map_pages(range.id, offset, first, count, page_bytes); })) return false;
  log_.append(
      {.kind = kind, .object = first.value, .segment = range.id.value, .offset = offset.value, .bytes = bytes.value});
  follow_recorded_map(range.base + offset, bytes);
  ++counts_.map_calls;
  return true;
}

bool Port::map_pages(const Space& range, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes) {
  return map(DecisionKind::map, range, offset, first, count, page_bytes);
}

bool Port::alias_pages(const Space& range, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes) {
  return map(DecisionKind::alias, range, offset, first, count, page_bytes);
}

void Port::unmap_pages(const Space& range, Bytes offset, Bytes bytes) {
  device_.unmap_pages(range.id, offset, bytes);
  log_.append({.kind = DecisionKind::unmap, .segment = range.id.value, .offset = offset.value, .bytes = bytes.value});
  ++counts_.unmap_calls;
}

void Port::clear(const Extent& extent, StreamId stream) {
  device_.clear(extent, stream);
  log_.append({.kind = DecisionKind::clear,
               .stream = stream.value,
               .segment = extent.segment.value,
               .offset = extent.offset.value,
               .bytes = extent.bytes.value});
}

// The device first: where it throws, no token is spent and no decision is written.

TokenId Port::transfer(const Transfer& transfer, std::span<const TokenId> after) {
  const TokenId token(next_token_);
  device_.transfer(token, transfer, after);
  ++next_token_;
  for (TokenId earlier : after) log_.append({.kind = DecisionKind::after, .object = earlier.value});
  const auto end = [&](DecisionKind kind, const TransferEnd& e) {
    log_.append({.kind = kind,
                 .tier = e.tier,
                 .object = token.value,
                 .segment = e.segment.value,
                 .offset = e.offset.value,
                 .bytes = transfer.bytes.value});
  };
  end(DecisionKind::transfer_from, transfer.from);
  end(DecisionKind::transfer_to, transfer.to);
  return token;
}

TokenId Port::record(StreamId stream) {
  const TokenId token(next_token_);
  device_.record(token, stream);
  ++next_token_;
  log_.append({.kind = DecisionKind::record, .stream = stream.value, .object = token.value});
  return token;
}

void Port::wait(StreamId stream, TokenId token) {
  device_.wait(stream, token);
  log_.append({.kind = DecisionKind::wait, .stream = stream.value, .object = token.value});
}

}  // namespace vramlab
