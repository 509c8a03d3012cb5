// Random programs and random swapping on real bytes: whatever leaves comes back as it was.

#include <gtest/gtest.h>

#include <cstring>
#include <span>

#include "properties.h"
#include "swap_world.h"

namespace vramlab {
namespace {

using testing::pick;
using testing::pick_bool;
using testing::SwapWorld;
using testing::SwapWorldOptions;

constexpr Tier tiers[] = {Tier::peer, Tier::host, Tier::disk};

/// One step of a program or of a policy, drawn beforehand so that two worlds can take the same.
struct Step {
  int kind = 0;
  std::size_t which = 0;
  std::uint64_t blocks = 1;
  StreamId stream{};
  Tier tier = Tier::host;
};

std::vector<Step> draw_steps() {
  std::vector<Step> steps(pick<std::size_t>(20, 120));
  for (Step& step : steps)
    step = {pick(0, 16), pick<std::size_t>(0, 64), pick<std::uint64_t>(1, 20), StreamId(pick<std::uint16_t>(0, 3)),
            tiers[pick(0, 3)]};
  return steps;
}

SwapWorldOptions draw_options() {
  constexpr SwapStrategy strategies[] = {SwapStrategy::immediate, SwapStrategy::async, SwapStrategy::batch,
                                         SwapStrategy::predictive};
  return {.memory = 4_KiB * pick<std::uint64_t>(10, 40),
          .limit_host = 4_KiB * pick<std::uint64_t>(1, 40),
          .limit_disk = 4_KiB * pick<std::uint64_t>(0, 30),
          .limit_peer = 4_KiB * pick<std::uint64_t>(0, 10),
          .strategy = strategies[pick(0, 4)],
          .keep_clean_copies = pick_bool(),
          .eager_streams = pick_bool()};
}

class Runner {
 public:
  explicit Runner(const SwapWorldOptions& options) : world(options) {}

  void run(std::span<const Step> steps) {
    for (const Step& step : steps) {
      take(step);
      world.swapper.validate();
    }
  }

  SwapWorld world;

 private:
  void take(const Step& step) {
    if (step.kind <= 2 || world.objects.empty()) {
      world.allocate(ObjectId(next_++), Bytes(1536) * step.blocks, step.stream);
      return;
    }
    const ObjectId object =
        std::next(world.objects.begin(), static_cast<std::ptrdiff_t>(step.which % world.objects.size()))->first;
    step.kind <= 8 ? take_program(step, object) : take_policy(step, object);
  }
  void take_program(const Step& step, ObjectId object) {
    if (step.kind == 3) return world.free(object);
    if (step.kind <= 5) {
      world.write(object, step.stream);
    } else {
      world.read(object, step.stream);
    }
  }
  void take_policy(const Step& step, ObjectId object) {
    PrioritySwapper& swapper = world.swapper;
    if (step.kind <= 11) {
      const bool clear = swapper.obstacle(object, step.tier) == nullptr;
      RC_ASSERT(swapper.swap_out(object, step.tier) == clear);
    } else if (step.kind == 12) {
      std::vector<ObjectId> some;
      for (const auto& [id, is] : world.objects)
        if (id.value % 3 == step.which % 3) some.push_back(id);
      swapper.swap_out_batch(some, step.tier);
    } else if (step.kind == 13) {
      swapper.copy_out(object, step.tier);
    } else if (step.kind == 14) {
      if (swapper.state(object) == SwapState::away) swapper.swap_in(object);
    } else if (swapper.state(object) == SwapState::leaving) {
      swapper.settle(object);
    } else {
      swapper.settle_oldest(Bytes(1536) * step.blocks);
    }
  }

  std::uint32_t next_ = 0;
};

TEST(PrioritySwapperProperty, EveryByteThatLeftComesBack) {
  EXPECT_TRUE(testing::holds_for(2000, [] {
    Runner runner(draw_options());
    runner.run(draw_steps());
    const std::optional<Mismatch> mismatch = runner.world.mismatch_at_the_end();
    RC_ASSERT(!mismatch.has_value());
    while (!runner.world.objects.empty()) runner.world.free(runner.world.objects.begin()->first);
    for (const Bytes held : runner.world.swapper.stats().held) RC_ASSERT(held == Bytes(0));
    runner.world.swapper.validate();
  }));
}

TEST(PrioritySwapperProperty, TwoRunsDecideTheSameWhateverTheDeviceDoesWhen) {
  EXPECT_TRUE(testing::holds_for(200, [] {
    SwapWorldOptions options = draw_options();
    const std::vector<Step> steps = draw_steps();
    Runner one(options);
    one.run(steps);
    options.eager_streams = !options.eager_streams;
    Runner two(options);
    two.run(steps);
    const auto &a = one.world.decided(), &b = two.world.decided();
    RC_ASSERT(a.size() == b.size());
    RC_ASSERT(std::memcmp(a.data(), b.data(), a.size() * sizeof(Decision)) == 0);
  }));
}

}  // namespace
}  // namespace vramlab
