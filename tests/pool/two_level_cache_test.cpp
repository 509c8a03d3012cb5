// The two-level cache beside a naive one: plain lists, searched.

#include "engine/pool/two_level_cache.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <list>
#include <map>

#include "engine/core/error.h"
#include "properties.h"

namespace vramlab {
namespace {

using testing::pick;

constexpr std::uint64_t unit = 512;

// Lists of (node, size), oldest first, by level: -1 is the shared one.
class NaiveCache {
 public:
  explicit NaiveCache(const TwoLevelCache::Limits& limits) : limits_(limits) {}

  NodeIndex take(std::uint64_t size, int stream) {
    for (const int level : {stream, -1}) {
      auto& blocks = levels_[level];
      const auto found = std::find_if(blocks.rbegin(), blocks.rend(), [&](const auto& b) { return b.second == size; });
      if (found == blocks.rend()) continue;
      const NodeIndex node = found->first;
      blocks.erase(std::next(found).base());
      return node;
    }
    return no_node;
  }

  void put(NodeIndex node, std::uint64_t size, int stream) {
    last_ = stream;
    levels_[stream].push_back({node, size});
    if (levels_[stream].size() <= limits_.stream) return;
    levels_[-1].push_back(levels_[stream].front());
    levels_[stream].pop_front();
  }

  NodeIndex overflow() {
    const bool too_many = count() > limits_.total || bytes() > limits_.bytes;
    if (levels_[-1].size() > limits_.global || (too_many && !levels_[-1].empty())) return pop(levels_[-1]);
    if (!too_many) return no_node;
    return levels_[last_].empty() ? take_oldest() : pop(levels_[last_]);
  }

  NodeIndex take_oldest() {
    for (auto& [stream, blocks] : levels_)
      if (!blocks.empty()) return pop(blocks);
    return no_node;
  }

  void set_limits(const TwoLevelCache::Limits& limits) { limits_ = limits; }
  std::size_t count() const {
    std::size_t count = 0;
    for (const auto& [stream, blocks] : levels_) count += blocks.size();
    return count;
  }
  std::uint64_t bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& [stream, blocks] : levels_)
      for (const auto& [node, size] : blocks) bytes += size;
    return bytes;
  }

 private:
  using Blocks = std::list<std::pair<NodeIndex, std::uint64_t>>;
  static NodeIndex pop(Blocks& blocks) {
    const NodeIndex node = blocks.front().first;
    blocks.pop_front();
    return node;
  }

  TwoLevelCache::Limits limits_;
  std::map<int, Blocks> levels_;
  int last_ = -1;
};

TwoLevelCache::Limits any_limits() {
  return {.stream = pick(0u, 6u),
          .global = pick(0u, 8u),
          .total = pick(0u, 14u),
          .bytes = pick(0, 3) == 0 ? pick<std::uint64_t>(0, 60 * unit) : ~std::uint64_t{0}};
}

TEST(TwoLevelCache, BehavesAsANaiveOne) {
  EXPECT_TRUE(testing::holds_for(300, [] {
    const TwoLevelCache::Limits limits = any_limits();
    TwoLevelCache cache(limits, Bytes(8 * unit));
    NaiveCache model(limits);
    NodeIndex next = 0;
    for (int step = pick(1, 200); step > 0; --step) {
      const auto stream = pick<std::uint16_t>(0, 3);
      const std::uint64_t size = unit * pick<std::uint64_t>(1, 9);
      switch (pick(0, 8)) {
        case 0:
          RC_ASSERT(cache.take_oldest() == model.take_oldest());
          break;
        case 1: {
          const TwoLevelCache::Limits other = any_limits();
          cache.set_limits(other);
          model.set_limits(other);
          break;
        }
        case 2:
        case 3:
        case 4:
          RC_ASSERT(cache.take(size, StreamId(stream)) == model.take(size, stream));
          break;
        default:
          cache.put(next, size, StreamId(stream));
          model.put(next++, size, stream);
          for (NodeIndex n = no_node; (n = cache.overflow()) != no_node;) RC_ASSERT(n == model.overflow());
          RC_ASSERT(model.overflow() == no_node);
      }
      cache.validate();
      RC_ASSERT(cache.count() == model.count());
      RC_ASSERT(cache.bytes() == model.bytes());
    }
  }));
}

TEST(TwoLevelCache, StreamsTakeTheirOwnBlocksFirstThenSharedOnesNeverAnotherStreams) {
  TwoLevelCache cache({.stream = 1}, 1_MiB);
  cache.put(10, 4096, StreamId(0));
  cache.put(11, 4096, StreamId(1));
  EXPECT_EQ(cache.take(4096, StreamId(2)), no_node);
  cache.put(12, 4096, StreamId(0));  // 10 moves to the shared cache
  EXPECT_EQ(cache.shared_count(), 1u);
  EXPECT_EQ(cache.count_of(StreamId(0)), 1u);
  EXPECT_EQ(cache.take(4096, StreamId(1)), 11u);
  EXPECT_EQ(cache.take(4096, StreamId(1)), 10u);
  EXPECT_EQ(cache.take(4096, StreamId(1)), no_node);
  EXPECT_EQ(cache.take(4096, StreamId(0)), 12u);
}

TEST(TwoLevelCache, KeepsTheDocumentsNumbersOfBlocks) {
  TwoLevelCache cache({}, 1_MiB);
  for (std::uint16_t stream = 0; stream < 8; ++stream)
    for (NodeIndex i = 0; i < 700; ++i) {
      cache.put(i, 512, StreamId(stream));
      while (cache.overflow() != no_node) {
      }
    }
  EXPECT_EQ(cache.count(), 1000u);
  EXPECT_EQ(cache.count_of(StreamId(0)), 100u);
  EXPECT_LE(cache.shared_count(), 500u);
}

TEST(TwoLevelCache, GivesOnlyBlocksOfJustTheSize) {
  TwoLevelCache cache({}, 1_MiB);
  cache.put(1, (1_MiB).value, StreamId(0));
  EXPECT_EQ(cache.take((1_MiB).value - 512, StreamId(0)), no_node);
  EXPECT_EQ(cache.take((1_MiB).value, StreamId(0)), 1u);
}

}  // namespace
}  // namespace vramlab
