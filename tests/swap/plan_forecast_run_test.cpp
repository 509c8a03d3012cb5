// The forecast of a plan beside its run on the simulated device.

#include <gtest/gtest.h>

#include "engine/swap/plan_forecast.h"
#include "swap_workloads.h"

namespace vramlab {
namespace {

using testing::SwapHarness;
using testing::SwapRunOptions;
using testing::SwapScript;

constexpr std::uint32_t layers = 12;
constexpr Bytes activation = 256_KiB;

// Written one after the other, read in reverse and freed.
SwapScript forth_and_back() {
  SwapScript script;
  std::vector<std::uint32_t> activations;
  for (std::uint32_t layer = 0; layer < layers; ++layer) {
    activations.push_back(script.alloc(activation));
    script.op(Nanoseconds(20'000 + 100 * layer), {}, {activations.back()});
  }
  for (std::uint32_t layer = layers; layer-- > 0;) {
    script.op(Nanoseconds(20'000 + 70 * layer), {activations[layer]});
    script.free(activations[layer]);
  }
  return script;
}

// Links as the planner's, host calls free.
std::unique_ptr<RunnableDevice> device_like(const SwapMachine& machine) {
  MachineModel model = load_machine("h200");
  model.calls = {};
  model.calls.launch_queue = 1 << 16;
  model.calls.record_gap = machine.record_gap;
  model.calls.handover = machine.handover;
  const SwapLink& link = machine.link(Tier::host);
  model.host_link = {{link.out.latency, link.out.bytes_per_second},
                     {link.in.latency, link.in.bytes_per_second},
                     link.out.bytes_per_second + link.in.bytes_per_second};
  return make_simulated_device(model);
}

TEST(PlanForecast, IsWhatTheSimulatedDeviceTakes) {
  const SwapScript script = forth_and_back();
  const AccessProgram program = program_of(script);
  for (const Nanoseconds record_gap : {0_ns, 3'100_ns}) {
    for (const std::uint64_t objects : {9u, 6u, 4u}) {
      SwapRunOptions options = testing::small_machine("planned", activation * objects);
      options.machine.record_gap = record_gap;
      options.machine.handover = record_gap * 2;
      options.options = {{"min_swap", "4096"}, {"overhead", "1"}};
      OptionValues values("planned", find_row(swaps(), "swap policy", "planned").options);
      for (const auto& [name, text] : options.options) values.set(name, text, "test");
      const SwapPlan plan = find_row(swaps(), "swap policy", "planned").plan(values, program, options.machine);
      const PlanForecast foreseen = forecast(program, options.machine, plan);
      const auto device = device_like(options.machine);
      const auto run = SwapHarness(*device, script, options).run();
      ASSERT_FALSE(run.lacked_memory);
      EXPECT_GE(plan.absences.size(), layers - objects);
      EXPECT_NEAR(static_cast<double>(run.time.value), static_cast<double>(foreseen.duration.value), 50)
          << objects << " objects, a record takes " << record_gap.value << " ns";
      EXPECT_EQ(foreseen.recording > 0_ns, record_gap > 0_ns);
    }
  }
}

}  // namespace
}  // namespace vramlab
