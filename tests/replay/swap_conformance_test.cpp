// What every swap policy of the registry must do: keep the limit and every byte, decide alike on every device and
// twice.

#include <gtest/gtest.h>

#include "engine/core/registry.h"
#include "engine/replay/access_window.h"
#include "experiments/trace_files.h"
#include "swap_request.h"
#include "traces/info.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

using test::live_run;
using test::LiveRun;
using test::simulated_request;

const SwapInfo* policy_at(std::size_t row) { return &swaps()[row]; }

std::vector<const SwapInfo*> policies() {
  std::vector<const SwapInfo*> rows;
  for (std::size_t i = 0; i < swaps().size(); ++i)
    if (policy_at(i)->make != nullptr) rows.push_back(policy_at(i));
  return rows;
}

Trace recording(const char* file, double scale) {
  Trace trace = read_traces(std::string(VRAMLAB_SOURCE_DIR) + "/traces/bundled/" + file).front();
  scale_sizes(trace, scale);
  return trace;
}

class SwapPolicies : public ::testing::TestWithParam<const SwapInfo*> {
 protected:
  /// Nine tenths of the load of `trace`; objects of any size may leave.
  SwapRequest request(const Trace& trace) const {
    const SwapInfo& policy = *GetParam();
    SwapRequest swap = test::swap_request(policy, {});
    swap.machine.limit = Bytes(load_of_window(trace).value / 10 * 9);
    if (swap.options.has("min_swap")) swap.options.set("min_swap", "1", "test");
    return swap;
  }
  static Bytes load_of_window(const Trace& trace) { return trace_info(operator_window(trace)).max_load; }
};
INSTANTIATE_TEST_SUITE_P(Registry, SwapPolicies, ::testing::ValuesIn(policies()),
                         [](const auto& test) { return std::string(test.param->name); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SwapPolicies);

TEST_P(SwapPolicies, KeepEveryByteAndDecideAlikeOnEveryDevice) {
  const PoolInfo& pool = find_row(pools(), "pool", "cuda-malloc");
  for (const char* file : {"alexnet-train-b256.ops.csv.xz", "unet-train-var.ops.csv.xz"}) {
    SCOPED_TRACE(file);
    const Trace trace = recording(file, 0.001);
    ReplayRequest simulated = simulated_request(pool);
    simulated.swap = request(trace);
    simulated.verify = true;
    const Report model = replay(trace, simulated);
    EXPECT_LE(model.peak_device, simulated.swap.machine.limit);
    EXPECT_GT(model.swapping->operations, 0u);
    LiveRun live = live_run(pool);
    live.request.swap = simulated.swap;
    live.request.verify = true;
    live.request.min_seconds = 0;
    EXPECT_EQ(replay(trace, live.request).decisions, model.decisions);
    EXPECT_GT(live.totals->checks, trace.object_count());
  }
}

TEST_P(SwapPolicies, RunOnACachingPool) {
  const PoolInfo& pool = find_row(pools(), "pool", "pytorch");
  const Trace trace = recording("resnet50-train-b64.ops.csv.xz", 1);
  ReplayRequest simulated = simulated_request(pool);
  simulated.swap = test::swap_request(*GetParam(), {});
  simulated.swap.machine.limit = Bytes(load_of_window(trace).value / 10 * 9);
  simulated.verify = true;
  simulated.min_seconds = 0;
  const Report report = replay(trace, simulated);
  EXPECT_LE(report.peak_device, simulated.swap.machine.limit);
  EXPECT_GE(*report.memory_reduction, 0.1);
  RecordProperty("overhead", std::to_string(*report.overhead));
}

}  // namespace
}  // namespace vramlab
