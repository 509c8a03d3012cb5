// What each baseline does that the others do not.

#include <gtest/gtest.h>

#include "swap_workloads.h"

namespace vramlab {
namespace {

using testing::SwapHarness;
using testing::SwapRunOptions;
using testing::SwapRunResult;
using testing::SwapScript;

struct Move {
  std::uint64_t before = 0;  ///< operators launched
  SwapDirection direction{};
  std::uint32_t object = 0;
  friend bool operator==(const Move&, const Move&) = default;
};
std::ostream& operator<<(std::ostream& out, const Move& move) {
  return out << move.before << (move.direction == SwapDirection::out ? " out " : " in ") << move.object;
}

std::vector<Move> moves_of(const SwapScript& script, const SwapRunOptions& options,
                           const std::vector<Nanoseconds>& ideal = {}) {
  const std::unique_ptr<RunnableDevice> device = testing::simulated_h200();
  SwapHarness harness(*device, script, options, ideal);
  EXPECT_FALSE(harness.run().lacked_memory);
  std::vector<Move> moves;
  for (const SwapOperation& operation : harness.swapper().operations())
    moves.push_back({operation.operator_index, operation.direction, operation.object.value});
  return moves;
}

constexpr SwapDirection out = SwapDirection::out, in = SwapDirection::in;

/// Objects 0, 1 and 2 of 10 MiB are used in this order, then 1 and 0, where only two have room.
SwapScript three_objects() {
  SwapScript script;
  for (const std::uint32_t object : {0U, 1U, 2U}) {
    script.alloc(10_MiB);
    script.op(1000_us, {}, {object});
  }
  script.op(1000_us, {1});
  script.op(1000_us, {0});
  return script;
}

TEST(Lru, SendsWhatWasUsedLongestAgo) {
  EXPECT_EQ(moves_of(three_objects(), testing::large_machine("lru", 20_MiB)),
            (std::vector<Move>{{2, out, 0}, {4, out, 2}, {4, in, 0}}));
}

// Of 0 and 1, 0 was used longer ago, but 1 is used later.
TEST(Belady, SendsWhatIsUsedFarthest) {
  SwapScript script;
  for (const std::uint32_t object : {0U, 1U, 2U}) {
    script.alloc(10_MiB);
    script.op(1000_us, {}, {object});
  }
  script.op(1000_us, {0});
  script.op(1000_us, {1});
  EXPECT_EQ(moves_of(script, testing::large_machine("belady", 20_MiB)).front(), (Move{2, out, 1}));
  EXPECT_EQ(moves_of(script, testing::large_machine("lru", 20_MiB)).front(), (Move{2, out, 0}));
}

// 0 left for 2. Once 2 is freed there is room for it until its use.
TEST(Belady, ReturnsWhatIsNeededNextAsSoonAsThereIsRoom) {
  const auto freed_early = [](bool prefetch) {
    SwapScript s;
    for (const std::uint32_t object : {0U, 1U, 2U}) {
      s.alloc(10_MiB);
      s.op(1000_us, {}, {object});
    }
    s.free(2);
    s.op(1000_us, {1});
    s.op(1000_us, {1});
    s.op(1000_us, {0});
    SwapRunOptions options = testing::large_machine("belady", 20_MiB);
    options.options = {{"prefetch", prefetch ? "true" : "false"}};
    return moves_of(s, options);
  };
  EXPECT_EQ(freed_early(true), (std::vector<Move>{{2, out, 0}, {3, in, 0}}));
  EXPECT_EQ(freed_early(false), (std::vector<Move>{{2, out, 0}, {5, in, 0}}));
}

// Layers 0 to 3 write activations 4 to 7 in operators 0 to 3; 4 turns; the backward pass reads them in operators 5
// to 8.
TEST(Vdnn, OffloadsFeatureMapsAfterTheirLastForwardUseAndReturnsThemALayerAhead) {
  const SwapScript script = testing::training(1, 4, 32_MiB);
  const std::vector<Move> moves = moves_of(script, testing::large_machine("vdnn", 1_GiB));
  EXPECT_EQ(moves.at(0), (Move{2, out, 4}));
  EXPECT_EQ(moves.at(1), (Move{3, out, 5}));
  const auto back = [&](std::uint32_t object) {
    const auto found =
        std::ranges::find_if(moves, [&](const Move& m) { return m.direction == in && m.object == object; });
    return found == moves.end() ? 0 : found->before;
  };
  EXPECT_EQ(back(4), 7U);  // used by operator 8, the layer before it begins with 7
  EXPECT_EQ(back(5), 6U);
}

TEST(Vdnn, KnowsNoLimitWithoutDemand) {
  SwapRunOptions options = testing::large_machine("vdnn", 120_MiB);
  options.options = {{"on_demand", "false"}};
  const SwapScript script = testing::training(1, 4, 32_MiB);
  const std::unique_ptr<RunnableDevice> device = testing::simulated_h200();
  EXPECT_TRUE(SwapHarness(*device, script, options).run().lacked_memory);
}

TEST(Lms, SendsWhatIsNotUsedForMoreThanTheThreshold) {
  const SwapScript script = testing::training(1, 4, 32_MiB);
  SwapRunOptions options = testing::large_machine("lms", 1_GiB);
  options.options = {{"threshold", "6"}};
  // 4 is used by operators 1 and 8; nothing else is away for more than 6. With memory enough it never leaves for good.
  EXPECT_EQ(moves_of(script, options), (std::vector<Move>{{2, out, 4}}));
  options.options = {{"threshold", "8"}};
  EXPECT_TRUE(moves_of(script, options).empty());
}

// The first iteration pays on demand; later ones send ahead and bring back in time.
TEST(Capuchin, IsPassiveFirstAndGuidedThen) {
  const SwapScript script = testing::training(6, 8, 32_MiB);
  const std::unique_ptr<RunnableDevice> first = testing::simulated_h200(), second = testing::simulated_h200();
  const Bytes plenty = 4_GiB;
  const std::vector<Nanoseconds> ideal =
      SwapHarness(*first, script, testing::large_machine("none", plenty)).run().iterations;
  const SwapRunResult ran = SwapHarness(*second, script, testing::large_machine("capuchin", 256_MiB), ideal).run();
  ASSERT_FALSE(ran.lacked_memory);
  EXPECT_GT(ran.stalls.front(), Nanoseconds(0));
  EXPECT_LT(ran.stalls.back() * 2, ran.stalls.front());
}

// Each of them on the same work: looking ahead is not worse than paging.
TEST(Baselines, StallLessThanPagingWhereTheyLookAhead) {
  const SwapScript script = testing::training(8, 12, 32_MiB);
  const std::unique_ptr<RunnableDevice> plenty = testing::simulated_h200();
  const std::vector<Nanoseconds> ideal =
      SwapHarness(*plenty, script, testing::large_machine("none", 8_GiB)).run().iterations;
  const auto stall = [&](const std::string& policy) {
    const std::unique_ptr<RunnableDevice> device = testing::simulated_h200();
    const SwapRunResult ran = SwapHarness(*device, script, testing::large_machine(policy, 420_MiB), ideal).run();
    EXPECT_FALSE(ran.lacked_memory) << policy;
    return ran.stall();
  };
  const Nanoseconds paging = stall("lru");
  for (const std::string policy : {"belady", "vdnn", "capuchin", "autoswap"})
    EXPECT_LT(stall(policy), paging) << policy;
}

}  // namespace
}  // namespace vramlab
