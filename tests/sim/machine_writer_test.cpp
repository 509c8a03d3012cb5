#include "sim/machine_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "engine/core/error.h"
#include "properties.h"
#include "small_machine.h"

namespace vramlab {
namespace {

using ::testing::HasSubstr;
using testing::holds_for;
using ::testing::Not;
using testing::pick;
using testing::pick_bool;
using testing::small_machine;

TEST(MachineWriter, EveryBuiltInModelIsReadBackIdentically) {
  for (const std::string_view name : machine_names()) {
    const MachineModel machine = load_machine(std::string(name));
    EXPECT_EQ(parse_machine(machine_to_yaml(machine), "written.yaml"), machine) << name;
  }
}

Nanoseconds drawn_cost() { return Nanoseconds(pick<std::int64_t>(0, 60'000'000'000)); }

// The last two points decide about all larger sizes: beyond any other, the end does not rise.
CostCurve drawn_curve() {
  CostCurve curve;
  std::uint64_t bytes = pick_bool() ? 0 : pick<std::uint64_t>(1, 1 << 20);
  for (int points = pick(1, 6); points > 0; --points) {
    curve.points.push_back({Bytes(bytes), drawn_cost()});
    bytes += pick_bool() ? pick<std::uint64_t>(1, 1 << 30) : pick<std::uint64_t>(1, 1 << 10) << 20;
  }
  if (curve.points.size() > 1) curve.points.back().cost = curve.points[curve.points.size() - 2].cost;
  return curve;
}

LinkDirection drawn_direction() { return {drawn_cost(), pick<std::uint64_t>(1'000'000, 1'000'000'000'000)}; }

LinkModel drawn_link() {
  LinkModel link{drawn_direction(), drawn_direction(), 0};
  const auto [slower, faster] = std::minmax(link.out.bytes_per_second, link.in.bytes_per_second);
  link.duplex_bytes_per_second = faster + pick<std::uint64_t>(0, slower + 1);
  return link;
}

std::string drawn_text() { return "m" + *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127)); }

MachineModel drawn_machine() {
  MachineModel machine;
  machine.name = drawn_text();
  machine.description = drawn_text();
  machine.source = drawn_text();
  machine.gpus = pick(1u, 65u);
  machine.device_memory = Bytes(pick<std::uint64_t>(1, max_object_bytes.value));
  machine.page_granularity = Bytes(pick<std::uint64_t>(4096, 1 << 30));
  CallCosts& calls = machine.calls;
  calls.launch_queue = pick(1u, 1u << 20);
  for (CostCurve* curve : {&calls.segment_take, &calls.segment_return, &calls.page_create, &calls.page_destroy,
                           &calls.map, &calls.unmap, &calls.pin, &calls.unpin})
    *curve = drawn_curve();
  for (Nanoseconds* cost :
       {&calls.range_reserve, &calls.range_release, &calls.launch, &calls.record, &calls.wait, &calls.transfer,
        &calls.launch_gap, &calls.launch_floor, &calls.page_create_call, &calls.page_destroy_call, &calls.map_call,
        &calls.unmap_call, &calls.record_gap, &calls.handover})
    *cost = drawn_cost();
  if (pick_bool()) calls.pin_reuse = drawn_cost();
  machine.host_link = drawn_link();
  if (machine.gpus > 1) machine.peer_link = drawn_link();
  machine.disk_write = drawn_direction();
  machine.disk_read = drawn_direction();
  machine.device_copy = drawn_direction();
  return machine;
}

TEST(MachineWriter, AnyModelIsReadBackIdentically) {
  EXPECT_TRUE(holds_for(300, [] {
    const MachineModel machine = drawn_machine();
    RC_ASSERT(parse_machine(machine_to_yaml(machine), "written.yaml") == machine);
  }));
}

TEST(MachineWriter, CommentsStandAboveAndChangeNothing) {
  const std::string comments[] = {"measured on a Saturday", "", "name: another"};
  const std::string yaml = machine_to_yaml(small_machine(), comments);
  EXPECT_THAT(yaml, ::testing::StartsWith("# measured on a Saturday\n#\n# name: another\nname: \"small\"\n"));
}

TEST(MachineWriter, RefusesWhatTheReaderWould) {
  const auto error_of = [](const MachineModel& machine) -> std::string {
    try {
      machine_to_yaml(machine);
    } catch (const ConfigError& e) {
      return e.what();
    }
    return "no error";
  };
  MachineModel no_link = small_machine();
  no_link.host_link.in.bytes_per_second = 0;
  EXPECT_THAT(error_of(no_link), HasSubstr("host_link has no bandwidth"));
  MachineModel no_points = small_machine();
  no_points.calls.map.points.clear();
  EXPECT_THAT(error_of(no_points), HasSubstr("without points"));
}

TEST(MachineWriter, FiguresThatModelsMayLackAreNothing) {
  const MachineModel h200 = load_machine("h200");
  EXPECT_EQ(h200.calls.launch_gap, 0_ns);
  EXPECT_EQ(h200.calls.launch_floor, 0_ns);
  EXPECT_EQ(h200.calls.map_call, 0_ns);
}

}  // namespace
}  // namespace vramlab
