#pragma once
// A device for tests whose memory is the host's: segments, pages and their views hold bytes, streams keep their order,
// transfers copy. Work is carried out only when somebody has to have it: whatever no order compels is late (or, of
// streams, early), so that a policy or a run which forgets a wait is seen by what memory holds.

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/device/device.h"

namespace vramlab::testing {

struct HostDeviceOptions {
  Bytes memory{~std::uint64_t{0}};      ///< of the device tier; more is refused
  Nanoseconds call_cost{1000};          ///< of the host, each command
  Nanoseconds wait_cost{50'000};        ///< of the host, each wait for a token that is not complete
  std::uint64_t polls_to_complete = 0;  ///< every so many fruitless polls the oldest token completes; 0 = none does
  std::uint64_t corrupt_fill = 0;       ///< the last byte of this fill is wrong (counted from 1); 0 = none
  std::uint64_t corrupt_transfer = 0;   ///< the first byte that this transfer brings is wrong (from 1); 0 = none
  bool eager_streams = false;           ///< streams run ahead as far as they may; transfers are late all the same
};

class HostDevice : public RunnableDevice, public Contents {
 public:
  explicit HostDevice(HostDeviceOptions options = {}) : options_(options) {}

  // --- Device ------------------------------------------------------------------------------------------------------

  bool take_segment(SegmentId id, Tier tier, Bytes bytes, StreamId) override {
    call();
    if (tier == Tier::device && !reserve(bytes)) return false;
    spaces_[id.value] = {.bytes = bytes, .own = true, .memory = raw(bytes)};
    return true;
  }
  /// Waits for everything, as cudaFree does.
  void return_segment(SegmentId id, Tier tier, Bytes bytes) override {
    call();
    finish_all();
    if (tier == Tier::device) used_ -= bytes;
    erase(id);
  }
  bool reserve_range(SegmentId id, Bytes bytes) override {
    call();
    spaces_[id.value] = {.bytes = bytes, .own = false, .memory = {}};
    return true;
  }
  void release_range(SegmentId id, Bytes) override {
    call();
    erase(id);
  }
  bool create_pages(PageId first, std::uint32_t count, Bytes page_bytes) override {
    call();
    if (!reserve(page_bytes * count)) return false;
    for (std::uint32_t i = 0; i < count; ++i) pages_[first.value + i] = raw(page_bytes);
    return true;
  }
  void destroy_pages(PageId first, std::uint32_t count, Bytes page_bytes) override {
    call();
    for (std::uint32_t i = 0; i < count; ++i) pages_.erase(first.value + i);
    used_ -= page_bytes * count;
  }
  bool map_pages(SegmentId range, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes) override {
    call();
    std::map<std::uint64_t, View>& views = space(range).views;
    for (std::uint32_t i = 0; i < count; ++i)
      views[offset.value + i * page_bytes.value] = {page_bytes.value, pages_.at(first.value + i)};
    return true;
  }
  void unmap_pages(SegmentId range, Bytes offset, Bytes bytes) override {
    call();
    std::map<std::uint64_t, View>& views = space(range).views;
    views.erase(views.lower_bound(offset.value), views.lower_bound(offset.value + bytes.value));
  }

  void clear(const Extent& extent, StreamId stream) override {
    put(stream, [this, extent] {
      for_bytes(extent, [](std::byte* at, std::uint64_t, std::uint64_t bytes) { std::memset(at, 0, bytes); });
    });
  }
  void transfer(TokenId token, const Transfer& transfer, std::span<const TokenId> after) override {
    call();
    counters_.transfers += 1;
    counters_.transferred += transfer.bytes;
    const bool corrupt = counters_.transfers == options_.corrupt_transfer;
    issue(token, [this, transfer, corrupt, tokens = std::vector<TokenId>(after.begin(), after.end())] {
      for (const TokenId earlier : tokens) complete(earlier);
      copy(transfer, corrupt);
      counters_.transfer_time += options_.call_cost;
    });
  }
  void record(TokenId token, StreamId stream) override {
    call();
    const std::uint64_t upto = streams_[stream.value].put;
    issue(token, [this, stream, upto] { finish(streams_[stream.value], upto); });
  }
  void wait(StreamId stream, TokenId token) override {
    put(stream, [this, token] { complete(token); }, [this, token] { return !issued_.contains(token.value); });
  }

  // --- Run ---------------------------------------------------------------------------------------------------------

  /// Reads every operand, and leaves bytes of no meaning where it writes.
  void launch(StreamId stream, const Work& work) override {
    ++counters_.launches;
    operands_ += work.reads.size() + work.writes.size();
    put(stream, [this, time = work.gpu_time, reads = copy_of(work.reads), writes = copy_of(work.writes)] {
      gpu_time_ += time;
      for (const Extent& extent : reads) for_bytes(extent, [](std::byte*, std::uint64_t, std::uint64_t) {});
      for (const Extent& extent : writes)
        for_bytes(extent, [](std::byte* at, std::uint64_t, std::uint64_t bytes) { std::memset(at, 0xEE, bytes); });
    });
  }
  bool next_completed(TokenId& token, Nanoseconds& duration) override {
    if (unreported_.empty() && !issued_.empty() && options_.polls_to_complete != 0 &&
        ++polls_ % options_.polls_to_complete == 0)
      complete(TokenId(issued_.begin()->first));
    if (unreported_.empty()) return false;
    token = unreported_.front();
    duration = options_.call_cost;
    unreported_.pop_front();
    return true;
  }
  void synchronize(TokenId token) override {
    if (issued_.contains(token.value)) now_ += options_.wait_cost;
    complete(token);
  }
  void synchronize() override { finish_all(); }
  Nanoseconds now() const override { return now_ + gpu_time_; }
  DeviceCounters counters() const override { return counters_; }
  Contents* contents() override { return this; }

  // --- Contents ----------------------------------------------------------------------------------------------------

  void fill(StreamId stream, const Extent& extent, std::uint64_t pattern) override {
    const bool corrupt = ++fills_ == options_.corrupt_fill;
    put(stream, [this, extent, pattern, corrupt] {
      for_bytes(extent, [&](std::byte* at, std::uint64_t offset, std::uint64_t bytes) {
        for_pattern(pattern, offset, bytes, [&](std::uint64_t i, std::uint8_t byte) { at[i] = std::byte{byte}; });
        if (corrupt && offset + bytes == extent.bytes.value) at[bytes - 1] ^= std::byte{1};
      });
    });
  }
  void check(StreamId stream, const Extent& extent, std::uint64_t pattern, std::uint64_t tag) override {
    ++checks_;
    const std::uint64_t number = checks_;
    put(stream, [this, extent, pattern, tag, number] {
      Mismatch found{.tag = tag};
      for_bytes(extent, [&](const std::byte* at, std::uint64_t offset, std::uint64_t bytes) {
        for_pattern(pattern, offset, bytes, [&](std::uint64_t i, std::uint8_t expected) {
          const auto is = std::to_integer<std::uint8_t>(at[i]);
          if (expected != is && found.bytes++ == 0)
            found = {.tag = tag, .offset = Bytes(offset + i), .expected = expected, .found = is, .bytes = 1};
        });
      });
      if (found.bytes != 0) mismatches_.emplace(number, found);
    });
  }
  void order(StreamId before, StreamId after) override {
    const std::uint64_t upto = streams_[before.value].put;
    put(
        after, [this, before, upto] { finish(streams_[before.value], upto); },
        [this, before, upto] { return streams_[before.value].done >= upto; });
    ++orders_;
  }
  std::optional<Mismatch> first_mismatch() override {
    finish_all();
    return mismatches_.empty() ? std::nullopt : std::optional(mismatches_.begin()->second);
  }

  // --- For tests ---------------------------------------------------------------------------------------------------

  std::uint64_t fills() const { return fills_; }
  std::uint64_t checks() const { return checks_; }
  std::uint64_t orders() const { return orders_; }
  std::uint64_t operands() const { return operands_; }

 private:
  using Memory = std::shared_ptr<std::byte[]>;
  using Task = std::function<void()>;
  using Ready = std::function<bool()>;

  struct View {
    std::uint64_t bytes = 0;
    Memory page;
  };
  struct Space {
    Bytes bytes{};
    bool own = false;  ///< memory of its own, not views of pages
    Memory memory;
    std::map<std::uint64_t, View> views{};  ///< of a range: by offset
  };
  struct Stream {
    std::deque<std::pair<Task, Ready>> tasks;
    std::uint64_t put = 0, done = 0;
  };

  /// Zeros, but not touched before they are used: segments may be large.
  static Memory raw(Bytes bytes) {
    auto* const zeros = static_cast<std::byte*>(std::calloc(bytes.value, 1));
    if (zeros == nullptr) throw std::bad_alloc();
    return Memory(zeros, std::free);
  }
  static std::vector<Extent> copy_of(std::span<const Extent> extents) { return {extents.begin(), extents.end()}; }

  void call() {
    now_ += options_.call_cost;
    ++counters_.calls;
    counters_.call_time += options_.call_cost;
  }
  bool reserve(Bytes bytes) {
    if (bytes > options_.memory - used_) return false;
    used_ += bytes;
    return true;
  }
  Space& space(SegmentId id) {
    const auto found = spaces_.find(id.value);
    if (found == spaces_.end()) throw DeviceError("work on segment " + std::to_string(id.value) + ", which is gone");
    return found->second;
  }
  void erase(SegmentId id) { spaces_.erase(id.value); }

  // --- Order -------------------------------------------------------------------------------------------------------

  void put(StreamId id, Task task, Ready ready = [] { return true; }) {
    now_ += options_.call_cost;
    Stream& stream = streams_[id.value];
    stream.tasks.emplace_back(std::move(task), std::move(ready));
    ++stream.put;
    while (options_.eager_streams && !stream.tasks.empty() && stream.tasks.front().second())
      finish(stream, stream.done + 1);
  }
  void finish(Stream& stream, std::uint64_t upto) {
    while (stream.done < upto) {
      const Task task = std::move(stream.tasks.front().first);
      stream.tasks.pop_front();
      ++stream.done;
      task();
    }
  }
  void issue(TokenId token, Task task) { issued_.emplace(token.value, std::move(task)); }
  void complete(TokenId token) {
    const auto found = issued_.find(token.value);
    if (found == issued_.end()) return;
    const Task task = std::move(found->second);
    issued_.erase(found);
    task();
    unreported_.push_back(token);
  }
  /// The latest streams and tokens first: nothing is done in the order of its issue unless it must be.
  void finish_all() {
    for (auto stream = streams_.rbegin(); stream != streams_.rend(); ++stream)
      finish(stream->second, stream->second.put);
    while (!issued_.empty()) complete(TokenId(issued_.rbegin()->first));
  }

  // --- Bytes -------------------------------------------------------------------------------------------------------

  /// Calls work(address, offset in the extent, bytes) for the pieces of an extent.
  template <class Work>
  void for_bytes(const Extent& extent, Work&& work) {
    Space& in = space(extent.segment);
    if (extent.offset + extent.bytes > in.bytes) throw DeviceError("work beyond the end of a segment");
    if (in.own) return work(in.memory.get() + extent.offset.value, 0, extent.bytes.value);
    for (std::uint64_t done = 0; done < extent.bytes.value;) {
      const std::uint64_t at = extent.offset.value + done;
      auto view = in.views.upper_bound(at);
      if (view == in.views.begin() || at >= std::prev(view)->first + std::prev(view)->second.bytes)
        throw DeviceError("work on an address without a page");
      --view;
      const std::uint64_t bytes = std::min(extent.bytes.value - done, view->first + view->second.bytes - at);
      work(view->second.page.get() + (at - view->first), done, bytes);
      done += bytes;
    }
  }
  /// Calls work(i, pattern_byte(pattern, offset + i)).
  template <class Work>
  static void for_pattern(std::uint64_t pattern, std::uint64_t offset, std::uint64_t bytes, Work&& work) {
    for (std::uint64_t i = 0; i < bytes;) {
      std::uint64_t word = pattern_word(pattern, (offset + i) / 8) >> ((offset + i) % 8 * 8);
      for (std::uint64_t left = 8 - (offset + i) % 8; left > 0 && i < bytes; --left, ++i, word >>= 8)
        work(i, static_cast<std::uint8_t>(word));
    }
  }
  void copy(const Transfer& transfer, bool corrupt) {
    std::vector<std::byte> bytes(transfer.bytes.value);
    for_bytes({transfer.from.segment, transfer.from.offset, transfer.bytes},
              [&](const std::byte* at, std::uint64_t done, std::uint64_t n) { std::memcpy(&bytes[done], at, n); });
    if (corrupt) bytes[0] ^= std::byte{1};
    for_bytes({transfer.to.segment, transfer.to.offset, transfer.bytes},
              [&](std::byte* at, std::uint64_t done, std::uint64_t n) { std::memcpy(at, &bytes[done], n); });
  }

  HostDeviceOptions options_;
  Nanoseconds now_{}, gpu_time_{};
  Bytes used_{};
  DeviceCounters counters_;
  std::map<std::uint32_t, Space> spaces_;
  std::map<std::uint32_t, Memory> pages_;
  std::map<std::uint32_t, Stream> streams_;
  std::map<std::uint32_t, Task> issued_;  ///< tokens not complete
  std::deque<TokenId> unreported_;
  std::map<std::uint64_t, Mismatch> mismatches_;  ///< by number of the check
  std::uint64_t polls_ = 0, fills_ = 0, checks_ = 0, orders_ = 0, operands_ = 0;
};

}  // namespace vramlab::testing
