// The bound beside runs of drawn programs on the simulated device: no run holds less than the bound at the overhead
// that it was measured to have.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/swap/bound.h"
#include "properties.h"
#include "swap_workloads.h"

namespace vramlab {
namespace {

using testing::holds_for;
using testing::pick;
using testing::pick_bool;
using testing::SwapEvent;
using testing::SwapHarness;
using testing::SwapRunOptions;
using testing::SwapRunResult;
using testing::SwapScript;

/// Objects are used by the operator before which they are allocated. What is there before lives on if anything is to be
/// `persistent`; all else is freed by the end, or could be away then without having been so at the beginning.
class DrawnScript {
 public:
  explicit DrawnScript(bool persistent) {
    for (std::size_t i = pick<std::size_t>(0, 5); i > 0; --i) live_.push_back(script_.alloc(drawn_bytes()));
    if (persistent) lasting_ = static_cast<std::uint32_t>(live_.size());
    script_.iteration();
    const int slots = pick(3, pick_bool() ? 10 : 30), most_us = pick_bool() ? 4 : 60;
    for (int slot = 0; slot < slots; ++slot) {
      if (slot > 0 && pick(0, 10) == 0) script_.iteration();
      operate(Nanoseconds(pick<std::int64_t>(0, most_us * 1000)));
    }
    for (const std::uint32_t object : live_)
      if (object >= lasting_) script_.free(object);
  }
  SwapScript take() { return std::move(script_); }

 private:
  static Bytes drawn_bytes() { return 4_KiB * pick<std::uint64_t>(1, 40); }

  void operate(Nanoseconds time) {
    std::vector<std::uint32_t> reads, writes;
    for (const std::uint32_t object : live_)
      if (pick(0, 6) == 0) (pick_bool() ? reads : writes).push_back(object);
    for (int i = pick(0, 2); i > 0; --i) {
      live_.push_back(script_.alloc(drawn_bytes()));
      writes.push_back(live_.back());
    }
    script_.op(time, reads, writes);
    std::erase_if(live_, [&](std::uint32_t object) {
      const bool dies = pick(0, 10) == 0 && object >= lasting_;
      if (dies) script_.free(object);
      return dies;
    });
  }

  SwapScript script_;
  std::vector<std::uint32_t> live_;
  std::uint32_t lasting_ = 0;  ///< objects below live on
};

/// Links as the swapper's; calls that cost nothing, or much beside short operators.
MachineModel drawn_model(SwapMachine& machine) {
  MachineModel model = load_machine("h200");
  const auto call = [](std::int64_t most) { return Nanoseconds(pick_bool() ? pick<std::int64_t>(0, most) : 0); };
  const std::uint32_t queue = pick_bool() ? 1024 : pick(1U, 6U);
  model.calls = {};
  model.calls.launch_queue = queue;
  model.calls.launch = call(4000);
  model.calls.record = call(1500);
  model.calls.wait = call(500);
  model.calls.transfer = call(2000);
  model.calls.launch_gap = call(1500);
  model.calls.launch_floor = call(3000);
  model.calls.record_gap = machine.record_gap = call(4000);
  model.calls.handover = machine.handover = call(6000);
  SwapLink& link = machine.links[static_cast<std::size_t>(Tier::host)];
  const auto direction = [&] {
    return LinkSpeed{call(4000), pick<std::uint64_t>(5, pick_bool() ? 20 : 300) * 1'000'000'000};
  };
  link = {.out = direction(), .in = direction(), .duplex_bytes_per_second = 0};
  const std::uint64_t sum = link.out.bytes_per_second + link.in.bytes_per_second;
  const std::uint64_t most = std::max(link.out.bytes_per_second, link.in.bytes_per_second);
  link.duplex_bytes_per_second = pick_bool() ? sum : pick<std::uint64_t>(most, sum);
  model.host_link = {{link.out.latency, link.out.bytes_per_second},
                     {link.in.latency, link.in.bytes_per_second},
                     link.duplex_bytes_per_second};
  if (pick_bool())
    machine.codec = {pick(1000U, 4000U), pick<std::uint64_t>(20, 500) * 1'000'000'000,
                     pick<std::uint64_t>(20, 500) * 1'000'000'000};
  return model;
}

/// The script on that machine with unlimited memory: the host launches one operator after the other, and waits at the
/// begin of an iteration.
AccessProgram timed_program(const SwapScript& script, const CallCosts& calls) {
  AccessProgram program = program_of(script);
  Nanoseconds host{}, device{};
  std::uint32_t slot = 0;
  for (const SwapEvent& event : script.events) {
    if (event.kind == SwapEvent::Kind::iteration) host = std::max(host, device);
    if (event.kind != SwapEvent::Kind::op) continue;
    host += calls.launch;
    program.begin[slot] = device == 0_ns ? host : std::max(host, device + calls.launch_gap);
    program.end[slot] = device = program.begin[slot] + std::max(event.time, calls.launch_floor);
    ++slot;
  }
  program.duration = device;
  return program;
}

/// What a run took, from the end of its setup.
struct Measured {
  SwapRunResult result;
  Nanoseconds time{};
  bool closed = true;  ///< persistent objects are as they were at the beginning
};

/// A plan does; what is made good on demand may not.
bool ends_as_it_began(SwapHarness& harness, const AccessProgram& program, const SwapRunOptions& options) {
  const SwapInfo& info = find_row(swaps(), "swap policy", options.policy);
  OptionValues values(info.name, info.options);
  for (const auto& [name, text] : options.options) values.set(name, text, "test");
  const SwapPlan plan = info.plan(values, program, options.machine);
  std::vector<bool> away(program.objects.size());
  for (const PlannedAbsence& absence : plan.absences)
    if (absence.from_the_beginning) away[absence.object] = true;
  for (std::uint32_t object = 0; object < away.size(); ++object)
    if (program.objects[object].persistent() &&
        (harness.swapper().state(ObjectId(object)) == SwapState::away) != away[object])
      return false;
  return true;
}

Measured run(const MachineModel& model, const SwapScript& script, const SwapRunOptions& options) {
  const auto device = make_simulated_device(model);
  SwapHarness harness(*device, script, options);
  const Nanoseconds begin = device->now();
  SwapRunResult result = harness.run();
  const Nanoseconds time = result.time - begin;
  Measured measured{std::move(result), time};
  if (options.policy == "planned" && !measured.result.lacked_memory)
    measured.closed = ends_as_it_began(harness, program_of(script), options);
  return measured;
}

/// What is there before the stretch has to fit: what leaves before it begins would cost nothing.
Bytes there_before(const AccessProgram& program) {
  Bytes sum{};
  for (const ProgramObject& object : program.objects)
    if (object.before) sum += object.bytes;
  return sum;
}

std::string drawn_policy() {
  std::vector<std::string> names;
  for (const SwapInfo& info : swaps())
    if (info.make != nullptr) names.emplace_back(info.name);
  return names[pick<std::size_t>(0, names.size())];
}

SwapRunOptions drawn_options(const std::string& policy, const AccessProgram& program, const SwapMachine& machine) {
  const Bytes most = *std::ranges::max_element(program.load);
  const Bytes least = std::min(most, std::max(working_set(program, largest_operator(program)), there_before(program)));
  SwapRunOptions options = testing::small_machine(policy, {});
  options.machine = machine;
  options.machine.limit = least + (most - least) / 8 * pick<std::uint64_t>(0, 9);
  const SwapInfo& info = find_row(swaps(), "swap policy", options.policy);
  const OptionValues values(info.name, info.options);
  if (values.has("min_swap")) options.options.emplace_back("min_swap", "4096");
  if (values.has("effort")) options.options.emplace_back("effort", "2000");
  if (values.has("overhead")) options.options.emplace_back("overhead", pick_bool() ? "1" : "0.05");
  return options;
}

std::string text_of(const MachineModel& model) {
  const CallCosts& c = model.calls;
  return fmt::format("queue {} launch {} record {} wait {} transfer {} gap {} floor {} record gap {} handover {}\n",
                     c.launch_queue, c.launch.value, c.record.value, c.wait.value, c.transfer.value, c.launch_gap.value,
                     c.launch_floor.value, c.record_gap.value, c.handover.value);
}

std::string text_of(const AccessProgram& program) {
  std::string text;
  for (std::uint32_t slot = 0; slot < program.slots(); ++slot)
    text += fmt::format("{}:{}+{} ", slot, program.begin[slot].value, (program.end[slot] - program.begin[slot]).value);
  for (const ProgramObject& object : program.objects) {
    text += fmt::format("\nobject of {} in [{}, {}){}:", object.bytes.value, object.birth, object.death,
                        object.before ? " before" : "");
    for (const Access access : object.accesses) text += fmt::format(" {}{}", access.writes ? "w" : "r", access.slot);
  }
  return text + '\n';
}

std::string text_of(const SwapMachine& machine) {
  const SwapLink& link = machine.link(Tier::host);
  return fmt::format("out {} + {} in {} + {} both {} codec {} {} {}\n", link.out.latency.value,
                     link.out.bytes_per_second, link.in.latency.value, link.in.bytes_per_second,
                     link.duplex_bytes_per_second, machine.codec.ratio_per_mille,
                     machine.codec.compress_bytes_per_second, machine.codec.decompress_bytes_per_second);
}

std::uint64_t runs_that_swapped = 0;

void check_drawn_run() {
  // Of runs that follow a plan most is asked.
  const std::string policy = pick_bool() ? "planned" : drawn_policy();
  const SwapScript script = DrawnScript(policy == "planned" && pick_bool()).take();
  SwapMachine machine;
  const MachineModel model = drawn_model(machine);
  const AccessProgram program = timed_program(script, model.calls);
  RC_PRE(program.duration > 0_ns && *std::ranges::max_element(program.load) > Bytes(0));
  const SwapRunOptions options = drawn_options(policy, program, machine);
  const Measured measured = run(model, script, options);
  RC_PRE(!measured.result.lacked_memory && measured.closed);  // first fit has holes
  RC_ASSERT(measured.time >= program.duration);
  const auto duration = static_cast<double>(program.duration.value);
  const BoundRequest request{.max_overhead = static_cast<double>(measured.time.value) / duration - 1 + 1e-9,
                             .min_swap = 4_KiB,
                             .moments = pick(1U, 40U),
                             .pauses_absorb = true,
                             .launch_gap = model.calls.launch_gap,
                             .launch = model.calls.launch,
                             .transfer = model.calls.transfer};
  const SwapBound bound = swap_bound(program, machine, request);
  if (measured.result.stats.outs > 0) ++runs_that_swapped;
  RC_LOG(fmt::format("{} at {} of {}: peak {}, bound {}, overhead {}\n", options.policy, options.machine.limit.value,
                     bound.max_load.value, measured.result.peak.value, bound.load.value, request.max_overhead) +
         text_of(program) + text_of(model) + text_of(machine) +
         fmt::format("{}\n", fmt::join(measured.result.moves, ", ")));
  RC_ASSERT(bound.optimal);
  RC_ASSERT(bound.load <= measured.result.peak);
}

TEST(BoundOfRuns, WithoutALimitTheProgramTakesItsOwnTime) {
  EXPECT_TRUE(holds_for(100, [] {
    const SwapScript script = DrawnScript(pick_bool()).take();
    SwapMachine machine;
    MachineModel model = drawn_model(machine);
    model.calls.launch_queue = 1024;
    const AccessProgram program = timed_program(script, model.calls);
    const SwapRunOptions options = testing::small_machine("none", 1_GiB);
    RC_ASSERT(run(model, script, options).time == program.duration);
  }));
}

TEST(BoundOfRuns, NoRunHoldsLess) {
  runs_that_swapped = 0;
  EXPECT_TRUE(holds_for(300, check_drawn_run));
  EXPECT_GT(runs_that_swapped, 50U);
}

}  // namespace
}  // namespace vramlab
