// The probe is judged on the simulated device, whose figures are known: it must find them again.

#include "sim/machine_probe.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "engine/core/error.h"
#include "sim/fit.h"
#include "sim/machine_writer.h"
#include "sim/simulated_device.h"

namespace vramlab {
namespace {

// What the verb knows before it measures.
MachineModel unmeasured(const MachineModel& machine) {
  MachineModel bare;
  bare.name = "probed";
  bare.description = machine.description;
  bare.source = "a simulated device";
  bare.gpus = machine.gpus;
  bare.device_memory = machine.device_memory;
  bare.page_granularity = machine.page_granularity;
  return bare;
}

MachineModel with_gap(const std::string& name) {
  MachineModel machine = load_machine(name);
  machine.calls.launch_gap = 1'300_ns;
  machine.calls.launch_floor = 2'100_ns;
  machine.calls.record_gap = 3'170_ns;
  machine.calls.handover = 5'430_ns;
  return machine;
}

ProbeResult probe(const MachineModel& machine, const ProbeOptions& options = {}) {
  const auto device = make_simulated_device(machine);
  return probe_machine(*device, unmeasured(machine), options);
}

double off(Nanoseconds a, Nanoseconds b) {
  return std::abs(static_cast<double>(a.value) / static_cast<double>(b.value) - 1);
}

void expect_link(const LinkDirection& found, const LinkDirection& real, const char* name) {
  for (const Bytes bytes : {64_KiB, 10_MiB, 1_GiB})
    EXPECT_LT(off(link_time(found, bytes), link_time(real, bytes)), 0.005) << name << " " << bytes.value;
}

TEST(MachineProbe, FindsTheCallsOfTheMachineItRunsOn) {
  const CallCosts real = with_gap("h200").calls;
  const CallCosts found = probe(with_gap("h200")).machine.calls;
  EXPECT_EQ(found.launch_queue, real.launch_queue);
  EXPECT_EQ(found.launch, real.launch);
  EXPECT_EQ(found.record, real.record);
  EXPECT_EQ(found.wait, real.wait);
  EXPECT_EQ(found.transfer, real.transfer);
  EXPECT_EQ(found.range_reserve, real.range_reserve);
  EXPECT_EQ(found.range_release, real.range_release);
  EXPECT_EQ(found.launch_gap, real.launch_gap);
  EXPECT_EQ(found.launch_floor, real.launch_floor);
  EXPECT_EQ(found.record_gap, real.record_gap);
  EXPECT_NEAR(static_cast<double>(found.handover.value), static_cast<double>(real.handover.value), 5);
}

TEST(MachineProbe, FindsTheCostsBySize) {
  const CallCosts real = load_machine("h200").calls;
  const CallCosts found = probe(load_machine("h200")).machine.calls;
  const auto expect_at = [&](CostCurve CallCosts::* curve, std::initializer_list<Bytes> sizes) {
    for (const Bytes bytes : sizes) {
      EXPECT_NEAR(static_cast<double>((found.*curve).at(bytes).value),
                  static_cast<double>((real.*curve).at(bytes).value), 1.0)
          << bytes.value;
    }
  };
  expect_at(&CallCosts::segment_take, {64_KiB, 2_MiB, 20_MiB, 256_MiB, 1_GiB, 4_GiB});
  expect_at(&CallCosts::segment_return, {64_KiB, 2_MiB, 20_MiB, 256_MiB, 1_GiB, 4_GiB});
  expect_at(&CallCosts::page_create, {2_MiB, 20_MiB, 256_MiB, 1_GiB});
  expect_at(&CallCosts::page_destroy, {2_MiB, 20_MiB, 256_MiB, 1_GiB});
  expect_at(&CallCosts::map, {2_MiB, 20_MiB, 256_MiB, 1_GiB});
  expect_at(&CallCosts::unmap, {2_MiB, 20_MiB, 256_MiB, 1_GiB});
  expect_at(&CallCosts::pin, {64_KiB, 2_MiB, 20_MiB, 256_MiB, 1_GiB});
  expect_at(&CallCosts::unpin, {64_KiB, 2_MiB, 20_MiB, 256_MiB, 1_GiB});
}

TEST(MachineProbe, FindsWhatACallOverPagesCostsBesideThem) {
  MachineModel machine = load_machine("h200");
  machine.calls.page_create_call = 1'500_ns;
  machine.calls.page_destroy_call = 2'500_ns;
  machine.calls.map_call = 12'000_ns;
  machine.calls.unmap_call = 900_ns;
  const CallCosts& real = machine.calls;
  const CallCosts found = probe(machine).machine.calls;
  for (const auto call :
       {&CallCosts::page_create_call, &CallCosts::page_destroy_call, &CallCosts::map_call, &CallCosts::unmap_call})
    EXPECT_NEAR(static_cast<double>((found.*call).value), static_cast<double>((real.*call).value), 1.0);
  for (const auto curve : {&CallCosts::page_create, &CallCosts::page_destroy, &CallCosts::map, &CallCosts::unmap})
    for (const Bytes bytes : {2_MiB, 20_MiB, 256_MiB, 1_GiB})
      EXPECT_NEAR(static_cast<double>((found.*curve).at(bytes).value),
                  static_cast<double>((real.*curve).at(bytes).value), 1.0);
}

TEST(MachineProbe, FindsWhetherPinnedMemoryIsKept) {
  EXPECT_FALSE(probe(load_machine("h200")).machine.calls.pin_reuse.has_value());
  MachineModel keeping = load_machine("h200");
  keeping.calls.pin_reuse = 400_ns;
  keeping.calls.unpin = {{{Bytes(0), 250_ns}}};
  const CallCosts found = probe(keeping).machine.calls;
  EXPECT_EQ(found.pin_reuse, 400_ns);
  EXPECT_EQ(found.unpin.at(20_MiB), 250_ns);
  EXPECT_EQ(found.pin.at(20_MiB), keeping.calls.pin.at(20_MiB));
}

TEST(MachineProbe, FindsTheLinks) {
  const MachineModel real = load_machine("h200-x2");
  const MachineModel found = probe(real, {.peer = true}).machine;
  expect_link(found.host_link.out, real.host_link.out, "out");
  expect_link(found.host_link.in, real.host_link.in, "in");
  expect_link(found.peer_link.out, real.peer_link.out, "peer out");
  expect_link(found.peer_link.in, real.peer_link.in, "peer in");
  expect_link(found.device_copy, real.device_copy, "copy");
  expect_link(found.disk_write, real.disk_write, "write");
  expect_link(found.disk_read, real.disk_read, "read");
  const auto total = [](const LinkModel& link) { return static_cast<double>(link.duplex_bytes_per_second); };
  EXPECT_NEAR(total(found.host_link) / total(real.host_link), 1, 0.005);
  EXPECT_NEAR(total(found.peer_link) / total(real.peer_link), 1, 0.005);
}

TEST(MachineProbe, PredictsWhatItDidNotFit) {
  for (const bool quick : {false, true}) {
    int held_out = 0;
    for (const ProbeRow& row : probe(with_gap("h200"), {.quick = quick}).rows) {
      EXPECT_GT(row.measured, 0_ns) << row.figure;
      if (!row.held_out) continue;
      ++held_out;
      EXPECT_LT(off(row.predicted, row.measured), 0.01) << row.figure;
    }
    EXPECT_EQ(held_out, 11);
  }
}

// A model in which nothing is as on the device: the check must say so.
TEST(MachineProbe, APredictionThatDoesNotHoldShows) {
  MachineModel jumpy = load_machine("h200");
  jumpy.calls.segment_take = {
      {{Bytes(0), 10_us}, {20_MiB, 10_us}, {21_MiB, 900_us}, {47_MiB, 900_us}, {48_MiB, 10_us}, {4_GiB, 20_us}}};
  double worst = 0;
  for (const ProbeRow& row : probe(jumpy).rows)
    if (row.held_out) worst = std::max(worst, off(row.predicted, row.measured));
  EXPECT_GT(worst, 0.5);
}

TEST(MachineProbe, GivesEverythingBack) {
  const auto device = make_simulated_device(load_machine("h200"));
  probe_machine(*device, unmeasured(load_machine("h200")), {.quick = true});
  EXPECT_TRUE(
      device->take_segment(SegmentId(10'000'000), Tier::device, load_machine("h200").device_memory, StreamId(0)));
}

TEST(MachineProbe, AFailureOfTheDeviceIsTold) {
  MachineModel broken = load_machine("h200");
  const auto device = make_simulated_device(broken);
  device->take_segment(SegmentId(5), Tier::device, 1_MiB, StreamId(0));  // not fresh: an id is in use
  EXPECT_THROW(probe_machine(*device, unmeasured(broken), {.quick = true}), DeviceError);
}

TEST(MachineProbe, SaysWhatItLacksOnASmallDevice) {
  const MachineModel machine = load_machine("h200");
  const auto device = make_simulated_device(machine, 100_MiB);
  EXPECT_THROW(probe_machine(*device, unmeasured(machine), {.quick = true}), OutOfMemory);
}

TEST(MachineProbe, WhatItFindsCanBeWrittenAndRead) {
  const MachineModel found = probe(load_machine("h200-x2"), {.quick = true, .peer = true}).machine;
  EXPECT_EQ(parse_machine(machine_to_yaml(found), "probed.yaml"), found);
}

TEST(MachineProbe, TellsEachPartOnce) {
  std::multiset<std::string> told;
  double last = -1;
  probe(load_machine("h200"), {.quick = true, .progress = [&](double fraction, std::string_view part) {
                                 EXPECT_GT(fraction, last);
                                 EXPECT_LT(fraction, 1);
                                 last = fraction;
                                 told.insert(std::string(part));
                               }});
  EXPECT_EQ(told.size(), 13u);
  EXPECT_EQ(told.count("disk"), 1u);
}

}  // namespace
}  // namespace vramlab
