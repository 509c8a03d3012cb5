#pragma once
// A machine model as the YAML that load_machine() reads back identically.

#include <span>
#include <string>

#include "sim/machine.h"

namespace vramlab {

/// `comments` stand above it, one a line. Throws ConfigError where the reader would not take the model: a curve without
/// points or a host link without bandwidth.
std::string machine_to_yaml(const MachineModel& machine, std::span<const std::string> comments = {});

}  // namespace vramlab
