#pragma once
// A machine whose figures are round: a byte takes a nanosecond on a link, and calls take powers of ten.

#include "sim/machine.h"

namespace vramlab::testing {

inline MachineModel small_machine() {
  const auto fixed = [](std::int64_t ns) { return CostCurve{{{Bytes(0), Nanoseconds(ns)}}}; };
  constexpr std::uint64_t byte_a_ns = 1'000'000'000;
  MachineModel machine;
  machine.name = "small";
  machine.gpus = 2;
  machine.device_memory = 64_MiB;
  machine.page_granularity = 2_MiB;
  machine.calls = {.launch_queue = 3,
                   .segment_take = fixed(1000),
                   .segment_return = fixed(2000),
                   .page_create = fixed(300),
                   .page_destroy = fixed(400),
                   .map = fixed(500),
                   .unmap = fixed(600),
                   .range_reserve = 7_ns,
                   .range_release = 8_ns,
                   .launch = 10_ns,
                   .record = 1_ns,
                   .wait = 2_ns,
                   .transfer = 4_ns,
                   .pin = fixed(5000),
                   .unpin = fixed(6000)};
  machine.host_link = {{100_ns, byte_a_ns}, {200_ns, byte_a_ns}, byte_a_ns * 3 / 2};
  machine.peer_link = {{50_ns, 2 * byte_a_ns}, {50_ns, 2 * byte_a_ns}, 4 * byte_a_ns};
  machine.disk_write = {0_ns, byte_a_ns / 10};
  machine.disk_read = {0_ns, byte_a_ns / 5};
  machine.device_copy = {20_ns, 10 * byte_a_ns};
  return machine;
}

}  // namespace vramlab::testing
