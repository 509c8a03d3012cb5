// Pool offline with stitched pages in whole replays: under the independent validator, with objects that leave and come
// back, and with bytes that are written and compared through every mapping.

#include <gtest/gtest.h>

#include "engine/core/registry.h"
#include "engine/pool/stitched_plan.h"
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

const PoolInfo& offline() { return find_row(pools(), "pool", "offline"); }

Trace recording(const char* file, double scale = 1) {
  Trace trace = read_traces(std::string(VRAMLAB_SOURCE_DIR) + "/traces/bundled/" + file).front();
  scale_sizes(trace, scale);
  return trace;
}

void stitch(ReplayRequest& request) {
  request.pool_options.set("layout", "stitched", "test");
  request.verify = true;
  request.min_seconds = 0;
}

/// Of the load with operators, 83%.
SwapRequest swap_of(const Trace& trace) {
  SwapRequest swap = test::swap_request(find_row(swaps(), "swap policy", "planned"), {});
  swap.machine.limit = Bytes(trace_info(operator_window(trace)).max_load.value / 100 * 83);
  swap.options.set("headroom", "0.003", "test");
  return swap;
}

TEST(StitchedReplay, IsServedRightlyInThreeThousandthsMoreThanTheLoad) {
  for (const char* file : {"alexnet-train-b256.pickle.xz", "vgg16-train-b64.pickle.xz", "gnn-train-var.pickle.xz",
                           "resnet50-train-prefetch-stream.pickle.xz", "unet-train-var.ops.csv.xz"}) {
    SCOPED_TRACE(file);
    const Trace trace = recording(file);
    ReplayRequest request = simulated_request(offline());
    stitch(request);
    const Report report = replay(trace, request);
    EXPECT_EQ(report.verified, true);
    EXPECT_LE(static_cast<double>(report.peak_reserved.value), 1.003 * static_cast<double>(report.max_load.value));
  }
}

TEST(StitchedReplay, SwapsWithinALimitThatHasNoRoomForHoles) {
  const Trace trace = recording("alexnet-train-b256.ops.csv.xz");
  ReplayRequest request = simulated_request(offline());
  request.swap = swap_of(trace);
  stitch(request);
  const Report report = replay(trace, request);
  EXPECT_LE(report.peak_device, request.swap.machine.limit);
  EXPECT_GT(report.swapping->operations, 0u);
  EXPECT_LE(*report.overhead, 0.01);
  EXPECT_EQ(replay(trace, request).decisions, report.decisions);
}

TEST(StitchedReplay, KeepsEveryByteThroughItsViews) {
  const Trace trace = recording("alexnet-train-b256.ops.csv.xz", 0.05);
  LiveRun live = live_run(offline());
  live.request.swap = swap_of(trace);
  live.request.swap.options.set("headroom", "0.05", "test");
  stitch(live.request);
  const Report report = replay(trace, live.request);
  EXPECT_GT(report.swapping->operations, 0u);
  EXPECT_GT(live.totals->checks, trace.object_count());
  ReplayRequest simulated = simulated_request(offline());
  simulated.swap = live.request.swap;
  stitch(simulated);
  EXPECT_EQ(replay(trace, simulated).decisions, report.decisions);
}

}  // namespace
}  // namespace vramlab
