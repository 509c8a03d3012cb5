// Random programs on a model of the allocator: what was recorded of them comes back, whole or from the middle.

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <random>

#include "snapshot_reading.h"

namespace vramlab {
namespace {

using test::entry;
using test::Py;

constexpr std::uint64_t segment_bytes = 2 << 20;
constexpr std::uint64_t block_bytes = 64 << 10;
constexpr std::uint64_t base = 0x7f00'0000'0000;

/// One step of a program, as its entry tells it.
struct Step {
  const char* action;
  std::uint64_t address;
  std::uint64_t size;
  std::uint64_t stream;
  std::int64_t time_us;
};

struct Live {
  std::uint64_t size, stream;
  bool requested = false;
};

/// What is held at some moment.
struct World {
  std::map<std::uint64_t, Live> blocks;
  std::map<std::uint64_t, std::uint64_t> segments;  // address -> stream

  void apply(const Step& step) {
    const std::string_view action = step.action;
    if (action == "alloc") blocks[step.address] = {step.size, step.stream, false};
    if (action == "free_requested") blocks.at(step.address).requested = true;
    if (action == "free_completed") blocks.erase(step.address);
    if (action == "segment_alloc") segments[step.address] = step.stream;
    if (action == "segment_free") segments.erase(step.address);
  }
  bool segment_is_empty(std::uint64_t segment) const {
    const auto block = blocks.lower_bound(segment);
    return block == blocks.end() || block->first >= segment + segment_bytes;
  }
};

class Program {
 public:
  explicit Program(std::uint64_t seed) : random_(seed) {}

  std::vector<Step> run(std::size_t steps) {
    std::vector<Step> log;
    while (log.size() < steps) {
      const Step step = next();
      if (step.action == nullptr) continue;
      world_.apply(step);
      log.push_back(step);
    }
    return log;
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  Step step(const char* action, std::uint64_t address, std::uint64_t size, std::uint64_t stream) {
    return {action, address, size, stream, 1'795'157'570'311'691 + time_++};
  }

  /// An action of nullptr where the one drawn is not possible now.
  Step next() {
    switch (below(8)) {
      case 0:
        return segment_step();
      case 1:
      case 2:
      case 3:
        return alloc_step();
      case 4:
        return below(4) == 0 ? step("snapshot", 0, below(100), 0) : Step{};
      default:
        return free_step();
    }
  }

  Step segment_step() {
    const std::uint64_t address = base + below(6) * 2 * segment_bytes;
    const auto held = world_.segments.find(address);
    if (held == world_.segments.end()) return step("segment_alloc", address, segment_bytes, below(3) * 1000);
    if (!world_.segment_is_empty(address)) return {};
    return step("segment_free", address, segment_bytes, held->second);
  }

  Step alloc_step() {
    const std::uint64_t segment = base + below(6) * 2 * segment_bytes;
    const auto held = world_.segments.find(segment);
    const std::uint64_t address = segment + below(segment_bytes / block_bytes) * block_bytes;
    if (held == world_.segments.end() || world_.blocks.contains(address)) return {};
    return step("alloc", address, 1 + below(block_bytes), held->second);
  }

  Step free_step() {
    if (world_.blocks.empty()) return {};
    const auto [address, live] = *std::next(world_.blocks.begin(), static_cast<long>(below(world_.blocks.size())));
    return step(live.requested ? "free_completed" : "free_requested", address, live.size, live.stream);
  }

  std::mt19937_64 random_;  // its sequence is fixed by the standard
  World world_;
  std::int64_t time_ = 0;
};

Py recorded(const std::vector<Step>& log, std::size_t from, const World& end) {
  test::PyItems entries, segments;
  for (std::size_t i = from; i < log.size(); ++i)
    entries.push_back(entry(log[i].action, log[i].address, static_cast<std::int64_t>(log[i].size),
                            static_cast<std::int64_t>(log[i].stream), log[i].time_us));
  for (const auto& [segment, stream] : end.segments) {
    test::PyItems blocks;
    for (const auto& [address, live] : end.blocks) {
      if (address < segment || address >= segment + segment_bytes) continue;
      blocks.push_back(test::end_block(address, block_bytes, static_cast<std::int64_t>(live.size),
                                       live.requested ? "active_pending_free" : "active_allocated"));
    }
    segments.push_back(test::end_segment(0, segment, segment_bytes, blocks, static_cast<std::int64_t>(stream)));
  }
  return test::snapshot_of({entries}, segments);
}

/// What must be read of a log whose beginning is lost, told from the whole log.
class Expected {
 public:
  Expected(const std::vector<Step>& log, std::size_t from) {
    World world;
    for (std::size_t i = 0; i < from; ++i) world.apply(log[i]);
    for (const auto& [address, stream] : world.segments)
      add_segment(SegmentAction::alloc, {"", address, segment_bytes, stream, log[from].time_us});
    for (const auto& [address, live] : world.blocks) {
      add_alloc({"", address, live.size, live.stream, log[from].time_us});
      if (live.requested && !is_completed(log, from, address))
        add(EventKind::free_requested, objects_[address], log[from]);
      trace.notes.unseen_frees += is_freed(log, from, address);
      ++trace.notes.ring_start_objects;
    }
    for (std::size_t i = from; i < log.size(); ++i) follow(log[i]);
  }

  Trace trace;

 private:
  static bool is_completed(const std::vector<Step>& log, std::size_t from, std::uint64_t address) {
    for (std::size_t i = from; i < log.size(); ++i)
      if (log[i].address == address && std::string_view(log[i].action) == "free_completed") return true;
    return false;
  }
  /// An entry on the block that is live at `from`, so a free.
  static bool is_freed(const std::vector<Step>& log, std::size_t from, std::uint64_t address) {
    for (std::size_t i = from; i < log.size(); ++i)
      if (log[i].address == address && std::string_view(log[i].action).starts_with("free")) return true;
    return false;
  }

  void follow(const Step& step) {
    const std::string_view action = step.action;
    if (action == "alloc") add_alloc(step);
    if (action == "free_requested") add(EventKind::free_requested, objects_[step.address], step);
    if (action == "free_completed") add(EventKind::free_completed, objects_[step.address], step);
    if (action == "segment_alloc") add_segment(SegmentAction::alloc, step);
    if (action == "segment_free") add_segment(SegmentAction::free, step);
    if (action == "snapshot") add(EventKind::snapshot, 0, step);
  }
  void add(EventKind kind, std::size_t subject, const Step& step) {
    trace.kinds.push_back(kind);
    trace.subjects.push_back(static_cast<std::uint32_t>(subject));
    trace.times_us.push_back(step.time_us);
  }
  void add_alloc(const Step& step) {
    objects_[step.address] = trace.sizes.size();
    add(EventKind::alloc, trace.sizes.size(), step);
    trace.sizes.push_back(Bytes(step.size));
    trace.streams.push_back(stream(step.stream));
    trace.addresses.push_back(Address(step.address));
  }
  void add_segment(SegmentAction action, const Step& step) {
    add(EventKind::segment, trace.segment_events.size(), step);
    trace.segment_events.push_back({action, stream(step.stream), Address(step.address), Bytes(step.size)});
  }
  StreamId stream(std::uint64_t recorded) {
    const auto at = std::find(trace.stream_names.begin(), trace.stream_names.end(), recorded);
    const auto index = static_cast<std::uint16_t>(at - trace.stream_names.begin());
    if (at == trace.stream_names.end()) trace.stream_names.push_back(recorded);
    return StreamId(index);
  }

  std::map<std::uint64_t, std::size_t> objects_;
};

void check_from(std::uint64_t seed, std::size_t steps, std::size_t from) {
  const std::vector<Step> log = Program(seed).run(steps);
  World end;
  for (const Step& step : log) end.apply(step);
  Expected expected(log, from);
  expected.trace.name = "x.pickle";
  expected.trace.format = "snapshot";
  expected.trace.settings = {{"max_split_size", "unlimited"}, {"expandable_segments", "false"}};
  const Py snapshot = recorded(log, from, end);
  for (const int protocol : {2, 4}) {
    const std::vector<Trace> traces = test::read_both_ways(pickled(snapshot, protocol));
    RC_ASSERT(traces.size() == 1u);
    test::expect_same(traces[0], expected.trace);
  }
  RC_ASSERT(!::testing::Test::HasFailure());
}

RC_GTEST_PROP(SnapshotProperty, AWholeHistoryComesBack, ()) {
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const auto steps = *rc::gen::inRange<std::size_t>(1, 600);
  check_from(seed, steps, 0);
}

RC_GTEST_PROP(SnapshotProperty, AHistoryFromTheMiddleComesBackWithWhatWasLive, ()) {
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const auto steps = *rc::gen::inRange<std::size_t>(1, 600);
  const auto from = *rc::gen::inRange<std::size_t>(0, steps);
  check_from(seed, steps, from);
}

}  // namespace
}  // namespace vramlab
