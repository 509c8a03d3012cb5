// Any text is a machine, or one ConfigError; a machine can be asked for every cost.

#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/core/error.h"
#include "sim/machine.h"
#include "sim/simulated_device.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vramlab;
  try {
    const MachineModel machine = parse_machine(std::string(reinterpret_cast<const char*>(data), size), "fuzz.yaml");
    for (const Bytes bytes : {Bytes(0), Bytes(1), 2_MiB, max_object_bytes}) {
      if (machine.calls.segment_take.at(bytes) < Nanoseconds(0)) __builtin_trap();
      if (machine.calls.unpin.at(bytes) < Nanoseconds(0)) __builtin_trap();
    }
    const auto device = make_simulated_device(machine);
    if (!device->take_segment(SegmentId(0), Tier::host, 1_GiB, StreamId(0))) __builtin_trap();
    if (!device->take_segment(SegmentId(1), Tier::device, Bytes(1), StreamId(0))) __builtin_trap();
    device->transfer(TokenId(0), {{SegmentId(0), Tier::host, 1_MiB}, {SegmentId(1), Tier::device, {}}, Bytes(1)}, {});
    device->synchronize(TokenId(0));
  } catch (const ConfigError&) {
  }
  return 0;
}
