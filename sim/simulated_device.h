#pragma once
// The simulated device: a virtual clock, capacity, streams, links and call costs after a MachineModel. It carries out
// commands and answers the run; it decides nothing.

#include <memory>

#include "engine/device/device.h"
#include "sim/machine.h"

namespace vramlab {

/// `physical_memory` is what the device really has (may be smaller than the model's, to provoke refusals).
std::unique_ptr<RunnableDevice> make_simulated_device(const MachineModel& machine, Bytes physical_memory);
std::unique_ptr<RunnableDevice> make_simulated_device(const MachineModel& machine);

}  // namespace vramlab
