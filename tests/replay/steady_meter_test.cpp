#include "engine/replay/steady_meter.h"

#include <gtest/gtest.h>

#include "sim/simulated_device.h"

namespace vramlab {
namespace {

constexpr StreamId stream{0};

// One iteration whose operators take `work`, with `calls` device calls of a machine where each takes 10 us.
struct Bench {
  std::unique_ptr<RunnableDevice> device = make_simulated_device(machine());
  SteadyMeter meter;
  std::uint32_t segments = 0;

  static MachineModel machine() {
    MachineModel machine = load_machine("h200");
    machine.calls = {};
    machine.calls.segment_take.points = {{1_MiB, 10_us}};
    return machine;
  }
  void iterate(Nanoseconds work, int calls) {
    device->synchronize();
    meter.begin(*device);
    while (calls-- > 0) device->take_segment(SegmentId(segments++), Tier::device, 1_MiB, stream);
    meter.launch(*device);
    device->launch(stream, work);
  }
};

TEST(SteadyMeter, MeasuresTheSecondHalfOfTheIterations) {
  Bench b;
  b.iterate(1000_us, 50);
  b.iterate(1000_us, 40);
  b.iterate(1000_us, 2);
  b.iterate(2000_us, 1);
  b.device->synchronize();
  const std::optional<Steady> steady = b.meter.steady(*b.device);
  ASSERT_TRUE(steady);
  EXPECT_EQ(steady->iterations, 2u);
  EXPECT_EQ(steady->call_time, 30_us);
  EXPECT_EQ(steady->duration, 3030_us);
}

TEST(SteadyMeter, LeavesOutIterationsWithoutOperators) {
  Bench b;
  b.meter.begin(*b.device);
  b.device->take_segment(SegmentId(b.segments++), Tier::device, 1_MiB, stream);
  b.iterate(100_us, 3);
  b.device->synchronize();
  b.meter.begin(*b.device);
  b.device->take_segment(SegmentId(b.segments++), Tier::device, 1_MiB, stream);
  const std::optional<Steady> steady = b.meter.steady(*b.device);
  ASSERT_TRUE(steady);
  EXPECT_EQ(steady->iterations, 1u);
  EXPECT_EQ(steady->call_time, 30_us);
}

TEST(SteadyMeter, HasNothingToSayWithoutOperators) {
  Bench b;
  EXPECT_FALSE(b.meter.steady(*b.device));
  b.meter.begin(*b.device);
  EXPECT_FALSE(b.meter.steady(*b.device));
}

}  // namespace
}  // namespace vramlab
