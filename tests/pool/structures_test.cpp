#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

#include "engine/pool/free_lists.h"
#include "engine/pool/ordered_blocks.h"
#include "engine/pool/stream_fence.h"
#include "pool_harness.h"

namespace vramlab {
namespace {

TEST(OrderedBlocks, BehavesAsAStdSet) {
  EXPECT_TRUE(rc::check([] {
    OrderedBlocks blocks;
    std::set<std::pair<std::uint64_t, std::uint64_t>> model;
    const int steps = *rc::gen::inRange(1, 2000);
    std::uint64_t state = *rc::gen::arbitrary<std::uint64_t>();
    for (int i = 0; i < steps; ++i) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      const std::uint64_t size = (state >> 40) % 50, address = (state >> 20) % 40;
      if (model.insert({size, address}).second) {
        blocks.insert({size, address, 7});
      } else {
        model.erase({size, address});
        blocks.erase(size, address);
      }
      const auto expected = model.lower_bound({size + 1, 0});
      const auto found = blocks.lower_bound(size + 1);
      RC_ASSERT((expected == model.end()) == (found == blocks.end()));
      if (expected != model.end()) RC_ASSERT(blocks.at(found).address == expected->second);
    }
    auto c = blocks.begin();
    for (const auto& [size, address] : model) {
      RC_ASSERT(blocks.at(c).size == size && blocks.at(c).address == address);
      c = blocks.next(c);
    }
    RC_ASSERT(c == blocks.end());
    for (auto back = model.rbegin(); back != model.rend(); ++back) {
      c = blocks.previous(c);
      RC_ASSERT(blocks.at(c).address == back->second);
    }
  }));
}

TEST(FreeLists, ClassesAscendAndAreAtMostOneThirtySecondWide) {
  EXPECT_TRUE(rc::check([] {
    const std::uint64_t units = *rc::gen::inRange<std::uint64_t>(1, std::uint64_t{1} << 39);
    const std::uint32_t c = FreeLists::class_of(units * 512);
    RC_ASSERT(FreeLists::class_of((units + 1) * 512) >= c);
    RC_ASSERT(FreeLists::class_of((units + units / 32 + 1) * 512) > c);
  }));
}

TEST(FreeLists, FindsABlockIfAndOnlyIfOneIsLargeEnough) {
  EXPECT_TRUE(rc::check([] {
    BlockGraph graph;
    FreeLists lists(graph);
    const auto sizes = *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(1, 5000));
    std::vector<NodeIndex> nodes;
    for (std::uint64_t units : sizes) {
      nodes.push_back(graph.add(BlockNode::whole({.bytes = Bytes(units * 512)}, 0)));
      lists.insert(nodes.back());
    }
    const std::uint64_t wanted = *rc::gen::inRange<std::uint64_t>(1, 6000) * 512;
    const NodeIndex found = lists.find(wanted, 1'000'000);
    std::uint64_t best = 0;
    for (std::uint64_t units : sizes)
      if (units * 512 >= wanted && (best == 0 || units * 512 < best)) best = units * 512;
    RC_ASSERT((found == no_node) == (best == 0));
    if (best != 0) RC_ASSERT(graph[found].size == best);
    for (NodeIndex n : nodes) lists.erase(n);
    RC_ASSERT(lists.find(512, 16) == no_node);
  }));
}

// One class, larger block first in its list: a search bounded to one block must not miss that none fits there.
TEST(FreeLists, LooksInTheNextClassWhenItsOwnHasNoneLargeEnough) {
  BlockGraph graph;
  FreeLists lists(graph);
  const std::uint64_t small = 1024 * 512, wanted = 1030 * 512, large = 4096 * 512;
  ASSERT_EQ(FreeLists::class_of(small), FreeLists::class_of(wanted));
  lists.insert(graph.add(BlockNode::whole({.bytes = Bytes(small)}, 0)));
  const NodeIndex n = graph.add(BlockNode::whole({.bytes = Bytes(large)}, 0));
  lists.insert(n);
  EXPECT_EQ(lists.find(wanted, 16), n);
}

TEST(StreamFence, WaitsOnceForAStreamThatLeftEarlier) {
  testing::PoolHarness h("segment-block", {{.bytes = 4096, .stream = 0},
                                           {.bytes = 4096, .stream = 0},
                                           {.alloc = false, .object = 0},
                                           {.alloc = false, .object = 1},
                                           {.bytes = 4096, .stream = 1},
                                           {.bytes = 4096, .stream = 1}});
  h.run_all();
  EXPECT_EQ(h.port.tokens_issued(), 1u);
}

TEST(StreamFence, CostsNothingWithOneStream) {
  testing::PoolHarness h("segment-block",
                         {{.bytes = 4096, .stream = 5}, {.alloc = false, .object = 0}, {.bytes = 4096, .stream = 5}});
  h.run_all();
  EXPECT_EQ(h.port.tokens_issued(), 0u);
}

TEST(StreamFence, WaitsForAStreamThatItOnlySawLeave) {
  testing::PoolHarness h("cuda-malloc", {});
  StreamFence fence(h.port);
  fence.use(0, 4096, StreamId(0));
  fence.leave(1024, 512, StreamId(1));
  fence.use(0, 512, StreamId(0));
  EXPECT_EQ(h.port.tokens_issued(), 0u) << "stream 1 was not there";
  fence.use(0, 4096, StreamId(0));
  EXPECT_EQ(h.port.tokens_issued(), 1u);
}

TEST(StreamFence, FollowsMemoryToItsNewAddress) {
  testing::PoolHarness h("cuda-malloc", {});
  StreamFence fence(h.port);
  fence.use(0, 8192, StreamId(0));
  fence.use(0, 4096, StreamId(1));  // waits: everything counts as stream 0's until then
  fence.leave(0, 4096, StreamId(1));
  fence.move(2048, 1 << 20, 4096);  // half of it is stream 1's, half stream 0's
  const std::uint32_t before = h.port.tokens_issued();
  fence.use((1 << 20) + 2048, 2048, StreamId(0));
  EXPECT_EQ(h.port.tokens_issued(), before);
  fence.use(1 << 20, 512, StreamId(0));
  EXPECT_EQ(h.port.tokens_issued(), before + 1);
  fence.use(4096, 512, StreamId(2));
  EXPECT_EQ(h.port.tokens_issued(), before + 1) << "other memory is there now";
}

TEST(SegmentBlockPool, SplitsAndCoalescesWithinOneSegment) {
  testing::PoolHarness h("segment-block",
                         {{.bytes = (200_MiB).value},
                          {.bytes = (200_MiB).value},
                          {.alloc = false, .object = 0},
                          {.alloc = false, .object = 1},
                          {.bytes = (500_MiB).value}},
                         unlimited_bytes, {{"segment_size", "512MiB"}});
  h.run_all();
  EXPECT_EQ(h.port.counts().segments_taken, 1u);
  EXPECT_EQ(h.pool->stats().splits, 3u);
  EXPECT_EQ(h.pool->stats().merges, 2u);
}

TEST(SegmentBlockPool, GivesALargeRequestASegmentOfItsOwn) {
  testing::PoolHarness h("segment-block", {{.bytes = (700_MiB).value}});
  h.run_all();
  EXPECT_EQ(h.port.reserved(), 700_MiB);
}

TEST(SegmentBlockPool, TakesASmallerSegmentWhenTheUsualOneDoesNotFit) {
  testing::PoolHarness h("segment-block", {{.bytes = (100_MiB).value}}, 128_MiB);
  h.run_all();
  EXPECT_EQ(h.port.reserved(), 100_MiB);
}

TEST(SegmentBlockPool, DoesNotMergeWithCoalescingOff) {
  testing::PoolHarness h(
      "segment-block", {{.bytes = 4096}, {.bytes = 4096}, {.alloc = false, .object = 0}, {.alloc = false, .object = 1}},
      unlimited_bytes, {{"coalescing", "false"}});
  h.run_all();
  h.pool->validate();
  EXPECT_EQ(h.pool->stats().merges, 0u);
}

}  // namespace
}  // namespace vramlab
