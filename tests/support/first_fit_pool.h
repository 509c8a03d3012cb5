#pragma once
// Small pools for tests, right and deliberately wrong ones, and traces to drive them with.

#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "engine/core/error.h"
#include "engine/pool/pool.h"
#include "engine/replay/replay.h"
#include "fake_device.h"
#include "traces/trace.h"

namespace vramlab::test {

/// What a wrong pool does wrong; `none` is a right one.
enum class Flaw {
  none,
  overlaps_by_one_byte,
  beyond_the_segment,
  too_small,
  another_stream,
  no_wait,
  early_token,
  unknown_token,
  places_nothing,
  places_twice,
  releases_nothing,
  releases_at_request,
  releases_another,
  returns_under_live,
  uses_returned_segment,
  wrong_segment_size,
};

/// First fit in segments of 1 MiB (or the request's size), without coalescing beyond what std::map gives for free.
/// Reuse on another stream waits for a token recorded at the release. Empty segments are kept.
class FirstFitPool : public Pool {
 public:
  FirstFitPool(Port& port, Flaw flaw) : port_(port), flaw_(flaw) {}

  void allocate(const AllocRequest& request) override {
    const Bytes bytes = flaw_ == Flaw::too_small ? request.bytes - 1_B : round_up(request.bytes, 512_B);
    if (flaw_ == Flaw::places_nothing) return;
    if (flaw_ == Flaw::early_token) early_ = port_.record(request.stream);
    auto hole = find_hole(bytes);
    if (hole == holes_.end()) hole = take_segment(bytes, request.stream);
    const Live live{hole->first.first, hole->first.second, bytes, request.stream};
    use_hole(hole, bytes, request.stream);
    place(request, live);
    blocks_[request.block.value] = live;
  }

  void free_requested(BlockId block) override {
    if (flaw_ == Flaw::releases_at_request) port_.release(block);
  }

  void release(BlockId block) override {
    const auto found = blocks_.find(block.value);
    if (found == blocks_.end()) throw PoolError("release of an unknown block");
    const Live live = found->second;
    blocks_.erase(found);
    if (flaw_ == Flaw::releases_another && !blocks_.empty()) return port_.release(BlockId(blocks_.begin()->first));
    if (flaw_ != Flaw::releases_nothing && flaw_ != Flaw::releases_at_request) port_.release(block);
    const bool again = flaw_ == Flaw::returns_under_live || flaw_ == Flaw::uses_returned_segment;
    if (again && (blocks_.empty() == (flaw_ == Flaw::uses_returned_segment))) port_.return_segment(spaces_[live.space]);
    if (flaw_ == Flaw::wrong_segment_size) {
      Space wrong = spaces_[live.space];
      wrong.bytes -= 512_B;
      port_.return_segment(wrong);
    }
    std::optional<TokenId> token;
    if (flaw_ != Flaw::no_wait) token = flaw_ == Flaw::early_token ? early_ : port_.record(live.stream);
    if (flaw_ == Flaw::unknown_token) token = TokenId(1000);
    holes_[{live.space, live.offset}] = {live.bytes, live.stream, token};
  }

  void completed(TokenId) override { ++completions; }
  void measured(TokenId, Nanoseconds) override { ++measurements; }

  Address address_of(BlockId block) const override {
    const Live& live = blocks_.at(block.value);
    return spaces_[live.space].base + live.offset;
  }
  PoolStats stats() const override { return {}; }
  void validate() const override {}

  std::uint64_t completions = 0, measurements = 0;

 private:
  struct Live {
    std::size_t space = 0;
    Bytes offset{}, bytes{};
    StreamId stream{0};
  };
  struct Hole {
    Bytes bytes{};
    StreamId stream{0};
    std::optional<TokenId> freed;  ///< none: never used
  };
  using Holes = std::map<std::pair<std::size_t, Bytes>, Hole>;

  Holes::iterator find_hole(Bytes bytes) {
    auto hole = holes_.begin();
    while (hole != holes_.end() && hole->second.bytes < bytes) ++hole;
    return hole;
  }

  Holes::iterator take_segment(Bytes bytes, StreamId stream) {
    const auto space = port_.take_segment(round_up(bytes, 1_MiB), stream);
    if (!space) throw OutOfMemory("no segment");
    spaces_.push_back(*space);
    return holes_.insert({{spaces_.size() - 1, 0_B}, Hole{space->bytes, stream, {}}}).first;
  }

  void use_hole(Holes::iterator at, Bytes bytes, StreamId stream) {
    const auto [key, hole] = *at;
    holes_.erase(at);
    if (hole.freed && hole.stream != stream) port_.wait(stream, *hole.freed);
    if (hole.bytes > bytes) holes_[{key.first, key.second + bytes}] = {hole.bytes - bytes, hole.stream, hole.freed};
  }

  void place(const AllocRequest& request, const Live& live) {
    Bytes offset = live.offset;
    if (flaw_ == Flaw::overlaps_by_one_byte && offset > 0_B) offset -= 1_B;
    if (flaw_ == Flaw::beyond_the_segment) offset = spaces_[live.space].bytes - live.bytes + 1_B;
    const StreamId stream = flaw_ == Flaw::another_stream ? StreamId(7) : request.stream;
    port_.place(request.block, spaces_[live.space].id, offset, live.bytes, stream);
    if (flaw_ == Flaw::places_twice) port_.place(request.block, spaces_[live.space].id, offset, live.bytes, stream);
  }

  Port& port_;
  Flaw flaw_;
  std::vector<Space> spaces_;
  Holes holes_;
  std::map<std::uint32_t, Live> blocks_;
  std::optional<TokenId> early_;
};

template <Flaw flaw>
std::unique_ptr<Pool> make_first_fit(Port& port, const OptionValues&, const PoolContext&) {
  return std::make_unique<FirstFitPool>(port, flaw);
}

template <Flaw flaw = Flaw::none>
PoolInfo first_fit() {
  return {.name = "first-fit", .summary = "for tests", .options = {}, .make = make_first_fit<flaw>};
}

/// Builds a trace event by event.
class TraceBuilder {
 public:
  TraceBuilder() {
    trace_.name = "built";
    trace_.stream_names = {0};
  }
  TraceBuilder& alloc(std::uint64_t bytes, std::uint16_t stream = 0) {
    event(EventKind::alloc, static_cast<std::uint32_t>(trace_.sizes.size()));
    trace_.sizes.push_back(Bytes(bytes));
    trace_.streams.push_back(StreamId(stream));
    while (trace_.stream_names.size() <= stream) trace_.stream_names.push_back(trace_.stream_names.size());
    return *this;
  }
  TraceBuilder& request(std::uint32_t object) { return event(EventKind::free_requested, object); }
  TraceBuilder& free(std::uint32_t object) { return event(EventKind::free_completed, object); }
  TraceBuilder& iteration(std::uint32_t number) { return event(EventKind::iteration, number); }
  TraceBuilder& op(std::int64_t gpu_ns, const std::vector<std::uint32_t>& reads = {},
                   const std::vector<std::uint32_t>& writes = {}) {
    if (trace_.operators.names.empty()) trace_.operators.names.push_back("op");
    event(EventKind::op, static_cast<std::uint32_t>(trace_.operators.size()));
    trace_.operators.name.push_back(0);
    trace_.operators.gpu_time.push_back(Nanoseconds(gpu_ns));
    append(trace_.operators.reads, reads);
    append(trace_.operators.writes, writes);
    return *this;
  }
  TraceBuilder& segment(SegmentAction action, std::uint64_t address, std::uint64_t bytes) {
    event(EventKind::segment, static_cast<std::uint32_t>(trace_.segment_events.size()));
    trace_.segment_events.push_back({action, StreamId(0), Address(address), Bytes(bytes)});
    return *this;
  }
  TraceBuilder& event(EventKind kind, std::uint32_t subject) {
    trace_.kinds.push_back(kind);
    trace_.subjects.push_back(subject);
    return *this;
  }
  Trace build() const { return trace_; }

 private:
  static void append(Lists& lists, const std::vector<std::uint32_t>& objects) {
    lists.values.insert(lists.values.end(), objects.begin(), objects.end());
    lists.close();
  }

  Trace trace_;
};

/// A request for one run on a FakeDevice.
inline ReplayRequest request_for(const PoolInfo& pool) {
  ReplayRequest request;
  request.pool = &pool;
  request.pool_options = OptionValues("pool", pool.options);
  request.machine_name = "fake";
  request.device_memory = 64_GiB;
  request.make_device = [] { return make_fake_device(); };
  request.min_seconds = 0;
  return request;
}

}  // namespace vramlab::test
