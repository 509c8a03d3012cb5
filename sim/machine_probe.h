#pragma once
// Measures a device and fits a machine model to it, so that the simulator can predict that device: what its calls cost
// the host, what its links take, what an operator takes beside its work. It commands the device as a policy does.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/device/device.h"
#include "sim/machine.h"

namespace vramlab {

struct ProbeOptions {
  bool quick = false;  ///< fewer rounds, nothing above 256 MiB
  bool peer = false;   ///< the device has a peer tier
  /// Called before each part: what of the whole is done, and what comes.
  std::function<void(double fraction, std::string_view part)> progress = [](double, std::string_view) {};
};

/// One measurement beside what the model says. Of calls over several things, both are of all of them.
struct ProbeRow {
  std::string figure;       ///< as in the model's YAML: "host_link.out"
  Bytes bytes{};            ///< of each thing; 0: none
  std::uint64_t count = 1;  ///< things at once
  Nanoseconds measured{};
  Nanoseconds predicted{};
  bool held_out = false;  ///< not fitted: predicted by the simulated device
};

struct ProbeResult {
  MachineModel machine;
  std::vector<ProbeRow> rows;
};

/// `machine` says what is not measured: name, description, source, gpus, memory and granularity. The device must be
/// idle and fresh: ids begin at 0. Everything taken is given back. Throws OutOfMemory where the device's memory does
/// not suffice, FitError where what was measured fits no model, and what the device throws.
ProbeResult probe_machine(RunnableDevice& device, MachineModel machine, const ProbeOptions& options = {});

}  // namespace vramlab
