// The model of CnMem against a plain reading of the original: lists of free blocks that are scanned from their
// beginning.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

#include "engine/core/error.h"
#include "pool_harness.h"

namespace vramlab {
namespace {

/// Where the device put each segment, in the order they were taken.
class SegmentBases : public EventSink {
 public:
  std::vector<std::uint64_t> bases;
  void on_decisions(std::span<const Decision> batch) override {
    for (const Decision& d : batch)
      if (d.kind == DecisionKind::segment_take) bases.push_back(d.offset);
  }
};

/// Lists of free blocks by address, scanned from their beginning. The root is manager 0, streams follow. Learns from
/// `taken` where the device puts memory.
class ListsOfCnMem {
 public:
  ListsOfCnMem(std::uint64_t initial, std::uint64_t capacity, bool managers, const SegmentBases& taken)
      : initial_(initial), capacity_(capacity), managers_(managers), taken_(taken), free_(managers ? 4 : 1) {}

  std::uint64_t reserved = 0;

  /// Where the object goes; nullopt: out of memory.
  std::optional<std::uint64_t> allocate(std::uint64_t size, std::size_t stream) {
    const std::size_t own = managers_ ? stream : 0;
    if (reserved == 0 && initial_ > 0) {
      if (initial_ > capacity_) return std::nullopt;
      free_[0][take(initial_)] = {initial_, true};
    }
    if (const auto found = extract(own, size, false)) return place(*found, own, found->second.head);
    if (own != 0)
      if (const auto found = extract(0, size, false)) return place(*found, own, true);
    if (reserved + size <= capacity_) return place({take(size), {size, true}}, own, true);
    for (std::size_t victim = 1; victim < free_.size(); ++victim)
      if (const auto found = extract(victim, size, true)) return place(*found, own, true);
    return std::nullopt;
  }

  void release(std::uint64_t address) {
    const Live freed = live_.at(address);
    live_.erase(address);
    auto& list = free_[freed.manager];
    auto at = list.insert({address, freed.block}).first;
    if (at != list.begin() && joins(*std::prev(at), *at)) at = join(list, std::prev(at));
    if (std::next(at) != list.end() && joins(*at, *std::next(at))) join(list, at);
  }

 private:
  struct Block {
    std::uint64_t size = 0;
    bool head = false;
  };
  struct Live {
    Block block;
    std::size_t manager = 0;
  };
  using List = std::map<std::uint64_t, Block>;
  using Found = List::value_type;

  std::uint64_t take(std::uint64_t bytes) {
    reserved += bytes;
    return taken_.bases.at(segments_++);
  }

  static bool joins(const Found& lower, const Found& upper) {
    return lower.first + lower.second.size == upper.first && !upper.second.head;
  }
  static List::iterator join(List& list, List::iterator lower) {
    lower->second.size += std::next(lower)->second.size;
    list.erase(std::next(lower));
    return lower;
  }

  std::optional<Found> extract(std::size_t manager, std::uint64_t size, bool stolen) {
    List& list = free_[manager];
    auto best = list.end();
    for (auto b = list.begin(); b != list.end(); ++b)
      if (b->second.size >= size && (best == list.end() || b->second.size < best->second.size)) best = b;
    if (best == list.end()) return std::nullopt;
    Found found = *best;
    list.erase(best);
    if (found.second.size > size) list[found.first + size] = {found.second.size - size, stolen};
    found.second.size = size;
    return found;
  }

  std::uint64_t place(const Found& found, std::size_t manager, bool head) {
    live_[found.first] = {{found.second.size, head}, manager};
    return found.first;
  }

  std::uint64_t initial_, capacity_;
  bool managers_;
  const SegmentBases& taken_;
  std::size_t segments_ = 0;
  std::vector<List> free_;
  std::map<std::uint64_t, Live> live_;
};

/// A step: a size in units of 512 bytes on a stream, or a free of one of the live objects.
using Draw = std::tuple<std::uint32_t, std::uint16_t, std::uint32_t>;

void follow(const std::vector<Draw>& draws, std::uint64_t initial, std::uint64_t capacity, bool managers) {
  const std::vector<std::pair<std::string, std::string>> options{{"initial_size", std::to_string(initial)},
                                                                 {"stream_managers", managers ? "true" : "false"}};
  testing::PoolHarness h("cnmem", {}, Bytes(capacity), options);
  SegmentBases taken;
  h.log.add_sink(taken);
  ListsOfCnMem lists(initial, capacity, managers, taken);
  std::vector<std::pair<BlockId, std::uint64_t>> live;
  std::uint32_t next = 0;
  for (const auto& [units, stream, pick] : draws) {
    if (!live.empty() && pick % 5 < 2) {
      const auto victim = live.begin() + static_cast<std::ptrdiff_t>(pick % live.size());
      h.pool->release(victim->first);
      lists.release(victim->second);
      live.erase(victim);
      continue;
    }
    const BlockId slot(next++);
    h.port.bind(slot, ObjectId(slot.value));
    std::optional<std::uint64_t> address;
    try {
      h.pool->allocate({slot, ObjectId(slot.value), Bytes(units * 512ULL - 3), StreamId(stream)});
      address = h.pool->address_of(slot).value;
    } catch (const OutOfMemory&) {
    }
    h.log.flush();
    RC_ASSERT(address == lists.allocate(units * 512ULL, stream));
    RC_ASSERT(h.port.reserved().value == lists.reserved);
    if (address) live.emplace_back(slot, *address);
    h.pool->validate();
  }
}

TEST(CnMemLists, PlaceEveryObjectWhereTheModelDoes) {
  const auto draw = rc::gen::tuple(rc::gen::inRange<std::uint32_t>(1, 9), rc::gen::inRange<std::uint16_t>(0, 4),
                                   rc::gen::inRange<std::uint32_t>(0, 1000));
  const auto draws = rc::gen::scale(4.0, rc::gen::container<std::vector<Draw>>(draw));
  EXPECT_TRUE(rc::check([&] {
    const bool managers = *rc::gen::arbitrary<bool>();
    const std::uint64_t initial = *rc::gen::element<std::uint64_t>(0, 512, 8192, 65536);
    const std::uint64_t capacity = *rc::gen::element<std::uint64_t>(4096, 16384, 65536, 1 << 30);
    follow(*draws, initial, capacity, managers);
  }));
}

}  // namespace
}  // namespace vramlab
