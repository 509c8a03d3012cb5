// What every swap policy must do. A new row of the registry is tested here without a line being added.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "host_device.h"
#include "properties.h"
#include "sim/simulated_device.h"
#include "swap_harness.h"
#include "swap_workloads.h"

namespace vramlab {
namespace {

using testing::HostDevice;
using testing::SwapHarness;
using testing::SwapRunOptions;
using testing::SwapRunResult;
using testing::SwapScript;

class EverySwapPolicy : public ::testing::TestWithParam<std::string> {};

std::vector<std::string> policy_names() {
  std::vector<std::string> names;
  for (const SwapInfo& info : swaps()) names.emplace_back(info.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Registry, EverySwapPolicy, ::testing::ValuesIn(policy_names()), [](const auto& row) {
  std::string name = row.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

const SwapInfo& info_of(const std::string& name) { return find_row(swaps(), "swap policy", name); }

/// Sizes in a test are kilobytes, so that bytes can be compared; searches are short.
SwapRunOptions small_world(const std::string& policy, Bytes limit) {
  SwapRunOptions options = testing::small_machine(policy, limit);
  for (const auto& [name, text] :
       {std::pair("min_swap", "4096"), std::pair("max_swap", "1MiB"), std::pair("effort", "20000")})
    if (OptionValues("policy", info_of(policy).options).has(name)) options.options.emplace_back(name, text);
  return options;
}

SwapScript random_script() {
  SwapScript script;
  std::vector<std::uint32_t> live;
  const auto size = [] { return Bytes(testing::pick<std::uint64_t>(1, 40'000)); };
  for (int i = testing::pick(1, 6); i > 0; --i) live.push_back(script.alloc(size()));
  const int iterations = testing::pick(1, 5), length = testing::pick(5, 30);
  const bool varies = testing::pick_bool();
  for (int i = 0; i < iterations; ++i) {
    script.iteration();
    if (!live.empty()) script.op(Nanoseconds(1000), {live.front()});
    for (int k = varies ? testing::pick(1, length) : length; k > 0; --k) {
      if (testing::pick(0, 3) > 0) live.push_back(script.alloc(size(), StreamId(testing::pick<std::uint16_t>(0, 2))));
      if (live.empty()) continue;
      std::vector<std::uint32_t> reads, writes;
      for (int n = testing::pick(1, 4); n > 0; --n)
        (testing::pick_bool() ? reads : writes).push_back(live[testing::pick<std::size_t>(0, live.size())]);
      script.op(Nanoseconds(testing::pick(100, 20'000)), reads, writes);
      if (live.size() > 12 || testing::pick(0, 3) == 0) {
        const auto at = static_cast<std::ptrdiff_t>(testing::pick<std::size_t>(0, live.size()));
        script.free(live[static_cast<std::size_t>(at)]);
        live.erase(live.begin() + at);
      }
    }
  }
  return script;
}

Bytes peak_load(const SwapScript& script) {
  Bytes most{};
  for (const Bytes load : program_of(script).load) most = std::max(most, load);
  return most;
}

/// A limit below what one operator needs may be refused before anything runs.
SwapRunResult run_on_host(const SwapScript& script, SwapRunOptions options, bool eager = false) {
  HostDevice device({.polls_to_complete = 3, .eager_streams = eager});
  options.contents = true;
  try {
    return SwapHarness(device, script, options).run();
  } catch (const ConfigError&) {
    return {.lacked_memory = true};
  }
}

/// A policy that plans searches for long: a few cases do.
template <class Property>
bool holds(const std::string& policy, Property&& property) {
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess = info_of(policy).plan != nullptr ? 8 : 200;
  const auto result = rc::detail::checkTestable(std::forward<Property>(property), rc::detail::TestMetadata(), params);
  rc::detail::printResultMessage(result, std::cerr);
  std::cerr << std::endl;
  return result.template is<rc::detail::SuccessResult>();
}

TEST_P(EverySwapPolicy, LosesNoByteAndKeepsTheLimit) {
  EXPECT_TRUE(holds(GetParam(), [&] {
    const SwapScript script = random_script();
    const Bytes peak = std::max(peak_load(script), 512_B);
    const Bytes limit = peak * testing::pick<std::uint64_t>(30, 110) / 100;
    const SwapRunResult ran = run_on_host(script, small_world(GetParam(), limit), testing::pick_bool());
    RC_ASSERT(!ran.mismatch);
    RC_ASSERT(ran.peak <= round_up(limit, 512_B));
    RC_ASSERT(!HasFailure());
  }));
}

TEST_P(EverySwapPolicy, DecidesTheSameTwice) {
  EXPECT_TRUE(holds(GetParam(), [&] {
    const SwapScript script = random_script();
    const Bytes limit = std::max(peak_load(script), 512_B) * testing::pick<std::uint64_t>(40, 100) / 100;
    const SwapRunResult first = run_on_host(script, small_world(GetParam(), limit));
    const SwapRunResult again = run_on_host(script, small_world(GetParam(), limit));
    RC_ASSERT(first.moves == again.moves);
    RC_ASSERT(first.lacked_memory == again.lacked_memory);
  }));
}

TEST_P(EverySwapPolicy, RunsATrainingLoopBelowItsLoad) {
  if (info_of(GetParam()).make == nullptr) GTEST_SKIP() << "nothing is swapped";
  const SwapScript script = testing::training(6, 8, 16_KiB);
  const SwapRunResult ran = run_on_host(script, small_world(GetParam(), peak_load(script) * 70 / 100));
  EXPECT_FALSE(ran.lacked_memory);
  EXPECT_FALSE(ran.mismatch);
  EXPECT_GT(ran.stats.outs, 0U);
}

// The harness looks at what is pinned after each operator.
TEST_P(EverySwapPolicy, LeavesPinnedAndSmallObjectsAlone) {
  const SwapScript script = testing::training(4, 8, 16_KiB);
  SwapRunOptions options = small_world(GetParam(), peak_load(script) * 85 / 100);
  options.swapper.min_swap = 8_KiB;
  options.pinned = {8, 9, 10};  // activations of the first iteration
  HostDevice device;
  SwapHarness harness(device, script, options);
  harness.run();
  for (const SwapOperation& operation : harness.swapper().operations())
    EXPECT_GE(script.sizes[operation.object.value], options.swapper.min_swap);
}

TEST_P(EverySwapPolicy, ReportsLackOfMemoryWhereEverythingIsPinned) {
  SwapScript script = testing::training(2, 8, 16_KiB);
  SwapRunOptions options = small_world(GetParam(), peak_load(script) / 2);
  for (std::uint32_t object = 0; object < script.sizes.size(); ++object) options.pinned.push_back(object);
  EXPECT_TRUE(run_on_host(script, options).lacked_memory);
}

TEST_P(EverySwapPolicy, ReportsLackOfMemoryWhereNoTierHasRoom) {
  SwapScript script = testing::training(2, 8, 16_KiB);
  SwapRunOptions options = small_world(GetParam(), peak_load(script) / 2);
  options.swapper.capacity = {};
  EXPECT_TRUE(run_on_host(script, options).lacked_memory);
}

// Freed objects are asked for by nobody: the swapper throws where an unknown object is named.
TEST_P(EverySwapPolicy, ForgetsWhatIsFreed) {
  SwapScript script;
  for (int i = 0; i < 5; ++i) {
    script.iteration();
    std::vector<std::uint32_t> objects;
    for (int k = 0; k < 10; ++k) {
      objects.push_back(script.alloc(16_KiB));
      script.op(1_us, {}, {objects.back()});
      if (k >= 4 && k % 2 == i % 2)
        script.free(objects[static_cast<std::size_t>(k) - 4]), objects[static_cast<std::size_t>(k) - 4] = ~0u;
    }
    for (const std::uint32_t object : objects)
      if (object != ~0u) script.free(object);
  }
  SwapRunResult ran;
  EXPECT_NO_THROW(ran = run_on_host(script, small_world(GetParam(), 80_KiB)));
  EXPECT_FALSE(ran.mismatch);
}

// Those that know no limit (rules of thumb over a program) may swap all the same.
TEST_P(EverySwapPolicy, DoesNotNeedMoreThanTheLoadWhereThereIsPlenty) {
  const SwapScript script = testing::training(6, 8, 16_MiB);
  const SwapRunOptions options = testing::large_machine(GetParam(), peak_load(script) * 3);
  const std::unique_ptr<RunnableDevice> device = make_simulated_device(load_machine("h200"));
  const SwapRunResult ran = SwapHarness(*device, script, options).run();
  EXPECT_FALSE(ran.lacked_memory);
  EXPECT_LE(ran.peak, peak_load(script));
  const bool looks_at_the_limit = !info_of(GetParam()).needs_program;
  EXPECT_TRUE(!looks_at_the_limit || ran.stats.outs == 0);
}

}  // namespace
}  // namespace vramlab
